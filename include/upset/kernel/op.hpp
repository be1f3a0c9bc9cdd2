// SPDX-License-Identifier: BSL-1.0
/// The one line in which operands differ: a word of activations times a vector of packed weights.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace upset {

namespace detail {

#if defined(__AVX512BW__) && defined(__AVX512VL__)
inline constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX2__)
inline constexpr std::size_t vector_bytes = 32;
#else
inline constexpr std::size_t vector_bytes = 16;
#endif

/// Products of bytes exist: VPDPBUSD for all of them, or VPMADDUBSW, whose pairs of products
/// saturate at 16 bits, for weights of at most 64.
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
inline constexpr int largest_byte_weight = 128;
#elif defined(__AVX2__)
inline constexpr int largest_byte_weight = 64;
#else
inline constexpr int largest_byte_weight = 0;
#endif

/// Products of pairs of 16-bit integers exist.
#if defined(__x86_64__)
inline constexpr bool has_short_dot = true;
#else
inline constexpr bool has_short_dot = false;
#endif

/// Products of pairs of bfloat16 numbers exist.
#if defined(__AVX512BF16__) && defined(__AVX512VL__)
inline constexpr bool has_bfloat16_dot = true;
#else
inline constexpr bool has_bfloat16_dot = false;
#endif
using BFloat16Code = std::uint16_t;

/// What activations are read as where they or their weights hold `is_tiny` codes.
enum class TinyBFloat16Code : BFloat16Code {};

/// Whether VDPBF16PS may miss what comes of one of these numbers: of magnitude below 2^-56, but for
/// zero. It takes subnormals for zeros, and flushes sums to them; products of two larger numbers
/// are multiples of 2^(2 (-56 - 7)) = 2^-126, and so are their sums, none of which is subnormal.
[[nodiscard]] constexpr bool holds_tiny(std::span<const BFloat16Code> codes) {
  const auto without_sign = [](unsigned code) {  // zero comes last
    return static_cast<BFloat16Code>(2 * code - 1);
  };
  BFloat16Code least = without_sign(0);
  for (const BFloat16Code code : codes) {
    least = std::min(least, without_sign(code));
  }
  return least < without_sign((127 - 56) << 7);
}
[[nodiscard]] constexpr bool is_tiny(BFloat16Code code) { return holds_tiny({&code, 1}); }

/// A vector as it lies in memory: anywhere.
template <class T, std::size_t Width>
struct Lanes {
  using type __attribute__((vector_size(Width * sizeof(T)), aligned(alignof(T)), may_alias)) = T;
};

/// A vector in a register, of natural alignment as functions that take references expect. Named
/// vectors keep the accumulators in registers, where plain arrays leave the tile to the
/// auto-vectoriser (3x slower at some tile sizes).
template <class T, std::size_t Width>
struct Register {
  using type __attribute__((vector_size(Width * sizeof(T)))) = T;
};

/// The 32-bit word at `from` in every lane.
template <class Vector>
[[nodiscard, gnu::always_inline]] inline Vector broadcast_word(const void* from) {
  std::int32_t word;
  std::memcpy(&word, from, sizeof(word));
  return Vector{} + word;
}

/// The two 32-bit words at `from` in every pair of lanes.
template <class Vector>
[[nodiscard, gnu::always_inline]] inline Vector broadcast_two_words(const void* from) {
  using Pairs = typename Lanes<std::int64_t, sizeof(Vector) / sizeof(std::int64_t)>::type;
  std::int64_t words;
  std::memcpy(&words, from, sizeof(words));
  return reinterpret_cast<Vector>(Pairs{} + words);
}

/// Keeps a broadcast in a register: GCC would read it again for every product it enters, and two
/// products a cycle leave no cycle for as many reads.
template <class Vector>
[[gnu::always_inline]] inline void keep_in_register([[maybe_unused]] Vector& vector) {
#if defined(__AVX512F__)
  asm("" : "+v"(vector));
#elif defined(__x86_64__)
  asm("" : "+x"(vector));
#endif
}

}  // namespace detail

/// Neighbours along K that lie in one 32-bit word and are multiplied by one instruction.
template <class Weight>
inline constexpr std::size_t values_per_word = sizeof(Weight) < 4 ? 4 / sizeof(Weight) : 1;

/// Whether weights of zero silence what stands behind the last activation: a real could be NaN.
template <class Weight>
inline constexpr bool is_silenced_by_zero =
    std::is_integral_v<Weight> && !std::is_same_v<Weight, detail::BFloat16Code>;

/// How activations `X` and weights `W` are multiplied and added up in a vector of `Sum`s:
/// `broadcast(x)` is the word of activations at x in every lane, and `add(sums, x, w)` adds its
/// product with each word of w.
template <class X, class W>
struct Op;

/// One multiply-add, fused where the target has it.
template <std::floating_point T>
struct Op<T, T> {
  using Sum = T;

  template <class Vector>
  [[nodiscard, gnu::always_inline]] static Vector broadcast(const T* x) {
    return *x - Vector{};  // + would turn -0 into 0
  }
  template <class Vector>
  [[gnu::always_inline]] static void add(Vector& sums, const Vector& x, const Vector& w) {
    sums += x * w;
  }
};

