// SPDX-License-Identifier: BSL-1.0
/// Real numbers to formats and formats to formats, with the policies chosen by the caller.
#pragma once

#include <concepts>

#include <upset/core/rounding.hpp>
#include <upset/format/concepts.hpp>

namespace upset {

/// A format whose codes are numbers by themselves: no scale, an exact value, arithmetic.
///
/// `Fixed` and `Minifloat` (so `Float32`, `BFloat16`, `Float16`) are, codes of `Mono` are not.
template <class T>
concept NumberFormat = ElementType<T> && std::same_as<typename T::Scale, Unscaled> &&
    OverflowPolicy<typename T::Overflow> && requires(T x, Dyadic exact) {
  { x.dyadic() } -> std::same_as<Dyadic>;
  { T::from_dyadic(exact, nearest_even, typename T::Overflow{}) } -> std::same_as<T>;
  x.value();
};

/// Rounds a native number to a value of `T`, once.
///
/// - rounding: `rounding` decides; beyond the range `overflow`; a NaN only where `T` has none `nan`
/// - errors:   |result - x| <= half a step inside the range for the nearest policies
/// - cost:     with the default policies that of `T::encode` for float; else about 5 ns
/// - example:  quantize<Fixed<8, 4>>(0.40).value() == 0.375F
template <NumberFormat T, NativeReal Real, RoundingPolicy Rounding = NearestEven,
          OverflowPolicy Overflow = typename T::Overflow, NanPolicy Nan = NanToZero>
[[nodiscard]] constexpr T quantize(Real x, Rounding rounding = Rounding{},
                                   Overflow overflow = Overflow{}, Nan nan = Nan{}) {
  if constexpr (std::same_as<Real, float> && std::same_as<Rounding, NearestEven> &&
                std::same_as<Overflow, typename T::Overflow> && std::same_as<Nan, NanToZero>) {
    return T::from_bits(T::encode(x, Unscaled{}));
  } else {
    return T::from_dyadic(to_dyadic(x), rounding, overflow, nan);
  }
}

/// Converts between formats from the exact value, with one rounding and never through float.
///
/// To the same format it is a copy of the code: a signalling NaN stays one.
///
/// - example: format_cast<Fixed<8, 4>>(BFloat16{0.40F}).value() == 0.375F
template <NumberFormat To, NumberFormat From, RoundingPolicy Rounding = NearestEven,
          OverflowPolicy Overflow = typename To::Overflow, NanPolicy Nan = NanToZero>
[[nodiscard]] constexpr To format_cast(From from, Rounding rounding = Rounding{},
                                       Overflow overflow = Overflow{}, Nan nan = Nan{}) {
  if constexpr (std::same_as<To, From>) {
    return from;
  } else {
    return To::from_dyadic(from.dyadic(), rounding, overflow, nan);
  }
}

}  // namespace upset
