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
  matrix.resize(3, 2, 5);  // 3 rows, two segments of 5 bytes: 2 words each
  CHECK(matrix.depth() == 10);
  CHECK(matrix.panel_size() == 2 * 8 * 8);
  for (std::size_t n = 0; n < 3; ++n) {
    for (std::size_t k = 0; k < 10; ++k) {
      matrix.at(n, k) = static_cast<std::int8_t>(10 * n + k + 1);
    }
  }
  std::size_t wrong = 0;
  for (std::size_t word = 0; word < 4; ++word) {
    for (std::size_t n = 0; n < 8; ++n) {
      for (std::size_t byte = 0; byte < 4; ++byte) {
        const std::size_t within = word % 2 * 4 + byte;
        const std::size_t right = n < 3 && within < 5 ? 10 * n + word / 2 * 5 + within + 1 : 0;
        wrong += matrix.panel(0)[(word * 8 + n) * 4 + byte] == static_cast<int>(right) ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
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
