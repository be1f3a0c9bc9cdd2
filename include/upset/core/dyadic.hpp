// SPDX-License-Identifier: BSL-1.0
/// Real numbers taken apart exactly: what every conversion between number formats goes through.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

#include <upset/core/bits.hpp>

namespace upset {

/// What a `Dyadic` stands for.
enum class RealKind : std::uint8_t { finite, infinite, nan };

/// The exact value `(-1)^negative * significand * 2^exponent`, an infinity, or a NaN.
///
/// A NaN keeps its payload in `significand`, left-aligned, the quiet bit being bit 63, so that a
/// conversion between formats can keep the high payload bits.
struct Dyadic {
  std::uint64_t significand = 0;
  int exponent = 0;
  bool negative = false;
  RealKind kind = RealKind::finite;

  [[nodiscard]] friend constexpr bool operator==(const Dyadic&, const Dyadic&) = default;
};

/// The native types that convert to every number format with a single rounding. GNU dialects count
/// __int128 among the integers, whose magnitude a `Dyadic` does not hold.
template <class T>
concept NativeReal = std::same_as<T, float> || std::same_as<T, double> ||
    (std::integral<T> && sizeof(T) <= sizeof(std::uint64_t));

namespace detail {

/// Takes apart the low `1 + E + M` bits of an IEEE 754 style encoding with infinities and NaN.
template <int E, int M>
[[nodiscard]] constexpr Dyadic dyadic_from_ieee(std::uint64_t bits) {
  constexpr int bias = (1 << (E - 1)) - 1;
  const bool negative = test_bit(bits, E + M);
  const int field = static_cast<int>(extract_bits(bits, M, E));
  const std::uint64_t fraction = extract_bits(bits, 0, M);
  if (field == (1 << E) - 1) {
    return {fraction << (64 - M), 0, negative, fraction == 0 ? RealKind::infinite : RealKind::nan};
  }
  if (field == 0) {
    return {fraction, 1 - bias - M, negative};
  }
  return {fraction | (std::uint64_t{1} << M), field - bias - M, negative};
}

}  // namespace detail

/// The exact value of a native number; -0.0 stays negative, a NaN keeps sign and payload.
template <NativeReal T>
[[nodiscard]] constexpr Dyadic to_dyadic(T x) {
  if constexpr (std::same_as<T, float>) {
    return detail::dyadic_from_ieee<8, 23>(std::bit_cast<std::uint32_t>(x));
  } else if constexpr (std::same_as<T, double>) {
    return detail::dyadic_from_ieee<11, 52>(std::bit_cast<std::uint64_t>(x));
  } else {
    const auto bits = static_cast<std::uint64_t>(x);  // sign-extended where T is signed
    const bool negative = x < T{};
    return {negative ? std::uint64_t{0} - bits : bits, 0, negative};
  }
}

}  // namespace upset
