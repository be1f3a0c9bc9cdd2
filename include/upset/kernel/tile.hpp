// SPDX-License-Identifier: BSL-1.0
/// The inner loops of a matrix product: sums of one tile, rows by panels of columns.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <upset/kernel/arithmetic.hpp>
#include <upset/kernel/op.hpp>

namespace upset::detail {

// How far ahead of the products weights are fetched, which do not stay in the innermost cache.
inline constexpr std::size_t prefetched_steps = 8;

// The rows of a tile: where each begins.
template <class X, std::size_t Count>
struct Rows {
  const X* x;
  const std::size_t* bases;

  /// Their addresses, `offset` further on, each in a register of its own: GCC computes them in a
  /// vector otherwise, and waits for it to be stored before it reads one. Nor does it know where
  /// rows begin, which it would keep for the next offset in registers that are none.
  [[nodiscard, gnu::always_inline]] std::array<const X*, Count> addresses(
      std::size_t offset = 0) const {
    std::array<const X*, Count> result;
    const X* const from = x + offset;
    const std::size_t* base = bases;
    asm volatile("" : "+r"(base));
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Count; ++i) {
      const X* row = from + base[i];
      asm("" : "+r"(row));
      result[i] = row;
    }
    return result;
  }
};
/// How far weights lie apart: those of one panel and of the next, and those of one segment and of
/// the next beyond the first's own.
struct WeightSteps {
  std::size_t panel;
  std::size_t gap;
};

template <class Sum, std::size_t Panels, std::size_t RowCount, std::size_t Columns>
using Tile = std::array<std::array<std::array<Sum, Columns>, RowCount>, Panels>;

/// Says what the sums of a vector of columns begin at, takes them as they leave their registers,
/// `columns<Vector>(panel, column)(row, sums)`, and keeps them. `advance(rows)` leads to the next
/// tile: here, there is none.
template <class Tile>
struct TileSums {
  Tile& tile;

  template <class Vector>
  [[nodiscard, gnu::always_inline]] static Vector start(std::size_t /*panel*/,
                                                        std::size_t /*column*/) {
    return Vector{};
  }
  template <class Vector>
  [[nodiscard, gnu::always_inline]] auto columns(std::size_t panel, std::size_t column) const {
    using Value = typename Tile::value_type::value_type::value_type;
    using Stored = typename Lanes<Value, sizeof(Vector) / sizeof(Value)>::type;
    return [&rows = tile[panel], column](std::size_t row, const Vector& sums) {
      *reinterpret_cast<Stored*>(rows[row].data() + column) = sums;
    };
  }
  [[gnu::always_inline]] static void advance(std::size_t /*rows*/) {}
};

// Where vectors lie, hidden from GCC, which would keep them in registers from one tile to the next;
// a tile of floats leaves none. Smaller ones come one at a time, and begin at zeros.
template <class Vector, std::size_t Count>
[[nodiscard, gnu::always_inline]] inline const Vector* out_of_registers(
    const std::array<Vector, Count>& vectors) {
  const Vector* from = vectors.data();
  if constexpr (vector_bytes == 64) {
    asm volatile("" : "+r"(from) : "m"(vectors));
  }
  return from;
}

// The sums of some tiles, one after the other, over all of K, or over `length` steps from one
// offset. Each sum runs over k upwards with one multiply-add a step, so a result depends on its own
// row and column alone, never on the tile it was computed in. A call for each tile takes 3 to 9 %
// of all the time where K is 144.
template <std::size_t Columns, std::size_t Panels, class Sum, std::size_t RowCount, class X,
          class W, class Take>
