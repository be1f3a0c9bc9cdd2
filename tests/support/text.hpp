// SPDX-License-Identifier: BSL-1.0
/// Looks for parts of a text.
#pragma once

#include <cstddef>
#include <string>

namespace upset::test {

/// How often `part` is in `text`.
[[nodiscard]] inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

[[nodiscard]] inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace upset::test
