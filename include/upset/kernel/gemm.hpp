// SPDX-License-Identifier: BSL-1.0
/// One matrix product for every format: rows of operands against packed columns of weights.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace upset {

namespace detail {

// The widest float vector of the target; fixed-size vectors keep the accumulators in registers,
// where plain arrays depend on the auto-vectoriser (3x slower at some tile sizes).
#if defined(__AVX512F__)
inline constexpr std::size_t vector_floats = 16;
inline constexpr std::size_t tile_rows = 12;
#elif defined(__AVX__)
inline constexpr std::size_t vector_floats = 8;
inline constexpr std::size_t tile_rows = 6;
#else
inline constexpr std::size_t vector_floats = 4;
inline constexpr std::size_t tile_rows = 3;
#endif
using FloatVector __attribute__((vector_size(vector_floats * sizeof(float)), aligned(4), may_alias)) =
    float;

}  // namespace detail

/// Output columns that are computed together; packed weights are padded to a multiple of it.
inline constexpr std::size_t panel_columns = 16;

/// A [N, K] matrix stored for the inner loop: panels of 16 rows, K outer, the 16 values of one k
/// side by side. Rows beyond N are zero.
class PackedMatrix {
 public:
  PackedMatrix() = default;
  PackedMatrix(std::size_t rows, std::size_t depth) { resize(rows, depth); }

  void resize(std::size_t rows, std::size_t depth) {
    rows_ = rows;
    depth_ = depth;
    values_.assign(panels() * depth * panel_columns, 0.0F);
  }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t depth() const { return depth_; }
  [[nodiscard]] std::size_t panels() const { return (rows_ + panel_columns - 1) / panel_columns; }
  [[nodiscard]] float& at(std::size_t row, std::size_t k) { return values_[index(row, k)]; }
  [[nodiscard]] float at(std::size_t row, std::size_t k) const { return values_[index(row, k)]; }
  [[nodiscard]] const float* panel(std::size_t p) const {
    return values_.data() + p * depth_ * panel_columns;
  }

 private:
  [[nodiscard]] std::size_t index(std::size_t row, std::size_t k) const {
    return (row / panel_columns * depth_ + k) * panel_columns + row % panel_columns;
  }

  std::size_t rows_ = 0;
  std::size_t depth_ = 0;
  std::vector<float> values_;
};

/// A row of K operands as equal segments at fixed offsets from a base: a dense row is one segment, a
/// row of a convolution one per kernel row or tap. No operand is ever copied into columns.
struct Segments {
  std::span<const std::size_t> offsets;
  std::size_t length = 0;

  [[nodiscard]] std::size_t depth() const { return offsets.size() * length; }
};

namespace detail {

using Tile = std::array<float, tile_rows * panel_columns>;

// One tile of `tile_rows` x 16 sums. Each sum runs over k upwards with one multiply-add per step, so
// a result depends on its own row and column alone, never on the tile it was computed in.
[[gnu::noinline]] inline void multiply_tile(const std::array<const float*, tile_rows>& rows,
                                            const Segments& segments, const float* weights,
                                            Tile& tile) {
  constexpr std::size_t vectors = panel_columns / vector_floats;
  FloatVector sums[tile_rows][vectors] = {};
  for (const std::size_t offset : segments.offsets) {
    for (std::size_t k = 0; k < segments.length; ++k) {
      FloatVector column[vectors];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < vectors; ++v) {
        column[v] = *reinterpret_cast<const FloatVector*>(weights + v * vector_floats);
      }
#pragma GCC unroll 16
      for (std::size_t m = 0; m < tile_rows; ++m) {
        const float x = rows[m][offset + k];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < vectors; ++v) {
          sums[m][v] += x * column[v];
        }
      }
      weights += panel_columns;
    }
  }
  for (std::size_t m = 0; m < tile_rows; ++m) {
    for (std::size_t v = 0; v < vectors; ++v) {
      *reinterpret_cast<FloatVector*>(tile.data() + m * panel_columns + v * vector_floats) =
          sums[m][v];
    }
  }
}

}  // namespace detail

/// y[m][n] = sum over k of x[m][k] * w[n][k], k upwards.
///
/// - shape:   `row(m)` gives the base of row m of x; `weights` [N, K]; `write(m, first, sums)`
///            receives up to 16 sums of row m, columns `first` onwards
/// - cost:    M*N*K multiply-adds, M rounded up to a tile and N to 16; no allocation
/// - rounding: float, one multiply-add at a time (fused where the target has it); independent of M
template <class Row, class Write>
void multiply(std::size_t row_count, Row row, const Segments& segments, const PackedMatrix& weights,
              Write write) {
  detail::Tile tile;
  std::array<const float*, detail::tile_rows> rows{};
  for (std::size_t m = 0; m < row_count; m += detail::tile_rows) {
    const std::size_t count = std::min(detail::tile_rows, row_count - m);
    for (std::size_t i = 0; i < detail::tile_rows; ++i) {
      rows[i] = row(m + std::min(i, count - 1));
    }
    for (std::size_t p = 0; p < weights.panels(); ++p) {
      detail::multiply_tile(rows, segments, weights.panel(p), tile);
      const std::size_t first = p * panel_columns;
      const std::size_t columns = std::min(panel_columns, weights.rows() - first);
      for (std::size_t i = 0; i < count; ++i) {
        write(m + i, first, std::span<const float>(tile.data() + i * panel_columns, columns));
      }
    }
  }
}

}  // namespace upset
