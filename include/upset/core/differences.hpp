// SPDX-License-Identifier: BSL-1.0
/// Where two arrays differ, bit for bit.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <upset/core/bits.hpp>

#if defined(__AVX512BW__)
#include <immintrin.h>
#endif

namespace upset::detail {

template <class T>
[[nodiscard]] inline bool same_bits(const T* a, const T* b, std::size_t count) {
  return count == 0 || std::memcmp(a, b, count * sizeof(T)) == 0;  // null is no argument of memcmp
}

/// Room beyond the last index that `list_differences` may write to.
inline constexpr std::size_t list_slack = 15;

/// Writes every i below `count` with different bits in a[i] and b[i], ascending, without branches;
/// returns how many. `to` has room for `count + list_slack`.
template <class T>
[[nodiscard]] std::size_t list_differences(const T* a, const T* b, std::size_t count,
                                           std::uint32_t* to) {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4);
  std::size_t found = 0;
  std::size_t i = 0;
#if defined(__AVX512BW__)
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto list = [&](std::uint32_t different, std::size_t first) {
    const __m512i indices = _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(first)));
    _mm512_storeu_si512(to + found,
                        _mm512_maskz_compress_epi32(static_cast<__mmask16>(different), indices));
    found += static_cast<std::size_t>(std::popcount(different));
  };
  constexpr std::size_t block = 64 / sizeof(T);
  for (; i + block <= count; i += block) {
    const __m512i left = _mm512_loadu_si512(a + i);
    const __m512i right = _mm512_loadu_si512(b + i);
    if constexpr (sizeof(T) == 2) {
      const std::uint32_t different = _mm512_cmpneq_epi16_mask(left, right);
      list(different & 0xFFFFU, i);
      list(different >> 16U, i + 16);
    } else {
      list(_mm512_cmpneq_epi32_mask(left, right), i);
    }
  }
#endif
  for (; i < count; ++i) {
    to[found] = static_cast<std::uint32_t>(i);
    found += same_bits(a + i, b + i, 1) ? 0U : 1U;
  }
  return found;
}

/// The first index from `begin` on where a and b differ; `end` where they are equal.
template <class T>
[[nodiscard]] std::size_t first_difference(const T* a, const T* b, std::size_t begin,
                                           std::size_t end) {
  constexpr std::size_t block = 64;
  while (begin + block <= end && same_bits(a + begin, b + begin, block)) {
    begin += block;
  }
  while (begin < end && same_bits(a + begin, b + begin, 1)) {
    ++begin;
  }
  return begin;
}

/// One past the last index below `end` where a and b differ; `begin` where they are equal.
template <class T>
[[nodiscard]] std::size_t last_difference(const T* a, const T* b, std::size_t begin,
                                          std::size_t end) {
  constexpr std::size_t block = 64;
  while (begin + block <= end && same_bits(a + end - block, b + end - block, block)) {
    end -= block;
  }
  while (begin < end && same_bits(a + end - 1, b + end - 1, 1)) {
    --end;
  }
  return end;
}

}  // namespace upset::detail
