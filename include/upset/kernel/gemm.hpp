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
#include <utility>

#include <upset/kernel/arithmetic.hpp>
#include <upset/kernel/op.hpp>
#include <upset/kernel/packed_matrix.hpp>

namespace upset {

/// A row of K operands as equal segments at fixed offsets from a base: a dense row is one segment,
/// a row of a convolution one per kernel row or tap. No operand is ever copied into columns.
///
/// Where words hold several operands, those that fill the last words are read and multiplied by
/// zero.
struct Segments {
  std::span<const std::size_t> offsets;
  std::size_t length = 0;

  [[nodiscard]] std::size_t depth() const { return offsets.size() * length; }
};

/// Operands that a product may read behind the last one, and multiply by zero or drop.
inline constexpr std::size_t operand_slack = 16;

namespace detail {

inline constexpr std::size_t vector_registers = vector_bytes == 64 ? 32 : 16;

// How far ahead of the products weights are fetched, which do not stay in the innermost cache.
inline constexpr std::size_t prefetched_steps = 8;

// The panels whose columns share a tile.
template <class Sum>
inline constexpr std::size_t panels_at_once = vector_bytes == 64 && sizeof(Sum) <= 8 ? 2 : 1;

// Rows of a tile: as many as registers hold beside the weights and one activation, but no more than
// there are registers for their addresses.
template <class Sum, std::size_t Panels, std::size_t Columns>
inline constexpr std::size_t tile_rows = [] {
  const std::size_t vectors =
      std::max<std::size_t>(1, Panels * Columns * sizeof(Sum) / vector_bytes);
  const std::size_t left = vector_registers - 1 - vectors;
  return std::clamp<std::size_t>(left / vectors, 1, vector_bytes == 64 ? 12 : 6);
}();

// The rows of a tile: where each begins.
template <class X, std::size_t Count>
struct Rows {
  const X* x;
  const std::size_t* bases;

  /// Their addresses, each in a register of its own: GCC computes them in a vector otherwise, and
  /// waits for it to be stored before it reads one.
  [[nodiscard, gnu::always_inline]] std::array<const X*, Count> addresses() const {
    std::array<const X*, Count> result;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Count; ++i) {
      const X* row = x + bases[i];
      asm("" : "+r"(row));
      result[i] = row;
    }
    return result;
  }
};
template <class Sum, std::size_t Panels, std::size_t RowCount, std::size_t Columns>
using Tile = std::array<std::array<std::array<Sum, Columns>, RowCount>, Panels>;

// The sums of one tile over all of K, or over `length` steps from one offset. Each sum runs over k
// upwards with one multiply-add a step, so a result depends on its own row and column alone, never
// on the tile it was computed in.
template <std::size_t Panels, std::size_t RowCount, std::size_t Columns, class X, class W,
          class Sum>
[[gnu::noinline]] void add_products(const Rows<X, RowCount>& rows,
                                    std::span<const std::size_t> offsets, std::size_t length,
                                    const W* weights, std::size_t panel_size,
                                    Tile<Sum, Panels, RowCount, Columns>& tile) {
  constexpr std::size_t group = values_per_word<W>;
  constexpr std::size_t width = std::min(vector_bytes / sizeof(Sum), Columns);
  constexpr std::size_t vectors = Panels * Columns / width;
  using Vector = typename Register<Sum, width>::type;
  using Stored = typename Lanes<Sum, width>::type;
  Vector sums[RowCount][vectors] = {};
  const std::array<const X*, RowCount> row = rows.addresses();
  for (const std::size_t offset : offsets) {
    for (std::size_t k = offset; k < offset + length; k += group) {
      Vector column[vectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) {
        constexpr std::size_t in_panel = vectors / Panels;
        column[v] = *reinterpret_cast<const Stored*>(weights + v / in_panel * panel_size +
                                                     v % in_panel * width * group);
      }
#pragma GCC unroll 16
      for (std::size_t m = 0; m < RowCount; ++m) {
        Vector word = Op<X, W>::template broadcast<Vector>(row[m] + k);
        if constexpr (vectors > 1) {
          keep_in_register(word);
        }
#pragma GCC unroll 8
        for (std::size_t v = 0; v < vectors; ++v) {
          Op<X, W>::add(sums[m][v], word, column[v]);
        }
      }
      weights += Columns * group;
    }
  }
#pragma GCC unroll 16
  for (std::size_t m = 0; m < RowCount; ++m) {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) {
      constexpr std::size_t in_panel = vectors / Panels;
      *reinterpret_cast<Stored*>(tile[v / in_panel][m].data() + v % in_panel * width) = sums[m][v];
    }
  }
}

