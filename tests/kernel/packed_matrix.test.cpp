// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>

#include <doctest/doctest.h>

#include <upset/kernel/packed_matrix.hpp>

using namespace upset;

TEST_CASE("PackedMatrix: keeps rows in panels of 16, and rows beyond the last are zero") {
  PackedMatrix<float> matrix(19, 3);
  CHECK(matrix.rows() == 19);
  CHECK(matrix.depth() == 3);
  CHECK(matrix.panels() == 2);
  for (std::size_t n = 0; n < 19; ++n) {
    for (std::size_t k = 0; k < 3; ++k) {
      matrix.at(n, k) = static_cast<float>(10 * n + k + 1);
    }
  }
  std::size_t wrong = 0;
  for (std::size_t p = 0; p < 2; ++p) {
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t column = 0; column < panel_columns; ++column) {
        const std::size_t n = p * panel_columns + column;
        const float right = n < 19 ? static_cast<float>(10 * n + k + 1) : 0.0F;
        wrong += matrix.panel(p)[k * panel_columns + column] == right ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("PackedMatrix: four bytes of a row share a word, and each segment begins one") {
  PackedMatrix<std::int8_t> matrix;
  matrix.resize(19, 2, 5);  // 2 panels, two segments of 5 bytes: 2 words each
  CHECK(matrix.depth() == 10);
  CHECK(matrix.panel_size() == 2 * 8 * 16);
  for (std::size_t n = 0; n < 19; ++n) {
    for (std::size_t k = 0; k < 10; ++k) {
      matrix.at(n, k) = static_cast<std::int8_t>((10 * n + k) % 127 + 1);
    }
  }
  std::size_t wrong = 0;
  std::size_t zeros = 0;
  // of a row, words side by side: one, or two where panels are folded
  const std::size_t unit = matrix.is_folded() ? 8 : 4;
  for (std::size_t at = 0; at < 2 * matrix.panel_size(); ++at) {
    zeros += matrix.panel(0)[at] == 0 ? 1U : 0U;
  }
  CHECK(zeros == 2 * matrix.panel_size() - 19 * 10);
  for (std::size_t n = 0; n < 19; ++n) {
    // the first value of a row tells where the row lies in its panel
    const auto* const panel = matrix.panel(n / 16);
    std::size_t place = 0;
    while (panel[place * unit] != static_cast<int>(10 * n % 127 + 1)) {
      ++place;
    }
    CHECK(place < 16);
    for (std::size_t k = 0; k < 10; ++k) {
      const std::size_t padded = k / 5 * 8 + k % 5;
      const int value = panel[padded / unit * unit * 16 + place * unit + padded % unit];
      wrong += value == static_cast<int>((10 * n + k) % 127 + 1) ? 0U : 1U;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("PackedMatrix: two words of a row lie side by side where vectors hold a panel") {
  PackedMatrix<std::int8_t> matrix;
  matrix.resize(7, 1, 10);  // two units of 8 bytes, the second one padded
  if (!matrix.is_folded()) {
    return;  // vectors too short for it
  }
  CHECK(matrix.panel_size() == 2 * 8 * 8);
  matrix.at(1, 4) = 5;
  matrix.at(1, 9) = 9;
  CHECK(matrix.panel(0)[8 + 4] == 5);
  CHECK(matrix.panel(0)[64 + 8 + 1] == 9);
  PackedMatrix<float> odd(7, 9);  // a ninth float would have a neighbour that is none of its row
  CHECK(!odd.is_folded());
}

TEST_CASE("PackedMatrix: for_each visits what at() gives, row by row") {
  PackedMatrix<std::int8_t> matrix;
  matrix.resize(19, 3, 6);
  std::size_t visited = 0;
  std::size_t wrong = 0;
  matrix.for_each([&](std::size_t row, std::size_t k, std::int8_t& value) {
    wrong += row * 18 + k == visited && &value == &matrix.at(row, k) ? 0U : 1U;
    ++visited;
  });
  CHECK(wrong == 0);
  CHECK(visited == std::size_t{19} * 18);
}

TEST_CASE("PackedMatrix: resizing forgets the values") {
  PackedMatrix<double> matrix(2, 2);
  matrix.at(1, 1) = 5;
  matrix.resize(2, 1, 2);
  CHECK(matrix.at(1, 1) == 0.0);
  CHECK(PackedMatrix<double>().panels() == 0);
}
