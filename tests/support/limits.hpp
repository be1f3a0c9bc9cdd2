// SPDX-License-Identifier: BSL-1.0
/// Every member of std::numeric_limits that is not a function, as one comparable value.
#pragma once

#include <limits>

namespace upset::test {

struct LimitsTable {
  bool is_specialized, is_signed, is_integer, is_exact, is_iec559, is_bounded, is_modulo;
  bool has_infinity, has_quiet_nan, has_signaling_nan, has_denorm_loss, traps, tinyness_before;
  std::float_denorm_style has_denorm;
  std::float_round_style round_style;
  int radix, digits, digits10, max_digits10;
  int min_exponent, min_exponent10, max_exponent, max_exponent10;

  friend constexpr bool operator==(const LimitsTable&, const LimitsTable&) = default;
};

template <class T>
[[nodiscard]] constexpr LimitsTable limits_of() {
  using L = std::numeric_limits<T>;
  return {L::is_specialized,  L::is_signed,         L::is_integer,      L::is_exact,
          L::is_iec559,       L::is_bounded,        L::is_modulo,       L::has_infinity,
          L::has_quiet_NaN,   L::has_signaling_NaN, L::has_denorm_loss, L::traps,
          L::tinyness_before, L::has_denorm,        L::round_style,     L::radix,
          L::digits,          L::digits10,          L::max_digits10,    L::min_exponent,
          L::min_exponent10,  L::max_exponent,      L::max_exponent10};
}

/// What an IEEE style float must say, given the seven numbers that differ.
[[nodiscard]] constexpr LimitsTable float_limits(int digits, int digits10, int max_digits10,
                                                 int min_exponent, int min_exponent10,
                                                 int max_exponent, int max_exponent10,
                                                 bool has_signaling_nan = true) {
  return {true,
          true,
          false,
          false,
          true,
          true,
          false,
          true,
          true,
          has_signaling_nan,
          false,
          false,
          false,
          std::denorm_present,
          std::round_to_nearest,
          2,
          digits,
          digits10,
          max_digits10,
          min_exponent,
          min_exponent10,
          max_exponent,
          max_exponent10};
}

/// What a fixed-point type must say.
[[nodiscard]] constexpr LimitsTable fixed_limits(int digits, int digits10, bool is_integer) {
  return {true,
          true,
          is_integer,
          true,
          false,
          true,
          false,
          false,
          false,
          false,
          false,
          false,
          false,
          std::denorm_absent,
          std::round_to_nearest,
          2,
          digits,
          digits10,
          0,
          0,
          0,
          0,
          0};
}

/// `const` and `volatile` types have the limits of the type itself.
template <class T>
inline constexpr bool limits_forwarded =
    limits_of<const T>() == limits_of<T>() && limits_of<volatile T>() == limits_of<T>() &&
    limits_of<const volatile T>() == limits_of<T>() &&
    std::numeric_limits<const T>::max().bits() == std::numeric_limits<T>::max().bits() &&
    std::numeric_limits<volatile T>::lowest().bits() == std::numeric_limits<T>::lowest().bits();

}  // namespace upset::test
