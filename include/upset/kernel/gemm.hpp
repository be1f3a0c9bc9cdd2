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
#include <upset/kernel/tile.hpp>

namespace upset {

/// A row of K operands as equal segments at fixed offsets from a base: a dense row is one segment,
/// a row of a convolution one per kernel row or tap. No operand is ever copied into columns.
///
/// Where words hold several integers, those that fill the last words are read and multiplied by
/// zero.
///
/// Exact sums may leave out weights: those before `first_weight` of a row, and `weight_gap` after
/// each segment. See `PackedMatrix::part`.
struct Segments {
  std::span<const std::size_t> offsets;
  std::size_t length = 0;
  std::size_t first_weight = 0;
  std::size_t weight_gap = 0;

  [[nodiscard]] std::size_t depth() const { return offsets.size() * length; }
};

/// Operands that a product may read behind the last one, and multiply by zero or drop.
inline constexpr std::size_t operand_slack = 16;

namespace detail {

inline constexpr std::size_t vector_registers = vector_bytes == 64 ? 32 : 16;

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

// The tile of the last rows where these are few: 3 % of a convolution of 64 channels on 8x8 pixels
// in floats. Of other words smaller ones gain less than they take to compile.
template <class Sum, std::size_t RowCount>
inline constexpr std::size_t last_tile_rows =
    std::is_same_v<Sum, float>&& vector_bytes == 64 && RowCount == 6 ? 4 : RowCount;

// Panels `panel` to `panel + Panels - 1` against rows from `first_row` on, in tiles of RowCount;
// `Fold` words lie side by side.
template <std::size_t RowCount, std::size_t Panels, std::size_t Fold, std::size_t Columns,
          class Sum, class X, class W, class Write>
void multiply_tiles(std::size_t panel, const X* x, std::span<const std::size_t> bases,
                    std::size_t first_row, const Segments& segments, const PackedMatrix<W>& weights,
                    Write& write, std::size_t exact_depth) {
  using Partial = typename PartialSum<X, W>::type;
  constexpr std::size_t unit = Fold * values_per_word<W>;
  constexpr std::size_t row_count = RowCount;
  const WeightSteps weight_steps{weights.panel_size(), segments.weight_gap * Columns};
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
  const auto add = [&]<bool is_apart = false>(std::span<const std::size_t> offsets,
                                              std::size_t steps, const W* from, const auto& take,
                                              std::size_t tiles = 1) {
    if constexpr (Fold == 2) {
      add_folded_products<Columns, Panels, Partial, is_apart>(rows, offsets, steps, from,
                                                              weight_steps, take, tiles);
    } else {
      add_products<Columns, Panels, Partial>(rows, offsets, steps, from, weight_steps, take, tiles);
    }
  };
  for (std::size_t m = first_row; m < bases.size(); m += row_count) {
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
    const W* from = weights.panel(panel) + segments.first_weight * Columns;
    if (exact) {
      // smaller vectors gain nothing, or lose 2 %
      if constexpr (vector_bytes == 64 &&
                    requires { write.template from_registers<Partial>(m, panel * Columns); }) {
        const bool is_full = count == row_count && weights.rows() >= (panel + Panels) * Columns;
        if (is_full && write.takes_registers) {
          const std::size_t tiles = (bases.size() - m) / row_count;
          add(segments.offsets, segments.length, from,
              write.template from_registers<Partial>(m, panel * Columns), tiles);
          m += (tiles - 1) * row_count;
          continue;
        }
      }
      add(segments.offsets, segments.length, from, TileSums<decltype(whole)>{whole});
      write_all(whole);
      continue;
    }
    if constexpr (!std::is_same_v<Partial, Sum>) {
      sums = {};
      const auto add_piece = [&](std::span<const std::size_t> offsets, std::size_t steps,
                                 auto& tile) {
        constexpr bool is_apart = Fold == 2 && sizeof(tile) == sizeof(words);
        add.template operator()<is_apart>(offsets, steps, from,
                                          TileSums<std::remove_reference_t<decltype(tile)>>{tile});
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
          if (length <= exact_depth) {
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

// The same in tiles as large as registers allow, and a smaller one for the last rows.
template <std::size_t Panels, std::size_t Fold, std::size_t Columns, class Sum, class X, class W,
          class Write>
void multiply_panels(std::size_t panel, const X* x, std::span<const std::size_t> bases,
                     std::size_t first_row, const Segments& segments,
                     const PackedMatrix<W>& weights, Write& write, std::size_t exact_depth) {
  using Partial = typename PartialSum<X, W>::type;
  constexpr std::size_t whole = tile_rows<Partial, Fold * Panels, Columns>;
  constexpr std::size_t last = last_tile_rows<Partial, whole>;
  const auto multiply_rows = [&]<std::size_t RowCount>(std::size_t first, std::size_t end) {
    multiply_tiles<RowCount, Panels, Fold, Columns, Sum>(panel, x, bases.first(end), first,
                                                         segments, weights, write, exact_depth);
  };
  const std::size_t rest = bases.size() <= first_row ? 0 : (bases.size() - first_row) % whole;
  const bool splits = last < whole && 0 < rest && rest <= last;
  multiply_rows.template operator()<whole>(first_row, bases.size() - (splits ? rest : 0));
  if constexpr (last < whole) {
    if (splits) {
      multiply_rows.template operator()<last>(bases.size() - rest, bases.size());
    }
  }
}

}  // namespace detail

/// Rows of operands that read their K alike, and where their sums go.
template <class Write>
struct OperandRows {
  std::span<const std::size_t> bases;
  Segments segments;
  Write write;
};

/// y[m][n] = sum over k of x[m][k] * w[n][k], k upwards, for the rows of each group.
///
/// - shape:    row m of x begins at `x + bases[m]`; `weights` [N, K];
///             `write(m, rows, first, count)` receives the sums of rows m onwards, an array of 8 or
///             16 for each row, of which `count` stand for the columns from `first` on and the rest
///             has no meaning; one that says so takes those of whole tiles as they leave their
///             registers, see `SumWriter`
/// - rounding: one multiply-add at a time in the sum of `Op`, even and odd k apart where `weights`
///             is folded, handed over as it is where K is no more than `exact_depth`; else each
///             `exact_depth` steps (a word, where that is more) are added to a `Sum`, so that
///             integers never round or wrap; pieces are whole segments, or parts of one
/// - cost:     M*N*K multiply-adds, M rounded up to a tile and N to 16; no allocation
template <class Sum, class X, class W, class Write>
void multiply(const X* x, std::span<OperandRows<Write>> groups, const PackedMatrix<W>& weights,
              std::size_t exact_depth = std::numeric_limits<std::size_t>::max()) {
  // Rows that stay in the cache from one panel to the next, in whole tiles; enough of them to make
  // the weights worth reading once more.
  constexpr std::size_t cached_bytes = std::size_t{384} << 10;
  const std::size_t row_bytes = std::max<std::size_t>(weights.depth() * sizeof(X), 1);
  const std::size_t block = std::max<std::size_t>(cached_bytes / row_bytes / 12, 20) * 12;
  std::size_t most_rows = 0;
  for (const OperandRows<Write>& group : groups) {
    most_rows = std::max(most_rows, group.bases.size());
  }
  const auto all_panels = [&]<std::size_t Fold, std::size_t Columns>() {
    constexpr std::size_t pair =
        Columns == panel_columns ? detail::panels_at_once<typename detail::PartialSum<X, W>::type>
                                 : 1;
    for (std::size_t first = 0; first < most_rows; first += block) {
      const auto multiply_some = [&]<std::size_t Panels>(std::size_t panel) {
        for (OperandRows<Write>& group : groups) {
          const auto rows = group.bases.first(std::min(first + block, group.bases.size()));
          detail::multiply_panels<Panels, Fold, Columns, Sum>(panel, x, rows, first, group.segments,
                                                              weights, group.write, exact_depth);
        }
      };
      std::size_t panel = 0;
      for (; panel + pair <= weights.panels(); panel += pair) {
        multiply_some.template operator()<pair>(panel);
      }
      if (panel < weights.panels()) {
        multiply_some.template operator()<1>(panel);
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
/// The same for one group.
template <class Sum, class X, class W, class Write>
void multiply(const X* x, std::span<const std::size_t> bases, const Segments& segments,
              const PackedMatrix<W>& weights, const Write& write,
              std::size_t exact_depth = std::numeric_limits<std::size_t>::max()) {
  OperandRows<Write> group{bases, segments, write};
  multiply<Sum>(x, std::span(&group, 1), weights, exact_depth);
}

}  // namespace upset
