// SPDX-License-Identifier: BSL-1.0
/// The one line in which operands differ: a word of activations times a vector of packed weights.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
#include <immintrin.h>
#endif

namespace upset {

namespace detail {

#if defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32;
#else
inline constexpr std::size_t vector_bytes = 16;
#endif

#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
inline constexpr bool has_byte_dot = true;
#else
inline constexpr bool has_byte_dot = false;
#endif

// Fixed-size vectors keep the accumulators in registers, where plain arrays leave the tile to the
// auto-vectoriser (3x slower at some tile sizes).
template <class T, std::size_t Width>
struct Lanes {
  using type __attribute__((vector_size(Width * sizeof(T)), aligned(alignof(T)), may_alias)) = T;
};

}  // namespace detail

/// Neighbours along K that lie in one 32-bit word and are multiplied by one instruction.
template <class Weight>
inline constexpr std::size_t values_per_word = sizeof(Weight) < 4 ? 4 / sizeof(Weight) : 1;

/// How activations `X` and weights `W` are multiplied and added up: `Sum`, and `dot(sums, x, w)`,
/// which adds the word at `x` times each word of `w` to each of `sums`.
template <class X, class W>
struct Op;

/// One multiply-add, fused where the target has it.
template <std::floating_point T>
struct Op<T, T> {
  using Sum = T;

  template <class Vector>
  [[gnu::always_inline]] static Vector dot(Vector sums, const T* x, Vector w) {
    return sums + *x * w;
  }
};

#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
/// Four products of 0..255 with -128..127, exact while the sum keeps within 32 bits.
template <>
struct Op<std::uint8_t, std::int8_t> {
  using Sum = std::int32_t;

  template <class Vector>
  [[gnu::always_inline]] static Vector dot(Vector sums, const std::uint8_t* x, Vector w) {
    std::int32_t word;
    std::memcpy(&word, x, sizeof(word));
    if constexpr (sizeof(Vector) == 64) {
      return reinterpret_cast<Vector>(_mm512_dpbusd_epi32(
          reinterpret_cast<__m512i>(sums), _mm512_set1_epi32(word), reinterpret_cast<__m512i>(w)));
    } else {
      return reinterpret_cast<Vector>(_mm256_dpbusd_epi32(
          reinterpret_cast<__m256i>(sums), _mm256_set1_epi32(word), reinterpret_cast<__m256i>(w)));
    }
  }
};
#endif

}  // namespace upset
