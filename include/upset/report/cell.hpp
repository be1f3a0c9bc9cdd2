// SPDX-License-Identifier: BSL-1.0
/// Numbers as text, independent of locale, and the cells that tables and CSV files are made of.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace upset {

/// The shortest text that reads back as exactly `x`: "0.1", "1e-05", "nan", "inf".
[[nodiscard]] inline std::string shortest(double x) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, x).ptr};
}

/// `x` rounded to `decimals` digits behind the point: (91.255, 1) gives "91.3".
[[nodiscard]] inline std::string with_decimals(double x, int decimals) {
  char text[512];  // 309 digits before the point at most
  const auto end = std::to_chars(text, text + sizeof text, x, std::chars_format::fixed, decimals);
  return end.ec == std::errc{} ? std::string(text, end.ptr) : shortest(x);
}

/// A small number as people write it: 2e-05 gives "2e-5", 0.5 "0.5". At most `digits` digits.
[[nodiscard]] inline std::string rate_text(double x, int digits = 3) {
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::general, digits);
  std::string text(buffer, end.ptr);
  // to_chars pads exponents to two digits.
  if (const auto e = text.find('e'); e != std::string::npos && text[e + 2] == '0') {
    text.erase(e + 2, 1);
  }
  return text;
}

/// One cell of a row: its text, and whether that is a number, which tables align to the right.
///
/// Made from a number it holds the shortest text that reads back as the same number.
struct Cell {
  std::string text;
  bool number = false;

  Cell() = default;
  Cell(std::string words) : text(std::move(words)) {}  // NOLINT: a cell is what is written in it
  Cell(std::string_view words) : text(words) {}        // NOLINT
  Cell(const char* words) : text(words) {}             // NOLINT
  Cell(double x) : text(shortest(x)), number(true) {}  // NOLINT
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>) Cell(Integer x)
      : text(std::to_string(x)), number(true) {}  // NOLINT

  /// Text aligned as a number: "> 1e-3", "-", or a number rounded for reading.
  [[nodiscard]] static Cell aligned_right(std::string text) {
    Cell cell(std::move(text));
    cell.number = true;
    return cell;
  }
  [[nodiscard]] friend bool operator==(const Cell&, const Cell&) = default;
};

}  // namespace upset
