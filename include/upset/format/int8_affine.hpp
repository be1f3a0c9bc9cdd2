// SPDX-License-Identifier: BSL-1.0
/// 8-bit integers on an affine grid, as deployed networks store them.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <upset/core/error.hpp>
#include <upset/core/rounding.hpp>
#include <upset/format/concepts.hpp>
#include <upset/format/gamma.hpp>

namespace upset {

/// Step and zero point of an `Int8Affine` tensor (or of one channel: then a tensor holds several).
///
/// - storage: bits 0..31 the float `scale`, bit 31 its sign; bits 32..39 the zero point
struct AffineScale {
  static constexpr int width = 40;
  static constexpr int gammas = 0;

  float scale = 1.0F;
  std::int8_t zero_point = 0;

  /// A scale that encodes and decodes every code without loss.
  ///
  /// - errors: zero, negative, subnormal, infinite or NaN steps, and steps whose 255-fold
  ///           overflows, throw `Error`
  [[nodiscard]] static constexpr AffineScale checked(float scale, std::int8_t zero_point = 0) {
    if (!(scale >= std::numeric_limits<float>::min() &&
          scale <= std::numeric_limits<float>::max() / 255)) {
      throw Error{
          "Int8Affine: the scale must be a positive normal float whose 255-fold is finite; "
          "calibrate with fit() or correct the file it came from"};
    }
    return {scale, zero_point};
  }

  [[nodiscard]] constexpr bool test(int bit) const {
    return bit < 32 ? test_bit(std::bit_cast<std::uint32_t>(scale), bit)
                    : test_bit(static_cast<std::uint8_t>(zero_point), bit - 32);
  }
  constexpr void flip(int bit) {
    if (bit < 32) {
      scale = std::bit_cast<float>(flip_bit(std::bit_cast<std::uint32_t>(scale), bit));
    } else {
      zero_point =
          static_cast<std::int8_t>(flip_bit(static_cast<std::uint8_t>(zero_point), bit - 32));
    }
  }

  /// By bits: a scale that a fault made NaN still equals its copy.
  [[nodiscard]] friend constexpr bool operator==(AffineScale a, AffineScale b) {
    return std::bit_cast<std::uint32_t>(a.scale) == std::bit_cast<std::uint32_t>(b.scale) &&
           a.zero_point == b.zero_point;
  }
};

/// An 8-bit code q for the real number `S (q - Z)`.
///
/// - encoding: two's complement, -128..127, narrow range off; bit 7 the sign
/// - range:    `S (-128 - Z)` to `S (127 - Z)`; step S; zero is exact: code Z
/// - rounding: `q = clamp(round(x / S) + Z)`, half to even, in that order: rounding after the zero
///             point was added would break ties the other way for odd Z
/// - overflow: saturates, infinities too; NaN becomes real zero, code Z
/// - faults:   any 40 bits are a defined scale: `decode` gives what IEEE arithmetic gives for
///             S = 0, infinity or NaN, `level` stays an integer, and `x / S` without a value
///             encodes as zero
/// - source:   Jacob et al., Quantization and Training of Neural Networks for Efficient
///             Integer-Arithmetic-Only Inference, 2018, eq. 1; ONNX QuantizeLinear
class Int8Affine : public PlainWord<Int8Affine, 8> {
 public:
  // -- types and constants
  using code_type = std::uint8_t;
  using Scale = AffineScale;
  using Element = Int8Affine;
  static constexpr int width = 8;
  static constexpr Operand operand = Operand::level;
  static constexpr std::int64_t max_level = 255;

  code_type raw{};  ///< public, so that values can be template arguments; use `bits`, `from_bits`

  [[nodiscard]] static constexpr Name name() { return Name{"Int8Affine"}; }
  [[nodiscard]] static constexpr BitRole role(int bit) {
    return bit == 7 ? BitRole::sign : BitRole::fraction;
  }

  // -- making and reading one
  constexpr Int8Affine() = default;
  [[nodiscard]] static constexpr Int8Affine from_bits(code_type code) {
    Int8Affine x;
    x.raw = code;
    return x;
  }
  [[nodiscard]] constexpr code_type bits() const { return raw; }
  [[nodiscard]] constexpr std::int8_t quantum() const { return static_cast<std::int8_t>(raw); }

