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
#include <upset/kernel/op.hpp>
#include <upset/kernel/packed_matrix.hpp>

namespace upset {

/// A row of K operands as equal segments at fixed offsets from a base: a dense row is one segment,
/// a row of a convolution one per kernel row or tap. No operand is ever copied into columns.
///
/// Where words hold several operands, up to three behind a segment are read and multiplied by zero.
struct Segments {
  std::span<const std::size_t> offsets;
  std::size_t length = 0;

  [[nodiscard]] std::size_t depth() const { return offsets.size() * length; }
};

namespace detail {

// Where there are 32 vector registers, panels go in pairs, which halves the reads of activations.
inline constexpr std::size_t panels_at_once = vector_bytes == 64 ? 2 : 1;

// Rows of a tile: as many as leave registers for the weights.
template <class X, std::size_t Panels>
inline constexpr std::size_t tile_rows = (vector_bytes == 64   ? (Panels == 2 ? 8 : 12)
                                          : vector_bytes == 32 ? 6
                                                               : 3) /
                                         (sizeof(X) == 8 ? (vector_bytes == 16 ? 1 : 2) : 1);

template <class X, std::size_t Panels>
using Rows = std::array<const X*, tile_rows<X, Panels>>;
template <class Sum, class X, std::size_t Panels, std::size_t Columns>
using Tile = std::array<std::array<std::array<Sum, Columns>, tile_rows<X, Panels>>, Panels>;

// The sums of one tile over all of K, or over `length` steps from one offset. Each sum runs over k
// upwards with one multiply-add a step, so a result depends on its own row and column alone, never
// on the tile it was computed in.
template <std::size_t Panels, std::size_t Columns, class X, class W, class Sum>
[[gnu::noinline]] void add_products(const Rows<X, Panels>& rows,
                                    std::span<const std::size_t> offsets, std::size_t length,
                                    const W* weights, std::size_t panel_size,
                                    Tile<Sum, X, Panels, Columns>& tile) {
  constexpr std::size_t group = values_per_word<W>;
  constexpr std::size_t width = std::min(vector_bytes / sizeof(Sum), Columns);
  constexpr std::size_t vectors = Columns / width;
  constexpr std::size_t row_count = tile_rows<X, Panels>;
  using Vector = typename Lanes<Sum, width>::type;
  Vector sums[row_count][Panels * vectors] = {};
  for (const std::size_t offset : offsets) {
    for (std::size_t k = offset; k < offset + length; k += group) {
      Vector column[Panels * vectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < Panels * vectors; ++v) {
        column[v] = *reinterpret_cast<const Vector*>(weights + v / vectors * panel_size +
                                                     v % vectors * width * group);
      }
#pragma GCC unroll 16
      for (std::size_t m = 0; m < row_count; ++m) {
#pragma GCC unroll 8
        for (std::size_t v = 0; v < Panels * vectors; ++v) {
          sums[m][v] = Op<X, W>::dot(sums[m][v], rows[m] + k, column[v]);
        }
      }
      weights += Columns * group;
    }
  }
#pragma GCC unroll 16
  for (std::size_t m = 0; m < row_count; ++m) {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < Panels * vectors; ++v) {
      *reinterpret_cast<Vector*>(tile[v / vectors][m].data() + v % vectors * width) = sums[m][v];
    }
  }
}

// The same sums in 128 bits, one at a time.
template <std::size_t Panels, std::size_t Columns>
void add_products(const Rows<std::int64_t, Panels>& rows, std::span<const std::size_t> offsets,
                  std::size_t length, const std::int64_t* weights, std::size_t panel_size,
                  Tile<Int128, std::int64_t, Panels, Columns>& tile) {
  tile = {};
  for (const std::size_t offset : offsets) {
    for (std::size_t k = offset; k < offset + length; ++k) {
      for (std::size_t p = 0; p < Panels; ++p) {
        for (std::size_t m = 0; m < rows.size(); ++m) {
          for (std::size_t n = 0; n < Columns; ++n) {
            tile[p][m][n] += Int128{rows[m][k]} * weights[p * panel_size + n];
          }
        }
      }
      weights += Columns;
    }
  }
}

template <class X, class W>
struct PartialSum {
  using type = typename Op<X, W>::Sum;
};
template <>
struct PartialSum<std::int64_t, std::int64_t> {
  using type = Int128;
};

// Panels `panel` to `panel + Panels - 1` against all rows.
template <std::size_t Panels, std::size_t Columns, class Sum, class X, class W, class Write>
void multiply_panels(std::size_t panel, const X* x, std::span<const std::size_t> bases,
                     const Segments& segments, const PackedMatrix<W>& weights, Write& write,
                     std::size_t exact_depth) {
  using Partial = typename PartialSum<X, W>::type;
  constexpr std::size_t group = values_per_word<W>;
  const std::size_t panel_size = weights.panel_size();
  const std::size_t stretch = exact_depth / group * group;
  const bool exact = segments.depth() <= exact_depth;
  Tile<Partial, X, Panels, Columns> partial;
  Tile<Sum, X, Panels, Columns> sums;
  Rows<X, Panels> rows;
  for (std::size_t m = 0; m < bases.size(); m += rows.size()) {
    const std::size_t count = std::min(rows.size(), bases.size() - m);
    for (std::size_t i = 0; i < count; ++i) {
      rows[i] = x + bases[m + i];
    }
    std::fill(rows.begin() + static_cast<std::ptrdiff_t>(count), rows.end(), rows[0]);
    const auto write_all = [&](const auto& tile) {
      for (std::size_t p = 0; p < Panels; ++p) {
        const std::size_t first = (panel + p) * Columns;
        write(m, std::span(tile[p]).first(count), first, std::min(Columns, weights.rows() - first));
      }
    };
    const W* from = weights.panel(panel);
    if (exact) {
      add_products<Panels, Columns>(rows, segments.offsets, segments.length, from, panel_size,
                                    partial);
      write_all(partial);
      continue;
    }
    sums = {};
    for (const std::size_t offset : segments.offsets) {
      for (std::size_t done = 0; done < segments.length;) {
        const std::size_t start = offset + done;
        const std::size_t steps = std::min(segments.length - done, stretch);
        add_products<Panels, Columns>(rows, {&start, 1}, steps, from, panel_size, partial);
        for (std::size_t p = 0; p < Panels; ++p) {
          for (std::size_t i = 0; i < rows.size(); ++i) {
            for (std::size_t n = 0; n < Columns; ++n) {
              sums[p][i][n] += static_cast<Sum>(partial[p][i][n]);
            }
          }
        }
        from += (steps + group - 1) / group * group * Columns;
        done += steps;
      }
    }
    write_all(sums);
  }
}

}  // namespace detail

