// SPDX-License-Identifier: BSL-1.0
/// Numbers as text, independent of locale, and the cells that tables and CSV files are made of.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// An interval, both ends rounded: (89.912, 91.06, 2) gives "89.91..91.06".
[[nodiscard]] inline std::string range_text(double low, double high, int decimals) {
  return with_decimals(low, decimals) + ".." + with_decimals(high, decimals);
}

/// A number with its thousands apart: "1,234,567".
[[nodiscard]] inline std::string grouped_text(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    text.insert(at -= 3, 1, ',');
  }
  return text;
}

/// A rate in at most `digits` digits, as people write it: "0", "1e-4", "3.16e-5", "1".
[[nodiscard]] inline std::string rate_text(double x, int digits = 3) {
  if (x == 0 || x == 1) {
    return x == 0 ? "0" : "1";
  }
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::scientific, digits - 1);
  std::string text(buffer, end.ptr);
  const auto e = text.find('e');
  if (e == std::string::npos) {
    return text;  // not finite
  }
  std::string digits_kept = text.substr(0, e);
  if (digits_kept.find('.') != std::string::npos) {
    digits_kept.erase(digits_kept.find_last_not_of('0') + 1);
    digits_kept.erase(digits_kept.find_last_not_of('.') + 1);
  }
  std::string exponent = text.substr(e);
  if (exponent[2] == '0') {  // to_chars pads exponents to two digits
    exponent.erase(2, 1);
  }
  return digits_kept + exponent;
}

/// The rates of a range, `rate(element)` each, in as many digits as set them apart, three at least.
template <class Range, class Rate = std::identity>
[[nodiscard]] std::vector<std::string> rate_texts(const Range& range, Rate rate = {}) {
  std::vector<std::string> texts;
  for (int digits = 3; digits <= 17; ++digits) {  // which set any two apart
    texts.clear();
    for (const auto& element : range) {
      texts.push_back(rate_text(std::invoke(rate, element), digits));
    }
    if (std::set(texts.begin(), texts.end()).size() == texts.size()) {
      break;
    }
  }
  return texts;
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