// The sums of neighbours in a vector, of the first vector's lanes and the second's by turns of two.
template <class Vector, std::size_t... I>
[[nodiscard, gnu::always_inline]] inline Vector add_neighbours(const Vector& a, const Vector& b,
                                                               std::index_sequence<I...>) {
  constexpr std::size_t lanes = sizeof...(I);
  // lane i takes from a where i % 4 < 2, from b elsewhere
  return __builtin_shufflevector(a, b, (I / 4 * 4 + I % 2 * 2 + (I / 2 % 2) * lanes)...) +
         __builtin_shufflevector(a, b, (I / 4 * 4 + I % 2 * 2 + (I / 2 % 2) * lanes + 1)...);
}

// `add_products` of folded panels: each column has a sum of its even words and one of its odd ones,
// which are handed over added up, or as they are where there is room for both (`Out`).
template <std::size_t Columns, std::size_t Panels, std::size_t RowCount, std::size_t Out, class X,
          class W, class Sum>
[[gnu::noinline]] void add_folded_products(const Rows<X, RowCount>& rows,
                                           std::span<const std::size_t> offsets, std::size_t length,
                                           const W* weights, std::size_t panel_size,
                                           Tile<Sum, Panels, RowCount, Out>& tile) {
  constexpr std::size_t unit = 2 * values_per_word<W>;
  constexpr std::size_t width = std::min(vector_bytes / sizeof(Sum), 2 * Columns);
  constexpr std::size_t in_panel = 2 * Columns / width;
  using Vector = typename Register<Sum, width>::type;
  using Stored = typename Lanes<Sum, width>::type;
  Vector sums[RowCount][Panels * in_panel] = {};
  const std::array<const X*, RowCount> row = rows.addresses();
  for (const std::size_t offset : offsets) {
    for (std::size_t k = offset; k < offset + length; k += unit) {
      Vector column[Panels * in_panel];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Panels * in_panel; ++v) {
        const W* const from = weights + v / in_panel * panel_size + v % in_panel * width / 2 * unit;
        column[v] = *reinterpret_cast<const Stored*>(from);
        __builtin_prefetch(from + prefetched_steps * Columns * unit);  // 10 % for K from 288 on
      }
#pragma GCC unroll 16
      for (std::size_t m = 0; m < RowCount; ++m) {
        auto words = broadcast_two_words<Vector>(row[m] + k);
        keep_in_register(words);
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Panels * in_panel; ++v) {
          Op<X, W>::add(sums[m][v], words, column[v]);
        }
      }
      weights += Columns * unit;
    }
  }
#pragma GCC unroll 16
  for (std::size_t m = 0; m < RowCount; ++m) {
#pragma GCC unroll 2
    for (std::size_t p = 0; p < Panels; ++p) {
      Sum* const to = tile[p][m].data();
      const Vector* const from = sums[m] + p * in_panel;
      if constexpr (Out == 2 * Columns) {
        for (std::size_t v = 0; v < in_panel; ++v) {
          *reinterpret_cast<Stored*>(to + v * width) = from[v];
        }
      } else if constexpr (in_panel == 2) {
        *reinterpret_cast<Stored*>(to) =
            add_neighbours(from[0], from[1], std::make_index_sequence<width>());
      } else {
        for (std::size_t n = 0; n < Columns; ++n) {
          to[n] = from[0][2 * n] + from[0][2 * n + 1];
        }
      }
    }
  }
}

