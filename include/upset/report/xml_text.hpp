// SPDX-License-Identifier: BSL-1.0
/// Text that XML can hold, as SVG drawings and pages are to be.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace upset {

namespace detail {

/// Bytes of the character of UTF-8 that `text` begins with; 0 where it begins with none that XML
/// has.
[[nodiscard]] inline std::size_t character_size(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  if (lead < 0x80) {
    return lead >= 0x20 || lead == '\t' || lead == '\n' || lead == '\r' ? 1 : 0;
  }
  const auto size = static_cast<std::size_t>(std::countl_one(lead));
  if (size < 2 || size > 4 || size > text.size()) {
    return 0;
  }
  std::uint32_t code = lead & 0x7FU >> size;
  for (const char c : text.substr(1, size - 1)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >> 6 != 2) {
      return 0;
    }
    code = code << 6 | (byte & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  const bool is_none = code == 0xFFFE || code == 0xFFFF;
  return code < least[size] || code > 0x10FFFF || is_surrogate || is_none ? 0 : size;
}

}  // namespace detail

/// `text` with U+FFFD in the place of every byte that XML cannot hold: control characters but tabs
/// and line breaks, and what is no UTF-8.
[[nodiscard]] inline std::string xml_text(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = detail::character_size(text);
    result += size == 0 ? "\xEF\xBF\xBD" : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return result;
}

}  // namespace upset
