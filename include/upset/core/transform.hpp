// SPDX-License-Identifier: BSL-1.0
/// One function of every element of an array, in vectors.
#pragma once

#include <array>
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

/// to[i] = function(from[i]), for a function without branches.
///
/// Elements narrower than a float go through 32-bit words: left to itself, GCC 12 narrows as it
/// computes, which takes three times as long.
template <class From, class To, class Function>
void transform(const From* from, std::size_t count, To* to, Function function) {
  std::size_t i = 0;
  if constexpr (sizeof(To) < sizeof(std::uint32_t) && sizeof(From) == sizeof(std::uint32_t)) {
    constexpr std::size_t block = 64;
    for (; count - i >= block; i += block) {
      std::array<std::uint32_t, block> wide;
      for (std::size_t j = 0; j < block; ++j) {
        wide[j] = static_cast<std::uint32_t>(function(from[i + j]));
      }
      narrow(wide.data(), to + i, block);
    }
  }
  for (; i < count; ++i) {
    to[i] = static_cast<To>(function(from[i]));
  }
}

}  // namespace upset::detail