/// y[m][n] = sum over k of x[m][k] * w[n][k], k upwards.
///
/// - shape:    row m of x begins at `x + bases[m]`; `weights` [N, K]; `write(m, rows, first,
/// count)`
///             receives the sums of rows m onwards, an array of 8 or 16 for each row, of which
///             `count` stand for the columns from `first` on and the rest has no meaning
/// - rounding: one multiply-add at a time in the sum of `Op`, handed over as it is where K is no
///             more than `exact_depth`; else each `exact_depth` steps are added to a `Sum`, so that
///             integers never round or wrap
/// - cost:     M*N*K multiply-adds, M rounded up to a tile and N to 16; no allocation
template <class Sum, class X, class W, class Write>
void multiply(const X* x, std::span<const std::size_t> bases, const Segments& segments,
              const PackedMatrix<W>& weights, Write write,
              std::size_t exact_depth = std::numeric_limits<std::size_t>::max()) {
  if (weights.width() != panel_columns) {
    detail::multiply_panels<1, panel_columns / 2, Sum>(0, x, bases, segments, weights, write,
                                                       exact_depth);
    return;
  }
  std::size_t panel = 0;
  constexpr std::size_t pair = detail::panels_at_once;
  for (; panel + pair <= weights.panels(); panel += pair) {
    detail::multiply_panels<pair, panel_columns, Sum>(panel, x, bases, segments, weights, write,
                                                      exact_depth);
  }
  if (panel < weights.panels()) {
    detail::multiply_panels<1, panel_columns, Sum>(panel, x, bases, segments, weights, write,
                                                   exact_depth);
  }
}

}  // namespace upset
