// SPDX-License-Identifier: BSL-1.0
/// One matrix product for every format: rows of operands against packed columns of weights.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <upset/kernel/arithmetic.hpp>
#include <upset/kernel/packed_matrix.hpp>

namespace upset {

/// A row of K operands as equal segments at fixed offsets from a base: a dense row is one segment,
/// a row of a convolution one per kernel row or tap. No operand is ever copied into columns.
struct Segments {
  std::span<const std::size_t> offsets;
  std::size_t length = 0;

  [[nodiscard]] std::size_t depth() const { return offsets.size() * length; }
};

namespace detail {

#if defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32;
#else
inline constexpr std::size_t vector_bytes = 16;
#endif

// Fixed-size vectors keep the accumulators in registers, where plain arrays leave the tile to the
// auto-vectoriser (3x slower at some tile sizes).
template <class T, std::size_t Width>
struct Lanes {
  using type __attribute__((vector_size(Width * sizeof(T)), aligned(alignof(T)), may_alias)) = T;
};

template <class T>
inline constexpr std::size_t tile_rows = 4;
template <>
inline constexpr std::size_t tile_rows<float> = vector_bytes == 64   ? 12
                                                : vector_bytes == 32 ? 6
                                                                     : 3;
template <>
inline constexpr std::size_t tile_rows<double> = vector_bytes == 64 ? 12 : 3;

template <class T>
using Rows = std::array<const T*, tile_rows<T>>;
template <class Sum, class T, std::size_t Columns>
using Tile = std::array<Sum, tile_rows<T> * Columns>;

// The sums of one tile over all of K, or over `length` steps from one offset. Each sum runs over k
// upwards with one multiply-add a step, so a result depends on its own row and column alone, never
// on the tile it was computed in.
template <std::size_t Columns, class T>
[[gnu::noinline]] void add_products(const Rows<T>& rows, std::span<const std::size_t> offsets,
                                    std::size_t length, const T* weights,
                                    Tile<T, T, Columns>& tile) {
  constexpr std::size_t width = std::min(vector_bytes / sizeof(T), Columns);
  constexpr std::size_t vectors = Columns / width;
  using Vector = typename Lanes<T, width>::type;
  Vector sums[tile_rows<T>][vectors] = {};
  for (const std::size_t offset : offsets) {
    for (std::size_t k = offset; k < offset + length; ++k) {
      Vector column[vectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) {
        column[v] = *reinterpret_cast<const Vector*>(weights + v * width);
      }
#pragma GCC unroll 16
      for (std::size_t m = 0; m < tile_rows<T>; ++m) {
#pragma GCC unroll 8
        for (std::size_t v = 0; v < vectors; ++v) {
          sums[m][v] += rows[m][k] * column[v];
        }
      }
      weights += Columns;
    }
  }
#pragma GCC unroll 16
  for (std::size_t m = 0; m < tile_rows<T>; ++m) {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) {
      *reinterpret_cast<Vector*>(tile.data() + m * Columns + v * width) = sums[m][v];
    }
  }
}

// The same sums in 128 bits, one at a time.
template <std::size_t Columns>
void add_products(const Rows<std::int64_t>& rows, std::span<const std::size_t> offsets,
                  std::size_t length, const std::int64_t* weights,
                  Tile<Int128, std::int64_t, Columns>& tile) {
  tile.fill(0);
  for (const std::size_t offset : offsets) {
    for (std::size_t k = offset; k < offset + length; ++k) {
      for (std::size_t m = 0; m < rows.size(); ++m) {
        for (std::size_t n = 0; n < Columns; ++n) {
          tile[m * Columns + n] += Int128{rows[m][k]} * weights[n];
        }
      }
      weights += Columns;
    }
  }
}

template <std::size_t Columns, class Sum, class T, class Row, class Write>
void multiply_panels(std::size_t row_count, Row row, const Segments& segments,
                     const PackedMatrix<T>& weights, Write write, std::size_t exact_depth) {
  using Partial = std::conditional_t<std::is_same_v<T, std::int64_t>, Int128, T>;
  Tile<Partial, T, Columns> partial;
  Tile<Sum, T, Columns> sums;
  Rows<T> rows{};
  for (std::size_t m = 0; m < row_count; m += rows.size()) {
    const std::size_t count = std::min(rows.size(), row_count - m);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = row(m + std::min(i, count - 1));
    }
    for (std::size_t p = 0; p < weights.panels(); ++p) {
      const T* panel = weights.panel(p);
      if (segments.depth() <= exact_depth) {
        add_products<Columns>(rows, segments.offsets, segments.length, panel, partial);
        std::ranges::transform(partial, sums.begin(),
                               [](Partial sum) { return static_cast<Sum>(sum); });
      } else {
        sums.fill(Sum{0});
        for (const std::size_t offset : segments.offsets) {
          for (std::size_t done = 0; done < segments.length;) {
            const std::size_t start = offset + done;
            const std::size_t steps = std::min(segments.length - done, exact_depth);
            add_products<Columns>(rows, {&start, 1}, steps, panel, partial);
            for (std::size_t i = 0; i < sums.size(); ++i) {
              sums[i] += static_cast<Sum>(partial[i]);
            }
            panel += steps * Columns;
            done += steps;
          }
        }
      }
      const std::size_t first = p * Columns;
      const std::size_t columns = std::min(Columns, weights.rows() - first);
      for (std::size_t i = 0; i < count; ++i) {
        write(m + i, first, std::span<const Sum>(sums.data() + i * Columns, columns));
      }
    }
  }
}

}  // namespace detail

/// y[m][n] = sum over k of x[m][k] * w[n][k], k upwards.
///
/// - shape:    `row(m)` gives the base of row m of x; `weights` [N, K]; `write(m, first, sums)`
///             receives up to 16 sums of row m, columns `first` onwards
/// - rounding: one multiply-add at a time (fused where the target has it), in T; every
/// `exact_depth`
///             steps at most the partial sum is added to a `Sum`, so that integers never round
/// - cost:     M*N*K multiply-adds, M rounded up to a tile and N to 16; no allocation
template <class Sum, class T, class Row, class Write>
void multiply(std::size_t row_count, Row row, const Segments& segments,
              const PackedMatrix<T>& weights, Write write,
              std::size_t exact_depth = std::numeric_limits<std::size_t>::max()) {
  if (weights.width() == panel_columns) {
    detail::multiply_panels<panel_columns, Sum>(row_count, row, segments, weights, write,
                                                exact_depth);
  } else {
    detail::multiply_panels<panel_columns / 2, Sum>(row_count, row, segments, weights, write,
                                                    exact_depth);
  }
}

}  // namespace upset
