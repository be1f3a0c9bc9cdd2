// SPDX-License-Identifier: BSL-1.0
/// A sum that tells contents apart.
#pragma once

#include <cstdint>
#include <string_view>

namespace upset::detail {

/// FNV-1a of 64 bits, of `bytes` behind those whose sum is `sum`.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view bytes,
                                            std::uint64_t sum = 0xcbf29ce484222325U) {
  for (const char byte : bytes) {
    sum = (sum ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  }
  return sum;
}

}  // namespace upset::detail
