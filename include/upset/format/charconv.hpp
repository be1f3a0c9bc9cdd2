// SPDX-License-Identifier: BSL-1.0
/// Text without allocation: `to_chars` and `from_chars` for every element type.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

#include <upset/format/quantize.hpp>

namespace upset {

/// Writes the value in the fewest decimal digits that read back as the same float or double.
template <NumberFormat T>
[[nodiscard]] inline std::to_chars_result to_chars(char* first, char* last, T x) {
  return std::to_chars(first, last, x.value());
}

/// Writes a code that is no number by itself, without its scale, as its bits, the highest first:
/// "0b01011010".
template <ElementType T>
requires(!NumberFormat<T>) [[nodiscard]] constexpr std::to_chars_result
    to_chars(char* first, char* last, T x) {
  if (last - first < T::width + 2) {
    return {last, std::errc::value_too_large};
  }
  *first++ = '0';
  *first++ = 'b';
  for (int bit = T::width - 1; bit >= 0; --bit) {
    *first++ = test_bit(x.bits(), bit) ? '1' : '0';
  }
  return {first, std::errc{}};
}

namespace detail {

/// A positive decimal number as its significant digits and the power of ten of the first one.
struct Digits {
  std::string_view text;  // may hold a point, is followed by no exponent
  long long exponent = 0;

  /// The next digit, zero for ever after the last.
  constexpr char next() {
    while (!text.empty() && text.front() == '.') {
      text.remove_prefix(1);
    }
    if (text.empty()) {
      return '0';
    }
    const char digit = text.front();
    text.remove_prefix(1);
    return digit;
  }
};

/// Takes apart what `std::from_chars` has accepted as a finite number not zero.
[[nodiscard]] inline Digits digits_of(std::string_view text) {
  if (text.front() == '-') {
    text.remove_prefix(1);
  }
  Digits digits{text};
  if (const std::size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    const std::size_t sign = text[e + 1] == '+' ? 1 : 0;
    std::from_chars(text.data() + e + 1 + sign, text.data() + text.size(), digits.exponent);
    digits.text = text.substr(0, e);
  }
  const std::size_t point = digits.text.find('.');
  const std::size_t whole = point == std::string_view::npos ? digits.text.size() : point;
  const std::size_t lead = digits.text.find_first_not_of("0.");
  digits.exponent += static_cast<long long>(whole) - static_cast<long long>(lead);
  digits.exponent -= lead < whole ? 1 : 0;
  digits.text.remove_prefix(lead);
  return digits;
}

/// Whether the decimal number `text` is less than (-1), equal to (0) or greater than (1) `x` in
/// magnitude; `x` is the double it reads as and has at most 130 significant digits.
[[nodiscard]] inline int compare_magnitude(std::string_view text, double x) {
  std::array<char, 160> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x,
                                 std::chars_format::scientific, 130);
  Digits exact = digits_of({buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data())});
  Digits read = digits_of(text);
  if (read.exponent != exact.exponent) {
    return read.exponent < exact.exponent ? -1 : 1;
  }
  while (!read.text.empty() || !exact.text.empty()) {
    const char a = read.next();
    const char b = exact.next();
    if (a != b) {
      return a < b ? -1 : 1;
    }
  }
  return 0;
}

}  // namespace detail

/// Reads a decimal number, infinity or NaN as `std::from_chars` does for double.
///
/// - rounding: half to even, once: read as a double first, and where that falls on a tie of `T`
///             the digits decide the side
/// - overflow: beyond the range of `T` as `T` rounds any number; NaN as `T` encodes it
/// - errors:   as `std::from_chars`, which calls numbers beyond the range of double
///             `result_out_of_range`; `x` is then left alone
template <NumberFormat T>
[[nodiscard]] inline std::from_chars_result from_chars(const char* first, const char* last, T& x) {
  double number = 0;
  const std::from_chars_result result = std::from_chars(first, last, number);
  if (result.ec != std::errc{}) {
    return result;
  }
  const Dyadic exact = to_dyadic(number);
  const auto rounded = [&exact](int side) {
    Dyadic moved = exact;
    if (exact.kind == RealKind::finite && exact.significand != 0) {
      moved.exponent -= 2;  // by a quarter of the double's last place at most
      moved.significand = 4 * exact.significand + 1 - static_cast<std::uint64_t>(1 - side);
    }
    return T::from_dyadic(moved, nearest_even, typename T::Overflow{});
  };
  x = rounded(-1);
  if (x.bits() != rounded(1).bits()) {
    const std::string_view text{first, static_cast<std::size_t>(result.ptr - first)};
    x = rounded(detail::compare_magnitude(text, number));
  }
  return result;
}

/// Reads `T::width` bits as `to_chars` writes them.
template <ElementType T>
requires(!NumberFormat<T>) [[nodiscard]] constexpr std::from_chars_result
    from_chars(const char* first, const char* last, T& x) {
  if (last - first < T::width + 2 || first[0] != '0' || first[1] != 'b') {
    return {first, std::errc::invalid_argument};
  }
  std::uint32_t bits = 0;
  for (const char* digit = first + 2; digit != first + 2 + T::width; ++digit) {
    if (*digit != '0' && *digit != '1') {
      return {first, std::errc::invalid_argument};
    }
    bits = 2 * bits + (*digit == '1' ? 1U : 0U);
  }
  x = T::from_bits(static_cast<typename T::code_type>(bits));
  return {first + 2 + T::width, std::errc{}};
}

}  // namespace upset
