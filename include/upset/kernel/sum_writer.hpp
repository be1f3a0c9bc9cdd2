// SPDX-License-Identifier: BSL-1.0
/// How the sums of a product are written: whole tiles as they leave their registers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include <upset/kernel/op.hpp>
#include <upset/kernel/packed_matrix.hpp>

#if defined(__AVX512VL__)
#include <immintrin.h>
#endif

namespace upset {

namespace detail {

// Of those being written, the rows that are fetched for being written: 1 to 4 % of a product.
inline constexpr std::size_t rows_ahead = 12;

}  // namespace detail

/// No value is below it.
inline constexpr float no_least = -std::numeric_limits<float>::infinity();

/// Where sums are written: row m at `y + m * stride` or, given them, at `y + offsets[m]`. Of these
/// `detail::rows_ahead` behind the last are read. What is below `least` becomes it.
struct SumTarget {
  float* y;
  std::size_t stride;
  const std::size_t* offsets = nullptr;
  float least = no_least;

  [[nodiscard]] float* row(std::size_t m) const {
    return y + (offsets == nullptr ? m * stride : offsets[m]);
  }
};

namespace detail {

/// Every lane that is below `least` becomes it: no NaN is, nor -0 below 0.
template <class Floats>
[[nodiscard, gnu::always_inline]] inline Floats at_least(Floats values, float least) {
  const Floats bound = least - Floats{};  // + would be computed: it turns -0 into 0
  return values < bound ? bound : values;
}

/// Stores the first `count` lanes of `values`, all where there are no more.
template <class Floats>
[[gnu::always_inline]] inline void store_first(float* to, Floats values, std::size_t count) {
  constexpr std::size_t lanes = sizeof(Floats) / sizeof(float);
  if (count >= lanes) {
    // named anew: as a template argument the type has lost its permission to lie anywhere
    *reinterpret_cast<typename Lanes<float, lanes>::type*>(to) = values;
    return;
  }
#if defined(__AVX512VL__)
  if constexpr (lanes == 8) {
    _mm256_mask_storeu_ps(to, static_cast<__mmask8>((1U << count) - 1), values);
  } else {
    static_assert(lanes == 16);
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1U << count) - 1), values);
  }
#else
  std::memcpy(to, &values, count * sizeof(float));
#endif
}

/// The lanes at `from` as floats, each rounded once.
template <class Floats, class Sum>
[[nodiscard, gnu::always_inline]] inline Floats as_floats(const Sum* from) {
  constexpr std::size_t lanes = sizeof(Floats) / sizeof(float);
  if constexpr (sizeof(Sum) <= sizeof(float)) {
    using Sums = typename Lanes<Sum, lanes>::type;
    return __builtin_convertvector(*reinterpret_cast<const Sums*>(from), Floats);
  } else {
    Floats result{};
    for (std::size_t n = 0; n < lanes; ++n) {
      result[n] = static_cast<float>(from[n]);
    }
    return result;
  }
}

/// Writes sums of at most 32 bits as they leave their registers, of which those of bytes need no
/// more than an offset.
template <bool in_bytes, bool is_level>
struct RegisterWriter {
  float* y;
  const std::size_t* rows;  // what is to be added to y
  const float* steps;
  const float* biases;
  const std::uint32_t* offsets;  // of bytes
  float least;
  std::size_t y_step = 0;     // from row to row, where `rows` are those of every tile
  std::size_t rows_step = 0;  // the same of `rows`, where y is that of every tile

  /// See `TileSums`: sums of bytes begin at what they would be off by, taken off.
  template <class Vector>
  [[nodiscard, gnu::always_inline]] Vector start(std::size_t panel, std::size_t column) const {
    if constexpr (in_bytes) {
      using Words = typename Lanes<std::uint32_t, sizeof(Vector) / sizeof(std::uint32_t)>::type;
      const Words off = *reinterpret_cast<const Words*>(offsets + panel * panel_columns + column);
      return reinterpret_cast<Vector>(-off);
    } else {
      return Vector{};
    }
  }
  template <class Vector>
  [[nodiscard, gnu::always_inline]] auto columns(std::size_t panel, std::size_t column) const {
    using Floats = typename Register<float, sizeof(Vector) / sizeof(float)>::type;
    using Stored = typename Lanes<float, sizeof(Vector) / sizeof(float)>::type;
    column += panel * panel_columns;
    // read once, or every store might have changed them
    const Floats bias = *reinterpret_cast<const Stored*>(biases + column);
    const Floats step = *reinterpret_cast<const Stored*>(steps + column);
    const auto ahead = static_cast<std::ptrdiff_t>(rows[rows_ahead] - rows[0]);
    float bound = least;
    asm volatile("" : "+m"(bound));  // or its vector takes a register from every tile
    return [bias, step, ahead, least = bound, to = y + column, rows = rows](std::size_t row,
                                                                            const Vector& sums) {
      const Floats sum = __builtin_convertvector(sums, Floats);
      const Floats value = is_level ? sum * step + bias : sum + bias;
      float* const at = to + rows[row];
      *reinterpret_cast<Stored*>(at) = at_least(value, least);
      __builtin_prefetch(at + ahead, 1);
    };
  }
  /// To the next tile, behind `count` rows.
  [[gnu::always_inline]] void advance(std::size_t count) {
    y += count * y_step;
    rows += count * rows_step;
  }
};

