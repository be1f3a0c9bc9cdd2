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

/// Calls `use(i)` for every i below `count` with different bits in a[i] and b[i], ascending.
template <class T, class Use>
void for_each_difference(const T* a, const T* b, std::size_t count, Use use) {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4);
  constexpr std::size_t block = 64 / sizeof(T);
  std::size_t i = 0;
#if defined(__AVX512BW__)
  for (; i + block <= count; i += block) {
    const __m512i left = _mm512_loadu_si512(a + i);
    const __m512i right = _mm512_loadu_si512(b + i);
    std::uint32_t different = 0;
    if constexpr (sizeof(T) == 2) {
      different = _mm512_cmpneq_epi16_mask(left, right);
    } else {
      different = _mm512_cmpneq_epi32_mask(left, right);
    }
    for (; different != 0; different &= different - 1) {
      use(i + static_cast<std::size_t>(std::countr_zero(different)));
    }
  }
#endif
  for (; i < count; i += block) {
    const std::size_t end = std::min(i + block, count);
    if (same_bits(a + i, b + i, end - i)) {
      continue;
    }
    for (std::size_t at = i; at < end; ++at) {
      if (!same_bits(a + at, b + at, 1)) {
        use(at);
      }
    }
  }
}

/// How many elements differ.
template <class T>
[[nodiscard]] std::size_t count_differences(const T* a, const T* b, std::size_t count) {
  std::size_t different = 0;
  for (std::size_t i = 0; i < count; ++i) {
    different +=
        std::bit_cast<Unsigned<8 * sizeof(T)>>(a[i]) != std::bit_cast<Unsigned<8 * sizeof(T)>>(b[i])
            ? 1U
            : 0U;
  }
  return different;
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