// The same sums in 128 bits, one at a time.
template <std::size_t Panels, std::size_t RowCount, std::size_t Columns>
void add_products(const Rows<std::int64_t, RowCount>& rows, std::span<const std::size_t> offsets,
                  std::size_t length, const std::int64_t* weights, std::size_t panel_size,
                  Tile<Int128, Panels, RowCount, Columns>& tile) {
  tile = {};
  for (const std::size_t offset : offsets) {
    for (std::size_t k = offset; k < offset + length; ++k) {
      for (std::size_t p = 0; p < Panels; ++p) {
        for (std::size_t m = 0; m < RowCount; ++m) {
          for (std::size_t n = 0; n < Columns; ++n) {
            tile[p][m][n] += Int128{rows.x[rows.bases[m] + k]} * weights[p * panel_size + n];
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

// The sum of one word may be -32768 times -32768, twice, which is 2^31 and has wrapped to -2^31: no
// other exact sum reaches as far.
template <class Sum, class Partial>
[[nodiscard, gnu::always_inline]] inline Sum unwrapped(Partial partial) {
  constexpr bool may_wrap = std::is_same_v<Partial, std::int32_t>;
  return may_wrap && partial == std::numeric_limits<Partial>::min() ? static_cast<Sum>(0x1p31)
                                                                    : static_cast<Sum>(partial);
}

// Adds partial sums to those of a row.
template <std::size_t Columns, class Sum, class Partial>
void add_partial(const std::array<Partial, Columns>& partial, std::array<Sum, Columns>& sums) {
  for (std::size_t n = 0; n < Columns; ++n) {
    sums[n] += unwrapped<Sum>(partial[n]);
  }
}

// Adds the sums of single words in a folded panel: one or two vectors, in which even and odd words
// alternate, and two of which hold two columns of four each.
template <std::size_t Columns, class Sum, class Partial>
void add_partial(const std::array<Partial, 2 * Columns>& words, std::array<Sum, Columns>& sums) {
  for (std::size_t lane = 0; lane < words.size(); ++lane) {
    const std::size_t pair = lane / 2;
    const std::size_t column =
        sizeof(words) == vector_bytes
            ? pair
            : pair % (Columns / 2) / 2 * 4 + pair / (Columns / 2) * 2 + pair % 2;
    sums[column] += unwrapped<Sum>(words[lane]);
  }
}

// Panels `panel` to `panel + Panels - 1` against all rows; `Fold` words lie side by side.
template <std::size_t Panels, std::size_t Fold, std::size_t Columns, class Sum, class X, class W,
          class Write>
void multiply_panels(std::size_t panel, const X* x, std::span<const std::size_t> bases,
                     const Segments& segments, const PackedMatrix<W>& weights, Write& write,
                     std::size_t exact_depth) {
  using Partial = typename PartialSum<X, W>::type;
  constexpr std::size_t unit = Fold * values_per_word<W>;
  constexpr std::size_t row_count = tile_rows<Partial, Fold * Panels, Columns>;
  const std::size_t panel_size = weights.panel_size();
  // partial sums of the same type could not be made any more exact
  const bool exact = std::is_same_v<Partial, Sum> || segments.depth() <= exact_depth;
  // Pieces of a sum that are exact: some segments, or a part of one, a word at least.
  const std::size_t length = segments.length;
  const std::size_t together = std::max<std::size_t>(exact_depth / length, 1);
  const std::size_t piece = std::min(length, std::max(exact_depth / unit * unit, unit));
  alignas(vector_bytes) Tile<Partial, Panels, row_count, Columns> whole;
  alignas(vector_bytes) Tile<Partial, Panels, row_count, Fold * Columns> words;
  Tile<Sum, Panels, row_count, Columns> sums;
  Rows<X, row_count> rows{x, nullptr};
  std::array<std::size_t, row_count> last_bases;
  const auto add = [&](std::span<const std::size_t> offsets, std::size_t steps, const W* from,
                       auto& tile) {
    if constexpr (Fold == 2) {
      add_folded_products<Columns>(rows, offsets, steps, from, panel_size, tile);
    } else {
      add_products(rows, offsets, steps, from, panel_size, tile);
    }
  };
  for (std::size_t m = 0; m < bases.size(); m += row_count) {
    const std::size_t count = std::min(row_count, bases.size() - m);
    rows.bases = bases.data() + m;
    if (count < row_count) {
      for (std::size_t i = 0; i < row_count; ++i) {
        last_bases[i] = bases[m + std::min(i, count - 1)];
      }
      rows.bases = last_bases.data();
    }
    const auto write_all = [&](const auto& tile) {
      for (std::size_t p = 0; p < Panels; ++p) {
        const std::size_t first = (panel + p) * Columns;
        write(m, std::span(tile[p]).first(count), first, std::min(Columns, weights.rows() - first));
      }
    };
    const W* from = weights.panel(panel);
    if (exact) {
      add(segments.offsets, segments.length, from, whole);
      write_all(whole);
      continue;
    }
    if constexpr (!std::is_same_v<Partial, Sum>) {
      sums = {};
      const auto add_piece = [&](std::span<const std::size_t> offsets, std::size_t steps,
                                 auto& tile) {
        add(offsets, steps, from, tile);
        for (std::size_t p = 0; p < Panels; ++p) {
          for (std::size_t i = 0; i < count; ++i) {
            add_partial(tile[p][i], sums[p][i]);
          }
        }
        from += (steps + unit - 1) / unit * unit * Columns * offsets.size();
      };
      for (std::size_t s = 0; s < segments.offsets.size(); s += together) {
        const auto offsets =
            segments.offsets.subspan(s, std::min(together, segments.offsets.size() - s));
        for (std::size_t done = 0; done < length; done += piece) {
          const std::size_t start = offsets[0] + done;
          const std::size_t steps = std::min(piece, length - done);
          if (piece == length) {
            add_piece(offsets, steps, whole);
          } else if (exact_depth >= unit) {
            add_piece({&start, 1}, steps, whole);
          } else {
            add_piece({&start, 1}, steps, words);
          }
        }
      }
      write_all(sums);
    }
  }
}

}  // namespace detail

/// y[m][n] = sum over k of x[m][k] * w[n][k], k upwards.
///
/// - shape:    row m of x begins at `x + bases[m]`; `weights` [N, K];
///             `write(m, rows, first, count)` receives the sums of rows m onwards, an array of 8 or
///             16 for each row, of which `count` stand for the columns from `first` on and the rest
///             has no meaning
/// - rounding: one multiply-add at a time in the sum of `Op`, even and odd k apart where `weights`
///             is folded, handed over as it is where K is no more than `exact_depth`; else each
///             `exact_depth` steps (a word, where that is more) are added to a `Sum`, so that
///             integers never round or wrap; pieces are whole segments, or parts of one
/// - cost:     M*N*K multiply-adds, M rounded up to a tile and N to 16; no allocation
template <class Sum, class X, class W, class Write>
void multiply(const X* x, std::span<const std::size_t> bases, const Segments& segments,
              const PackedMatrix<W>& weights, Write write,
              std::size_t exact_depth = std::numeric_limits<std::size_t>::max()) {
  // Rows that stay in the cache from one panel to the next, in whole tiles; enough of them to make
  // the weights worth reading once more.
  constexpr std::size_t cached_bytes = std::size_t{384} << 10;
  const std::size_t row_bytes = std::max<std::size_t>(segments.depth() * sizeof(X), 1);
  const std::size_t block = std::max<std::size_t>(cached_bytes / row_bytes / 12, 20) * 12;
  const auto all_panels = [&]<std::size_t Fold, std::size_t Columns>() {
    constexpr std::size_t pair =
        Columns == panel_columns ? detail::panels_at_once<typename detail::PartialSum<X, W>::type>
                                 : 1;
    for (std::size_t first = 0; first < bases.size(); first += block) {
      const auto rows = bases.subspan(first, std::min(block, bases.size() - first));
      const auto write_rows = [&](std::size_t m, auto sums, std::size_t column, std::size_t count) {
        write(first + m, sums, column, count);
      };
      std::size_t panel = 0;
      for (; panel + pair <= weights.panels(); panel += pair) {
        detail::multiply_panels<pair, Fold, Columns, Sum>(panel, x, rows, segments, weights,
                                                          write_rows, exact_depth);
      }
      if (panel < weights.panels()) {
        detail::multiply_panels<1, Fold, Columns, Sum>(panel, x, rows, segments, weights,
                                                       write_rows, exact_depth);
      }
    }
  };
  constexpr std::size_t half = panel_columns / 2;
  const bool is_narrow = weights.width() == half;
  if constexpr (detail::folds<W>) {
    if (weights.is_folded()) {
      constexpr std::size_t whole = std::min(panel_columns, detail::folded_columns);
      return is_narrow ? all_panels.template operator()<2, half>()
                       : all_panels.template operator()<2, whole>();
    }
  }
  return is_narrow ? all_panels.template operator()<1, half>()
                   : all_panels.template operator()<1, panel_columns>();
}

}  // namespace upset
