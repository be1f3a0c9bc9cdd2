// SPDX-License-Identifier: BSL-1.0
/// Where two arrays differ, bit for bit.
#pragma once

#include <cstddef>
#include <cstring>

namespace upset::detail {

template <class T>
[[nodiscard]] inline bool same_bits(const T* a, const T* b, std::size_t count) {
  return count == 0 || std::memcmp(a, b, count * sizeof(T)) == 0;  // null is no argument of memcmp
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
