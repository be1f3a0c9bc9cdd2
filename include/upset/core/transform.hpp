// SPDX-License-Identifier: BSL-1.0
/// One function of every element of an array, in vectors.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

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

/// The largest errors of guesses, in any lane.
using GuessErrors [[gnu::vector_size(64)]] = std::int32_t;

[[nodiscard]] inline bool are_below(const GuessErrors& errors, std::int32_t limit) {
#if defined(__AVX512F__)
  return _mm512_cmpge_epi32_mask(reinterpret_cast<const __m512i&>(errors),
                                 _mm512_set1_epi32(limit)) == 0;
#else
  std::int32_t largest = 0;
  for (std::size_t lane = 0; lane < sizeof errors / sizeof largest; ++lane) {
    largest = std::max(largest, errors[lane]);
  }
  return largest < limit;
#endif
}

/// `Count` elements by way of 32-bit words: left to itself, GCC 12 narrows as it computes, which
/// takes three times as long.
template <std::size_t Count, class From, class To, class Function>
[[gnu::always_inline]] inline void transform_narrowing(const From* from, To* to,
                                                       const Function& function) {
  std::array<std::uint32_t, Count> wide;
  for (std::size_t i = 0; i < Count; ++i) {
    wide[i] = static_cast<std::uint32_t>(function(from[i]));
  }
  narrow(wide.data(), to, Count);
}

/// The same by guesses, `Count` a multiple of 16.
template <std::size_t Count, class From, class To, class Function>
[[gnu::always_inline]] inline void guess_narrowing(const From* from, To* to,
                                                   const Function& function, GuessErrors& largest) {
  std::array<std::uint32_t, Count> wide;
  std::array<std::int32_t, Count> errors;
  for (std::size_t i = 0; i < Count; ++i) {
    const Guess guess = function.guess(from[i]);
    wide[i] = guess.word;
    errors[i] = guess.error;
  }
  for (std::size_t i = 0; i < Count; i += sizeof(GuessErrors) / sizeof(std::int32_t)) {
    GuessErrors here;
    std::memcpy(&here, errors.data() + i, sizeof here);
    largest = here > largest ? here : largest;
  }
  narrow(wide.data(), to, Count);
}

/// Calls `step(size, first)` for 64 or 16 elements at a time, `size()` of them; of the last 16 some
/// once more. There are at least 16.
template <class Step>
[[gnu::always_inline]] inline void in_steps(std::size_t count, const Step& step) {
  std::size_t i = 0;
  for (; count - i >= 64; i += 64) {
    step(std::integral_constant<std::size_t, 64>{}, i);
  }
  for (; count - i >= 16; i += 16) {
    step(std::integral_constant<std::size_t, 16>{}, i);
  }
  if (i < count) {
    step(std::integral_constant<std::size_t, 16>{}, count - 16);
  }
}

/// to[i] = function(from[i]), for a function without branches or state, which may be asked twice.
/// Where elements get narrower, it should return a 32-bit word; one that is `Guessing` is asked for
/// what it returns only where a guess may be wrong.
template <class From, class To, class Function>
void transform(const From* from, std::size_t count, To* to, Function function) {
  if constexpr (sizeof(To) < sizeof(std::uint32_t) && sizeof(From) == sizeof(std::uint32_t)) {
    // done again where one guess is no good: inference in `Mono<8>` is 2 % slower in parts of 1024
    constexpr std::size_t part = 256;
    while (count >= 16) {
      const std::size_t now = count < 2 * part ? count : part;
      bool is_done = false;
      if constexpr (Guessing<Function, From>) {
        GuessErrors largest{};
        in_steps(
            now, [&](auto size, std::size_t i) __attribute__((always_inline)) {
              guess_narrowing<size()>(from + i, to + i, function, largest);
            });
        is_done = are_below(largest, function.error_limit());
      }
      if (!is_done) {
        in_steps(
            now, [&](auto size, std::size_t i) __attribute__((always_inline)) {
              transform_narrowing<size()>(from + i, to + i, function);
            });
      }
      from += now;
      to += now;
      count -= now;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = static_cast<To>(function(from[i]));
  }
}

}  // namespace upset::detail