[[gnu::noinline]] void add_products(const Rows<X, RowCount>& rows,
                                    std::span<const std::size_t> offsets, std::size_t length,
                                    const W* weights, WeightSteps weight_steps, const Take& taker,
                                    std::size_t tiles) {
  constexpr std::size_t group = values_per_word<W>;
  constexpr std::size_t width = std::min(vector_bytes / sizeof(Sum), Columns);
  constexpr std::size_t vectors = Panels * Columns / width;
  using Vector = typename Register<Sum, width>::type;
  using Stored = typename Lanes<Sum, width>::type;
  // a last word that is not full brings nothing of what stands behind it
  constexpr bool has_rest = group > 1 && !is_silenced_by_zero<W>;
  const std::size_t whole = has_rest ? length / group * group : length;
  constexpr std::size_t in_panel = vectors / Panels;
  Take take = taker;  // locals: its stores might alias what it is read from
  Rows<X, RowCount> starts = rows;
  std::array<Vector, vectors> start;
  for (std::size_t v = 0; v < vectors; ++v) {
    start[v] = taker.template start<Vector>(v / in_panel, v % in_panel * width);
  }
  do {
    const Vector* const first = out_of_registers(start);
    const W* from = weights;
    Vector sums[RowCount][vectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) {
      const Vector sum = first[v];
#pragma GCC unroll 16
      for (std::size_t m = 0; m < RowCount; ++m) {
        sums[m][v] = sum;
      }
    }
    const std::array<const X*, RowCount> row = starts.addresses();
    const auto add_words = [&](auto broadcast) __attribute__((always_inline)) {
      Vector column[vectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) {
        column[v] = *reinterpret_cast<const Stored*>(from + v / in_panel * weight_steps.panel +
                                                     v % in_panel * width * group);
      }
#pragma GCC unroll 16
      for (std::size_t m = 0; m < RowCount; ++m) {
        Vector word = broadcast(row[m]);
        if constexpr (vectors > 1) {
          keep_in_register(word);
        }
#pragma GCC unroll 8
        for (std::size_t v = 0; v < vectors; ++v) {
          Op<X, W>::add(sums[m][v], word, column[v]);
        }
      }
      from += Columns * group;
    };
    for (const std::size_t offset : offsets) {
      std::size_t k = offset;
      for (; k < offset + whole; k += group) {
        add_words([k](const X* x) { return Op<X, W>::template broadcast<Vector>(x + k); });
      }
      if constexpr (has_rest) {
        if (k < offset + length) {
          add_words([k](const X* x) { return Op<X, W>::template broadcast_last<Vector>(x + k); });
        }
      }
      from += weight_steps.gap;
    }
#pragma GCC unroll 8
    for (std::size_t v = 0; v < vectors; ++v) {
      const auto write = take.template columns<Vector>(v / in_panel, v % in_panel * width);
#pragma GCC unroll 16
      for (std::size_t m = 0; m < RowCount; ++m) {
        write(m, sums[m][v]);
      }
    }
    starts.bases += RowCount;
    take.advance(RowCount);
  } while (--tiles != 0);
}

// The sums of neighbours in a vector, of the first vector's lanes and the second's by turns of two.
// GCC 12 shuffles integers across all of a vector, which takes longer than within 128 bits.
template <class Vector, std::size_t... I>
[[nodiscard, gnu::always_inline]] inline Vector add_neighbours(const Vector& a, const Vector& b,
                                                               std::index_sequence<I...>) {
  constexpr std::size_t lanes = sizeof...(I);
  using Floats = typename Register<float, lanes>::type;
  const auto x = reinterpret_cast<Floats>(a);
  const auto y = reinterpret_cast<Floats>(b);
  // lane i takes from a where i % 4 < 2, from b elsewhere
  const Floats even =
      __builtin_shufflevector(x, y, (I / 4 * 4 + I % 2 * 2 + (I / 2 % 2) * lanes)...);
  const Floats odd =
      __builtin_shufflevector(x, y, (I / 4 * 4 + I % 2 * 2 + (I / 2 % 2) * lanes + 1)...);
  return reinterpret_cast<Vector>(even) + reinterpret_cast<Vector>(odd);
}

// Vectors that `add_neighbours` adds up to `sums`: every sum beside a zero.
template <class Vector, std::size_t... I>
[[nodiscard, gnu::always_inline]] inline std::array<Vector, 2> beside_zeros(
    const Vector& sums, std::index_sequence<I...>) {
  constexpr std::size_t lanes = sizeof...(I);
  const auto half = [&](auto high) __attribute__((always_inline)) {
    // lane i takes a sum where i is even, a zero elsewhere
    return __builtin_shufflevector(sums, Vector{},
                                   (I % 2 == 0 ? I / 4 * 4 + I % 4 / 2 + 2 * high() : lanes)...);
  };
  return {half(std::integral_constant<std::size_t, 0>()),
          half(std::integral_constant<std::size_t, 1>())};
}

// `add_products` of folded panels: each column has a sum of its even words and one of its odd ones,
// which are handed over added up, or as they are if `is_apart`.
template <std::size_t Columns, std::size_t Panels, class Sum, bool is_apart, std::size_t RowCount,
          class X, class W, class Take>
