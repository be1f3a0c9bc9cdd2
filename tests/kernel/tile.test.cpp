// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/packed_matrix.hpp>
#include <upset/kernel/tile.hpp>

using namespace upset;
using upset::test::Values;

namespace {

constexpr std::size_t tile_row_count = 3;
constexpr std::size_t tile_columns = panel_columns / 2;

// Sums of a tile of small integers that are not those of a plain loop, over two segments of
// `length` steps.
template <class T>
std::size_t wrong_tile_sums(std::size_t length, std::size_t left_out) {
  using Sum = typename Op<T, T>::Sum;
  Values draw(static_cast<std::uint32_t>(length));
  const std::array<std::size_t, 2> offsets{1, 2 + length};
  const std::array<std::size_t, tile_row_count> bases{0, 5, 2};
  std::vector<T> x(2 * length + 40);
  for (T& value : x) {
    value = static_cast<T>(static_cast<int>(draw.below(21)) - 10);
  }
  PackedMatrix<T> weights;
  weights.resize(tile_columns, offsets.size(), length);
  weights.for_each([&](std::size_t, std::size_t, T& weight) {
    weight = static_cast<T>(static_cast<int>(draw.below(21)) - 10);
  });
  alignas(detail::vector_bytes) detail::Tile<Sum, 1, tile_row_count, tile_columns> tile;
  const detail::Rows<T, tile_row_count> rows{x.data(), bases.data()};
  const detail::TileSums<decltype(tile)> take{tile};
  const auto part = weights.part(0, left_out, length - left_out);
  const T* const from = weights.panel(0) + part.first_weight * tile_columns;
  const detail::WeightSteps steps{0, part.weight_gap * tile_columns};
  if constexpr (detail::folds<T>) {
    if (weights.is_folded()) {
      detail::add_folded_products<tile_columns, 1, Sum, false>(rows, offsets, length - left_out,
                                                               from, steps, take, 1);
    }
  }
  if (!weights.is_folded()) {
    detail::add_products<tile_columns, 1, Sum>(rows, offsets, length - left_out, from, steps, take,
                                               1);
  }
  std::size_t wrong = 0;
  for (std::size_t m = 0; m < tile_row_count; ++m) {
    for (std::size_t n = 0; n < tile_columns; ++n) {
      double sum = 0;
      for (std::size_t k = 0; k < 2 * length; ++k) {
        if (k % length >= left_out) {
          sum += static_cast<double>(x[bases[m] + offsets[k / length] + k % length - left_out]) *
                 static_cast<double>(weights.at(n, k));
        }
      }
      wrong += static_cast<double>(tile[0][m][n]) == sum ? 0U : 1U;
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE_TEMPLATE("tiles: sums of any length are those of a plain loop", T, float, double,
                   std::int16_t) {
  if constexpr (!std::is_same_v<T, std::int16_t> || detail::has_short_dot) {
    for (std::size_t length = 1; length < 20; ++length) {
      CAPTURE(length);
      constexpr std::size_t unit = PackedMatrix<T>::part_unit;
      for (std::size_t left_out = 0; left_out < length; left_out += unit) {
        CHECK(wrong_tile_sums<T>(length, left_out) == 0);
      }
    }
  }
}
