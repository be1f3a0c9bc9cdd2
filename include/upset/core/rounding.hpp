// SPDX-License-Identifier: BSL-1.0
/// Rounding, overflow and NaN policies as tags, and the one routine that rounds.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>

#include <upset/core/dyadic.hpp>

// Clang has no macro for -funsafe-math-optimizations alone.
#if (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || defined(__ASSOCIATIVE_MATH__) || \
    defined(__RECIPROCAL_MATH__)
#error "upset: -ffast-math and its parts remove NaN or reorder sums; formats need IEEE arithmetic"
#endif
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0
#error "upset: float is computed in another format here (x87); formats need IEEE arithmetic"
#endif

namespace upset {

static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559,
              "upset: float and double must be IEEE 754 binary32 and binary64");

// -- rounding policies
//
// A policy answers one question about the magnitude: with `discarded` (a fraction of one step, in
// units of 2^-64, its last bit set when anything is left below) cut off, does it go one step up?
//
// Rounding to integers, then keeping 4 bits of two's complement (-8..7):
//
// |                    |  2.5 | 3.5 | -2.5 | -2.25 | 9.75 |
// | NearestEven        |   2  |  4  |  -2  |  -2   |  10  |
// | NearestAway        |   3  |  4  |  -3  |  -2   |  10  |
// | TowardZero         |   2  |  3  |  -2  |  -2   |   9  |
// | TowardNegative     |   2  |  3  |  -3  |  -3   |   9  |
// | Stochastic{random} | 2/3  | 3/4 | -2/-3 half the time; -3 a quarter | 10 three quarters |
// |                    | then 10:  Saturate 7, Wrap -6, ToInfinity only in formats with one |
// |                    | and NaN:  NanToZero 0, NanToMax 7, itself in formats with one |

/// To the nearest, a tie to the even code: the default everywhere (IEEE 754-2019, 4.3.1).
struct NearestEven {
  explicit constexpr NearestEven() = default;
  [[nodiscard]] static constexpr bool away(bool /*negative*/, bool odd, std::uint64_t discarded) {
    constexpr std::uint64_t half = std::uint64_t{1} << 63;
    return discarded > half || (discarded == half && odd);
  }
};

/// To the nearest, a tie away from zero.
struct NearestAway {
  explicit constexpr NearestAway() = default;
  [[nodiscard]] static constexpr bool away(bool /*negative*/, bool /*odd*/,
                                           std::uint64_t discarded) {
    return discarded >= std::uint64_t{1} << 63;
  }
};

/// Cuts off.
struct TowardZero {
  explicit constexpr TowardZero() = default;
  [[nodiscard]] static constexpr bool away(bool /*negative*/, bool /*odd*/,
                                           std::uint64_t /*discarded*/) {
    return false;
  }
};

/// Towards minus infinity.
struct TowardNegative {
  explicit constexpr TowardNegative() = default;
  [[nodiscard]] static constexpr bool away(bool negative, bool /*odd*/, std::uint64_t discarded) {
    return negative && discarded != 0;
  }
};

/// Away from zero with a probability equal to the discarded fraction, unbiased.
///
/// The caller draws `random`, uniform on 64 bits and new for every number: a format knows no
/// generator, and the same bits give the same code.
struct Stochastic {
  std::uint64_t random;

  explicit constexpr Stochastic(std::uint64_t uniform_bits) : random{uniform_bits} {}
  [[nodiscard]] constexpr bool away(bool /*negative*/, bool /*odd*/,
                                    std::uint64_t discarded) const {
    return random < discarded;
  }
};

inline constexpr NearestEven nearest_even{};
inline constexpr NearestAway nearest_away{};
inline constexpr TowardZero toward_zero{};
inline constexpr TowardNegative toward_negative{};  // `floor` is a name of <cmath>

template <class R>
concept RoundingPolicy = requires(const R rounding, bool negative, bool odd,
                                  std::uint64_t discarded) {
  { rounding.away(negative, odd, discarded) } -> std::same_as<bool>;
};

