// SPDX-License-Identifier: BSL-1.0
/// One function of every element of an array, in vectors.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace upset::detail {

/// The low bits of each of `count` words, a multiple of 16.
template <class To>
void narrow(const std::uint32_t* from, To* to, std::size_t count) {
#if defined(__AVX512F__)
  for (std::size_t i = 0; i < count; i += 16) {
    // masked, if by nothing: GCC 12 warns of the undefined operand of the plain ones
    const __m512i words = _mm512_loadu_si512(from + i);
    if constexpr (sizeof(To) == 1) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                       _mm512_maskz_cvtepi32_epi8(0xFFFF, words));
    } else {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i),
                          _mm512_maskz_cvtepi32_epi16(0xFFFF, words));
    }
  }
#else
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = static_cast<To>(from[i]);
  }
#endif
}

/// What a function that can tell whether it is right makes of an element.
struct Guess {
  std::uint32_t word = 0;  ///< its low bits, all that are kept, are the function's
  std::int32_t error = 0;  ///< if this is below `error_limit()`
};

template <class Function, class From>
concept Guessing = requires(const Function& function, From x) {
  { function.guess(x) } -> std::same_as<Guess>;
  { function.error_limit() } -> std::same_as<std::int32_t>;
};

/// `Count` elements by way of 32-bit words: left to itself, GCC 12 narrows as it computes, which
/// takes three times as long.
template <std::size_t Count, class From, class To, class Function>
[[gnu::always_inline]] inline void transform_narrowing(const From* from, To* to,
                                                       const Function& function) {
  std::array<std::uint32_t, Count> wide;
  if constexpr (Guessing<Function, From>) {
    std::int32_t error = 0;
    for (std::size_t i = 0; i < Count; ++i) {
      const Guess guess = function.guess(from[i]);
      wide[i] = guess.word;
      error = std::max(error, guess.error);
    }
    if (error < function.error_limit()) [[likely]] {
      narrow(wide.data(), to, Count);
      return;
    }
  }
  for (std::size_t i = 0; i < Count; ++i) {
    wide[i] = static_cast<std::uint32_t>(function(from[i]));
  }
  narrow(wide.data(), to, Count);
}

/// to[i] = function(from[i]), for a function without branches or state, which may be asked twice.
/// Where elements get narrower, it should return a 32-bit word; one that is `Guessing` is asked for
/// what it returns only where a guess may be wrong.
template <class From, class To, class Function>
void transform(const From* from, std::size_t count, To* to, Function function) {
  std::size_t i = 0;
  if constexpr (sizeof(To) < sizeof(std::uint32_t) && sizeof(From) == sizeof(std::uint32_t)) {
    for (; count - i >= 64; i += 64) {
      transform_narrowing<64>(from + i, to + i, function);
    }
    for (; count - i >= 16; i += 16) {
      transform_narrowing<16>(from + i, to + i, function);
    }
    if (i < count && count >= 16) {  // the last 16, some of them once more
      transform_narrowing<16>(from + count - 16, to + count - 16, function);
      return;
    }
  }
  for (; i < count; ++i) {
    to[i] = static_cast<To>(function(from[i]));
  }
}

}  // namespace upset::detail