#if defined(__x86_64__)

/// Two products of 16-bit integers, exact while the sum keeps within 32 bits.
template <>
struct Op<std::int16_t, std::int16_t> {
  using Sum = std::int32_t;

  template <class Vector>
  [[nodiscard, gnu::always_inline]] static Vector broadcast(const std::int16_t* x) {
    return detail::broadcast_word<Vector>(x);
  }
  template <class Vector>
  [[gnu::always_inline]] static void add(Vector& sums, const Vector& x, const Vector& w) {
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
    // in place: GCC 12 copies every sum of a tile around its own intrinsic
    asm("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w));
#else
    if constexpr (sizeof(Vector) == 16) {
      sums += reinterpret_cast<Vector>(
          _mm_madd_epi16(reinterpret_cast<__m128i>(x), reinterpret_cast<__m128i>(w)));
    }
#if defined(__AVX2__)
    if constexpr (sizeof(Vector) == 32) {
      sums += reinterpret_cast<Vector>(
          _mm256_madd_epi16(reinterpret_cast<__m256i>(x), reinterpret_cast<__m256i>(w)));
    }
#endif
#if defined(__AVX512BW__)
    if constexpr (sizeof(Vector) == 64) {
      sums += reinterpret_cast<Vector>(
          _mm512_madd_epi16(reinterpret_cast<__m512i>(x), reinterpret_cast<__m512i>(w)));
    }
#endif
#endif
  }
};

#endif

#if defined(__AVX512BF16__) && defined(__AVX512VL__)

/// Two multiply-adds of bfloat16 numbers to a float, the second of a pair first, as the processor
/// does it; none of them `is_tiny`.
template <>
struct Op<detail::BFloat16Code, detail::BFloat16Code> {
  using Sum = float;

  template <class Vector>
  [[nodiscard, gnu::always_inline]] static Vector broadcast(const void* x) {
    using Words = typename detail::Register<std::int32_t, sizeof(Vector) / 4>::type;
    return reinterpret_cast<Vector>(detail::broadcast_word<Words>(x));
  }
  /// Of the last number alone.
  template <class Vector>
  [[nodiscard, gnu::always_inline]] static Vector broadcast_last(const void* x) {
    using Words = typename detail::Register<std::int32_t, sizeof(Vector) / 4>::type;
    detail::BFloat16Code code;
    std::memcpy(&code, x, sizeof(code));
    return reinterpret_cast<Vector>(Words{} + std::int32_t{code});
  }
  template <class Vector>
  [[gnu::always_inline]] static void add(Vector& sums, const Vector& x, const Vector& w) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w));
  }
};

/// The same of any numbers, and the same sums bit for bit.
template <>
struct Op<detail::TinyBFloat16Code, detail::BFloat16Code>
    : Op<detail::BFloat16Code, detail::BFloat16Code> {
  template <class Vector>
  [[gnu::always_inline]] static void add(Vector& sums, const Vector& x, const Vector& w) {
    using Words = typename detail::Register<std::uint32_t, sizeof(Vector) / 4>::type;
    const auto x_words = reinterpret_cast<Words>(x);
    const auto w_words = reinterpret_cast<Words>(w);
    const Words x_second = x_words & 0xFFFF'0000U;
    const Words w_second = w_words & 0xFFFF'0000U;
    const Words x_first = x_words << 16;
    const Words w_first = w_words << 16;
    // fused, whatever a compiler makes of a product and a sum
    asm("vfmadd231ps %2, %1, %0" : "+v"(sums) : "v"(x_second), "v"(w_second));
    asm("vfmadd231ps %2, %1, %0" : "+v"(sums) : "v"(x_first), "v"(w_first));
  }
};

#endif

#if defined(__AVX2__)

/// Four products of 0..255 with weights of at most `largest_byte_weight`, exact while the sum keeps
/// within 32 bits.
template <>
struct Op<std::uint8_t, std::int8_t> {
  using Sum = std::int32_t;

  template <class Vector>
  [[nodiscard, gnu::always_inline]] static Vector broadcast(const std::uint8_t* x) {
    return detail::broadcast_word<Vector>(x);
  }
  template <class Vector>
  [[gnu::always_inline]] static void add(Vector& sums, const Vector& x, const Vector& w) {
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w));
#else
    if constexpr (sizeof(Vector) == 16) {
      const __m128i pairs =
          _mm_maddubs_epi16(reinterpret_cast<__m128i>(x), reinterpret_cast<__m128i>(w));
      sums += reinterpret_cast<Vector>(_mm_madd_epi16(pairs, _mm_set1_epi16(1)));
    } else if constexpr (sizeof(Vector) == 32) {
      const __m256i pairs =
          _mm256_maddubs_epi16(reinterpret_cast<__m256i>(x), reinterpret_cast<__m256i>(w));
      sums += reinterpret_cast<Vector>(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
#if defined(__AVX512BW__)
    if constexpr (sizeof(Vector) == 64) {
      const __m512i pairs =
          _mm512_maddubs_epi16(reinterpret_cast<__m512i>(x), reinterpret_cast<__m512i>(w));
      sums += reinterpret_cast<Vector>(_mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
    }
#endif
#endif
  }
};

#endif

}  // namespace upset