// -- overflow policies, for what still lies outside the range after rounding

/// The end of the range; infinities too.
struct Saturate {
  explicit constexpr Saturate() = default;
};

/// Modulo 2^N, as integer hardware without a saturation stage; infinities have no residue and
/// saturate. Integer codes only.
struct Wrap {
  explicit constexpr Wrap() = default;
};

/// As IEEE 754-2019, 7.4: infinity, or the largest finite number where the rounding direction
/// leads away from infinity. Formats with infinities only, where it is the default.
struct ToInfinity {
  explicit constexpr ToInfinity() = default;
};

inline constexpr Saturate saturate{};
inline constexpr Wrap wrap{};
inline constexpr ToInfinity to_infinity{};

template <class O>
concept OverflowPolicy =
    std::same_as<O, Saturate> || std::same_as<O, Wrap> || std::same_as<O, ToInfinity>;

// -- NaN policies, for formats that have none

/// NaN becomes zero: the neutral choice in a sum, and the default.
struct NanToZero {
  explicit constexpr NanToZero() = default;
};

/// NaN becomes the largest value, as in some synthesis libraries.
struct NanToMax {
  explicit constexpr NanToMax() = default;
};

inline constexpr NanToZero nan_to_zero{};
inline constexpr NanToMax nan_to_max{};

template <class P>
concept NanPolicy = std::same_as<P, NanToZero> || std::same_as<P, NanToMax>;

namespace detail {

/// `value / 2^shift` rounded to an integer; `shift >= 0`, `negative` is the sign of the number
/// whose magnitude `value` is.
template <RoundingPolicy Rounding>
[[nodiscard]] constexpr std::uint64_t round_shift(std::uint64_t value, int shift, bool negative,
                                                  Rounding rounding) {
  if (shift == 0) {
    return value;
  }
  std::uint64_t kept = 0;
  std::uint64_t discarded = 0;
  if (shift < 64) {
    kept = value >> shift;
    discarded = value << (64 - shift);
  } else if (shift < 128) {
    const int below = shift - 64;
    discarded = value >> below;
    if ((value & low_mask<std::uint64_t>(below)) != 0) {
      discarded |= 1;
    }
  } else {
    discarded = value != 0 ? 1 : 0;
  }
  return kept + (rounding.away(negative, (kept & 1) != 0, discarded) ? 1U : 0U);
}

/// Rounds the magnitude of a finite `x` to a float code without sign: `fraction_bits` below a
/// hidden one, subnormals below `2^least_exponent`, and no largest exponent (the caller caps).
template <RoundingPolicy Rounding>
[[nodiscard]] constexpr std::uint64_t round_to_float(const Dyadic& x, int fraction_bits,
                                                     int least_exponent, Rounding rounding) {
  if (x.significand == 0) {
    return 0;
  }
  const int zeros = std::countl_zero(x.significand);
  const int leading = x.exponent + 63 - zeros;  // 2^leading <= |x| < 2^(leading + 1)
  const int exponent = leading < least_exponent ? least_exponent : leading;
  // A carry out of the fraction moves into the exponent by itself: the code stays in order.
  return (static_cast<std::uint64_t>(exponent - least_exponent) << fraction_bits) +
         round_shift(x.significand << zeros, exponent - fraction_bits - leading + 63, x.negative,
                     rounding);
}

/// The nearest integer, ties to even, in the low bits of the result (two's complement).
///
/// Adding 1.5 * 2^p pushes the fraction out of the significand; needs the default rounding
/// direction and |x| <= 2^22 for float, 2^51 for double. Branch-free, so loops vectorise.
[[nodiscard]] constexpr std::uint32_t nearest_even_bits(float x) {
  return std::bit_cast<std::uint32_t>(x + 0x1.8p23F);
}
[[nodiscard]] constexpr std::uint64_t nearest_even_bits(double x) {
  return std::bit_cast<std::uint64_t>(x + 0x1.8p52);
}

}  // namespace detail

}  // namespace upset