[[gnu::noinline]] void add_folded_products(const Rows<X, RowCount>& rows,
                                           std::span<const std::size_t> offsets, std::size_t length,
                                           const W* weights, WeightSteps weight_steps,
                                           const Take& taker, std::size_t tiles) {
  constexpr std::size_t unit = 2 * values_per_word<W>;
  constexpr std::size_t width = std::min(vector_bytes / sizeof(Sum), 2 * Columns);
  constexpr std::size_t in_panel = 2 * Columns / width;
  using Vector = typename Register<Sum, width>::type;
  using Stored = typename Lanes<Sum, width>::type;
  using Added = typename Register<Sum, Columns>::type;
  constexpr std::make_index_sequence<width> lanes;
  Take take = taker;  // locals: its stores might alias what it is read from
  Rows<X, RowCount> starts = rows;
  std::array<Vector, Panels * in_panel> start{};
  for (std::size_t p = 0; p < Panels && !is_apart; ++p) {
    const auto whole = taker.template start<Added>(p, 0);
    if constexpr (in_panel == 2) {
      std::ranges::copy(beside_zeros(whole, lanes), &start[2 * p]);
    } else {
      for (std::size_t n = 0; n < Columns; ++n) {
        start[p][2 * n] = whole[n];
      }
    }
  }
  const auto steps = static_cast<std::ptrdiff_t>((length + unit - 1) / unit * unit);
  do {
    const Vector* const first = out_of_registers(start);
    const W* from = weights;
    Vector sums[RowCount][Panels * in_panel];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Panels * in_panel; ++v) {
      const Vector sum = first[v];
#pragma GCC unroll 16
      for (std::size_t m = 0; m < RowCount; ++m) {
        sums[m][v] = sum;
      }
    }
    for (const std::size_t offset : offsets) {
      // counted up to zero: an end to compare with is one register more than GCC has, and to read a
      // row's address from where it is put then takes 5 % of all the time
      const std::array<const X*, RowCount> row =
          starts.addresses(offset + static_cast<std::size_t>(steps));
      for (std::ptrdiff_t k = -steps; k != 0; k += std::ptrdiff_t{unit}) {
        Vector column[Panels * in_panel];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Panels * in_panel; ++v) {
          const W* const part =
              from + v / in_panel * weight_steps.panel + v % in_panel * width / 2 * unit;
          column[v] = *reinterpret_cast<const Stored*>(part);
          __builtin_prefetch(part + prefetched_steps * Columns * unit);  // 10 % for K from 288 on
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
        from += Columns * unit;
      }
      from += weight_steps.gap;
    }
#pragma GCC unroll 2
    for (std::size_t p = 0; p < Panels; ++p) {
      if constexpr (is_apart) {
        for (std::size_t v = 0; v < in_panel; ++v) {
          const auto write = take.template columns<Vector>(p, v * width);
#pragma GCC unroll 16
          for (std::size_t m = 0; m < RowCount; ++m) {
            write(m, sums[m][p * in_panel + v]);
          }
        }
      } else {
        const auto write = take.template columns<Added>(p, 0);
#pragma GCC unroll 16
        for (std::size_t m = 0; m < RowCount; ++m) {
          const Vector* const halves = sums[m] + p * in_panel;
          if constexpr (in_panel == 2) {
            write(m, add_neighbours(halves[0], halves[1], lanes));
          } else {
            Added added;
            for (std::size_t n = 0; n < Columns; ++n) {
              added[n] = halves[0][2 * n] + halves[0][2 * n + 1];
            }
            write(m, added);
          }
        }
      }
    }
    starts.bases += RowCount;
    take.advance(RowCount);
  } while (--tiles != 0);
}

// The same sums in 128 bits, one at a time.
template <std::size_t Columns, std::size_t Panels, class Sum, std::size_t RowCount>
void add_products(const Rows<std::int64_t, RowCount>& rows, std::span<const std::size_t> offsets,
                  std::size_t length, const std::int64_t* weights, WeightSteps weight_steps,
                  const TileSums<Tile<Int128, Panels, RowCount, Columns>>& take,
                  std::size_t /*tiles: one*/) {
  take.tile = {};
  for (const std::size_t offset : offsets) {
    for (std::size_t k = offset; k < offset + length; ++k) {
      for (std::size_t p = 0; p < Panels; ++p) {
        for (std::size_t m = 0; m < RowCount; ++m) {
          for (std::size_t n = 0; n < Columns; ++n) {
            take.tile[p][m][n] +=
                Int128{rows.x[rows.bases[m] + k]} * weights[p * weight_steps.panel + n];
          }
        }
      }
      weights += Columns;
    }
    weights += weight_steps.gap;
  }
}

}  // namespace upset::detail
