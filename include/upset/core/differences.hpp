// SPDX-License-Identifier: BSL-1.0
/// Where two arrays differ, bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace upset::detail {

template <class T>
[[nodiscard]] inline bool same_bits(const T* a, const T* b, std::size_t count) {
  return count == 0 || std::memcmp(a, b, count * sizeof(T)) == 0;  // null is no argument of memcmp
}

/// Whether `Count` values are equal. A loop, which becomes vectors: of a memcmp of this size GCC 12
/// makes a chain of branches.
template <std::size_t Count, class T>
[[nodiscard]] inline bool same_block(const T* a, const T* b) {
  std::uint64_t different = 0;
  for (std::size_t byte = 0; byte < Count * sizeof(T); byte += sizeof different) {
    std::uint64_t x;
    std::uint64_t y;
    std::memcpy(&x, reinterpret_cast<const char*>(a) + byte, sizeof x);
    std::memcpy(&y, reinterpret_cast<const char*>(b) + byte, sizeof y);
    different |= x ^ y;
  }
  return different == 0;
}

/// The first index from `begin` on where a and b differ; `end` where they are equal.
template <class T>
[[nodiscard]] std::size_t first_difference(const T* a, const T* b, std::size_t begin,
                                           std::size_t end) {
  for (; begin + 64 <= end && same_block<64>(a + begin, b + begin); begin += 64) {
  }
  for (; begin + 8 <= end && same_block<8>(a + begin, b + begin); begin += 8) {
  }
  for (; begin < end && same_bits(a + begin, b + begin, 1); ++begin) {
  }
  return begin;
}

/// One past the last index below `end` where a and b differ; `begin` where they are equal.
template <class T>
[[nodiscard]] std::size_t last_difference(const T* a, const T* b, std::size_t begin,
                                          std::size_t end) {
  for (; begin + 64 <= end && same_block<64>(a + end - 64, b + end - 64); end -= 64) {
  }
  for (; begin + 8 <= end && same_block<8>(a + end - 8, b + end - 8); end -= 8) {
  }
  for (; begin < end && same_bits(a + end - 1, b + end - 1, 1); --end) {
  }
  return end;
}

}  // namespace upset::detail