  // -- codec

  /// The nearest code, by the rounding of the exact `x / S`.
  ///
  /// Taken as `x (1 / S)` in double, which is off by 2^-52 of itself at most. A quotient of two
  /// floats that is no tie lies 2^-26 or more away from one, so rounded to multiples of 2^-40 it is
  /// on its side again, and a tie is one again. No division, branch-free.
  [[nodiscard]] static constexpr code_type encode(float x, Scale scale) {
    if (std::is_constant_evaluated() && x != x) {  // arithmetic on NaN is no constant expression
      return static_cast<code_type>(scale.zero_point);
    }
    constexpr double to_2_40 = 0x1.8p12;  // adding it leaves 40 bits of a fraction
    const double inverse = 1.0 / static_cast<double>(scale.scale);
    const double product = static_cast<double>(x) * inverse;
    const double low = product < -256.0 ? -256.0 : product;
    const double quotient = ((low > 256.0 ? 256.0 : low) + to_2_40) - to_2_40;
    const std::uint64_t bits = detail::nearest_even_bits(quotient);
    const auto rounded = static_cast<std::int32_t>(product == product ? bits & 0xFFFF'FFFFU : 0U);
    const std::int32_t q = rounded + scale.zero_point;
    return static_cast<code_type>(q < -128 ? -128 : q > 127 ? 127 : q);
  }
  [[nodiscard]] static constexpr float decode(code_type code, Scale scale) {
    return scale.scale * static_cast<float>(level(code, scale));
  }

  /// Minimum to maximum of the finite values, widened to hold zero, mapped on -128..127; a span
  /// beyond the largest float saturates.
  [[nodiscard]] static constexpr Scale fit(std::span<const float> values) {
    double low = 0;
    double high = 0;
    for (const float x : values) {
      if (detail::is_finite(x)) {
        low = static_cast<double>(x) < low ? static_cast<double>(x) : low;
        high = static_cast<double>(x) > high ? static_cast<double>(x) : high;
      }
    }
    const float scale = usable((high - low) / 255);
    const double zero = -128.0 - low / static_cast<double>(scale);  // in [-128, 127]
    return {scale, static_cast<std::int8_t>(detail::nearest_even_bits(zero) & 0xFFU)};
  }

  /// Zero point 0 and the largest magnitude on 127, as weights are stored: `|q| <= 127` for every
  /// finite value fitted, up to 127/255 of the largest float.
  [[nodiscard]] static constexpr Scale fit_symmetric(std::span<const float> values) {
    float largest = 0;
    for (const float x : values) {
      if (detail::is_finite(x)) {
        const float size = x < 0 ? -x : x;
        largest = size > largest ? size : largest;
      }
    }
    return {usable(static_cast<double>(largest) / 127), 0};
  }

  [[nodiscard]] static constexpr std::int32_t level(code_type code, Scale scale) {
    return static_cast<std::int8_t>(code) - scale.zero_point;
  }
  [[nodiscard]] static constexpr float step(Scale scale) { return scale.scale; }

  // -- comparing: as signed codes, which is by value under one positive scale
  [[nodiscard]] friend constexpr std::strong_ordering operator<=>(Int8Affine a, Int8Affine b) {
    return a.quantum() <=> b.quantum();
  }
  [[nodiscard]] friend constexpr bool operator==(Int8Affine a, Int8Affine b) {
    return a.raw == b.raw;
  }

 private:
  /// 1 for data that are all zero, and never a step that `AffineScale::checked` refuses.
  [[nodiscard]] static constexpr float usable(double scale) {
    constexpr float least = std::numeric_limits<float>::min();
    constexpr float most = std::numeric_limits<float>::max() / 255;
    if (scale == 0) {
      return 1.0F;
    }
    const auto rounded = static_cast<float>(scale);
    return rounded < least ? least : rounded > most ? most : rounded;
  }
};

static_assert(ElementType<Int8Affine> && sizeof(Int8Affine) == 1);

}  // namespace upset
