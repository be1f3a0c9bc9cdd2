// SPDX-License-Identifier: BSL-1.0
#include <vector>

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

TEST_CASE("PackedMatrix: a column is set for all rows at once") {
  PackedMatrix<float> by_column(19, 2);
  PackedMatrix<float> by_value(19, 2);
  for (std::size_t k = 0; k < 2; ++k) {
    std::vector<float> column;
    for (std::size_t n = 0; n < 19; ++n) {
      column.push_back(static_cast<float>(n) - 7.0F * static_cast<float>(k));
      by_value.at(n, k) = column.back();
    }
    by_column.set_column(k, column);
  }
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < 2 * 2 * panel_columns; ++i) {
    wrong += by_column.panel(0)[i] == by_value.panel(0)[i] ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("PackedMatrix: resizing forgets the values") {
  PackedMatrix<double> matrix(2, 2);
  matrix.at(1, 1) = 5;
  matrix.resize(2, 2);
  CHECK(matrix.at(1, 1) == 0.0);
  CHECK(PackedMatrix<double>().panels() == 0);
}