/// Writes a row of pixels of `outputs`, y = sum step + bias, from vectors of 32-bit sums of levels;
/// steps and biases fill whole vectors.
struct LevelRowWriter {
  static constexpr std::size_t lanes = vector_bytes / sizeof(float);
  using Floats = typename Register<float, lanes>::type;

  float* y;
  std::size_t outputs;
  const float* steps;
  const float* biases;
  const float* added = nullptr;  // to whole vectors only; as y, if any
  float least = no_least;

  /// See `DeltaProduct::add_row`.
  template <std::size_t Vectors>
  [[nodiscard, gnu::always_inline]] auto columns(std::size_t first) const {
    static_assert(Vectors <= 4);
    // read once, or every store might have changed them; by name, or they would lie in memory
    const auto vector = [first](const float* values, std::size_t v) {
      return load(values + first + (v < Vectors ? v * lanes : 0));
    };
    const Floats step0 = vector(steps, 0);
    const Floats step1 = vector(steps, 1);
    const Floats step2 = vector(steps, 2);
    const Floats step3 = vector(steps, 3);
    const Floats bias0 = vector(biases, 0);
    const Floats bias1 = vector(biases, 1);
    const Floats bias2 = vector(biases, 2);
    const Floats bias3 = vector(biases, 3);
    const bool is_whole = first + Vectors * lanes <= outputs;
    return [
      =, y = y + first, added = added == nullptr ? nullptr : added + first, least = least, outputs =
      outputs
    ](std::size_t pixel, std::size_t v, const auto& sums) __attribute__((always_inline)) {
      const std::size_t output = v * lanes;  // from the first on
      if (!is_whole && first + output >= outputs) {
        return;
      }
      const std::size_t at = pixel * outputs + output;
      const Floats step = v == 0 ? step0 : v == 1 ? step1 : v == 2 ? step2 : step3;
      const Floats bias = v == 0 ? bias0 : v == 1 ? bias1 : v == 2 ? bias2 : bias3;
      Floats value = __builtin_convertvector(sums, Floats) * step + bias;
      if (added != nullptr) {
        value += load(added + at);
      }
      value = at_least(value, least);
      if (is_whole) {
        *reinterpret_cast<Stored*>(y + at) = value;
      } else {
        store_first(y + at, value, outputs - first - output);
      }
    };
  }

 private:
  using Stored = typename Lanes<float, lanes>::type;

  [[nodiscard, gnu::always_inline]] static Floats load(const float* from) {
    return *reinterpret_cast<const Stored*>(from);
  }
};

/// Writes tiles, or, where these need no other corrections, sums as they leave their registers.
template <class Write, class Registers>
struct SumWriter : Write {
  SumTarget target;
  Registers registers;  // for the first row and column
  bool takes_registers;
  std::array<std::size_t, rows_ahead + 1> consecutive{};

  SumWriter(const Write& write, const SumTarget& to, const Registers& first, bool takes)
      : Write(write), target(to), registers(first), takes_registers(takes) {
    for (std::size_t row = 0; row < consecutive.size(); ++row) {
      consecutive[row] = row * target.stride;
    }
  }

  template <class Sum>
  requires(sizeof(Sum) == sizeof(float)) [[nodiscard]] Registers
      from_registers(std::size_t row, std::size_t column) const {
    Registers result = registers;
    const bool is_scattered = target.offsets != nullptr;
    result.y += (is_scattered ? 0 : row * target.stride) + column;
    result.rows = is_scattered ? target.offsets + row : consecutive.data();
    result.y_step = is_scattered ? 0 : target.stride;
    result.rows_step = is_scattered ? 1 : 0;
    result.steps += column;
    result.biases += column;
    if (result.offsets != nullptr) {
      result.offsets += column;
    }
    return result;
  }
};

}  // namespace detail

}  // namespace upset
