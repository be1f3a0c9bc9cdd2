// SPDX-License-Identifier: BSL-1.0
/// IEEE style floating point of any width up to 32 bits: the one implementation behind
/// `Float32`, `BFloat16` and `Float16`.
#pragma once

#include <bit>
#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <upset/core/rounding.hpp>
#include <upset/format/concepts.hpp>

namespace upset {

/// Binary floating point with E exponent and M fraction bits.
///
/// - encoding:  sign | E bits exponent, bias `2^(E-1) - 1` | M bits fraction; bit 0 is the lowest
///              fraction bit; `(-1)^s 2^(e - bias) 1.f`, and subnormals for e = 0
/// - range:     `+-(2 - 2^-M) 2^bias`, smallest positive `2^(1 - bias - M)`
/// - rounding:  half to even, once, from float, double and integers; subnormals are kept
/// - overflow:  to infinity (other policies: `quantize`)
/// - NaN:       exponent all ones, fraction not zero; a conversion keeps the sign and the high
///              payload and sets the quiet bit, a copy of the code changes nothing; where
///              arithmetic makes a NaN it is `quiet_nan()` on every machine
/// - source:    IEEE 754-2019, 3.4, with other widths
template <int E, int M>
class Minifloat : public PlainWord<Minifloat<E, M>, 1 + E + M> {
  static_assert(2 <= E && E <= 8,
                "Minifloat<E, M>: E must be in 2..8, so that float holds every value");
  static_assert(1 <= M && M <= 23,
                "Minifloat<E, M>: M must be in 1..23, so that float holds every value");

 public:
  // -- types and constants
  using code_type = Unsigned<1 + E + M>;
  using Scale = Unscaled;
  using Element = Minifloat;
  using Overflow = ToInfinity;
  static constexpr int width = 1 + E + M;
  static constexpr int exponent_bits = E;
  static constexpr int fraction_bits = M;
  static constexpr int bias = (1 << (E - 1)) - 1;
  static constexpr int least_exponent = 1 - bias;  ///< of a normal number
  static constexpr Operand operand = Operand::real;

  code_type raw{};  ///< public, so that values can be template arguments; use `bits`, `from_bits`

  [[nodiscard]] static constexpr Name name() {
    if constexpr (E == 8 && M == 23) {
      return Name{"Float32"};
    } else if constexpr (E == 8 && M == 7) {
      return Name{"BFloat16"};
    } else if constexpr (E == 5 && M == 10) {
      return Name{"Float16"};
    } else {
      return template_name("Minifloat", E, M);
    }
  }
  [[nodiscard]] static constexpr BitRole role(int bit) {
    return bit == width - 1 ? BitRole::sign : bit >= M ? BitRole::exponent : BitRole::fraction;
  }

  // -- making one
  constexpr Minifloat() = default;

  /// The nearest value; an integer is a value too, never a code (that is `from_bits`).
  template <NativeReal T>
  explicit constexpr Minifloat(T x) {
    if constexpr (std::same_as<T, float>) {
      raw = encode(x);
    } else {
      raw = from_dyadic(to_dyadic(x), nearest_even, to_infinity).raw;
    }
  }

  /// From another float format, implicit where nothing can be lost.
  template <int E2, int M2>
  requires(E2 != E || M2 != M) explicit(E2 > E || M2 > M) constexpr Minifloat(Minifloat<E2, M2> x)
      : Minifloat{from_dyadic(x.dyadic(), nearest_even, to_infinity)} {}

  /// The value with this code; bits beyond `width` are ignored.
  [[nodiscard]] static constexpr Minifloat from_bits(code_type code) {
    Minifloat x;
    x.raw = static_cast<code_type>(code & low_mask<code_type>(width));
    return x;
  }

  /// Rounds an exact value; the general path behind the constructors, `quantize`, `format_cast`.
  template <RoundingPolicy Rounding, OverflowPolicy Policy, NanPolicy Nan = NanToZero>
  [[nodiscard]] static constexpr Minifloat from_dyadic(const Dyadic& x, Rounding rounding,
                                                       Policy /*overflow*/, Nan = Nan{}) {
    static_assert(!std::same_as<Policy, Wrap>,
                  "Minifloat<E, M>: a float cannot wrap; use Saturate or ToInfinity");
    constexpr bool saturating = std::same_as<Policy, Saturate>;
    constexpr std::uint64_t largest = infinity_code - 1;
    std::uint64_t code = 0;
    if (x.kind == RealKind::nan) {
      code = infinity_code | quiet_bit | (x.significand >> (64 - M));
    } else if (x.kind == RealKind::infinite) {
      code = saturating ? largest : infinity_code;
    } else {
      code = detail::round_to_float(x, M, least_exponent, rounding);
      if (code > largest) {
        const bool outwards = rounding.away(x.negative, true, ~std::uint64_t{0});
        code = saturating || !outwards ? largest : infinity_code;
      }
    }
    return from_bits(static_cast<code_type>(code | (x.negative ? sign_bit : 0U)));
  }

  [[nodiscard]] static constexpr Minifloat infinity() { return from_bits(infinity_code); }
  [[nodiscard]] static constexpr Minifloat quiet_nan() {
    return from_bits(infinity_code | quiet_bit);
  }

  // -- reading one
  [[nodiscard]] constexpr code_type bits() const { return raw; }
  [[nodiscard]] constexpr float value() const { return decode(raw); }
  [[nodiscard]] constexpr operator float() const { return decode(raw); }  // NOLINT: lossless
  [[nodiscard]] constexpr Dyadic dyadic() const { return detail::dyadic_from_ieee<E, M>(raw); }
  [[nodiscard]] constexpr bool is_nan() const { return (raw & ~sign_bit) > infinity_code; }
  [[nodiscard]] constexpr bool is_finite() const { return (raw & ~sign_bit) < infinity_code; }

  // -- codec

  /// Rounds a float to the nearest code, ties to even, overflow to infinity.
  ///
  /// - cost: integer operations and one addition, all branch-free; loops vectorise. No bfloat16
  ///         instruction is used: those flush subnormals.
  [[nodiscard]] static constexpr code_type encode(float x, Scale /*scale*/ = {}) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    if constexpr (width == 32) {
      return bits;
    } else {
      const std::uint32_t magnitude = bits & 0x7FFF'FFFFU;
      const std::uint32_t odd = dropped == 0 ? 0U : (magnitude >> dropped) & 1U;
      constexpr std::uint32_t almost_half = dropped == 0 ? 0U : (1U << dropped) / 2 - 1;
      const std::uint32_t rounded = (magnitude - rebias + almost_half + odd) >> dropped;
      std::uint32_t code = rounded < infinity_code ? rounded : infinity_code;
      if constexpr (E < 8) {
        if (std::is_constant_evaluated() && x != x) {  // NaN + 1 is no constant expression
          return from_dyadic(to_dyadic(x), nearest_even, to_infinity).raw;
        }
        // The float adder rounds to the subnormal step when the sum's last place is that step.
        const float sum = std::bit_cast<float>(magnitude) + subnormal_shifter;
        const std::uint32_t tiny =
            std::bit_cast<std::uint32_t>(sum) - std::bit_cast<std::uint32_t>(subnormal_shifter);
        code = magnitude < rebias + (1U << 23) ? tiny : code;
      }
      const std::uint32_t nan =
          infinity_code | quiet_bit | ((magnitude >> dropped) & (infinity_code_step - 1U));
      code = magnitude > 0x7F80'0000U ? nan : code;
      return static_cast<code_type>(code | ((bits >> 31) << (width - 1)));
    }
  }

  /// The exact value; bits of a NaN are kept, signalling ones too.
  [[nodiscard]] static constexpr float decode(code_type code, Scale /*scale*/ = {}) {
    if constexpr (E == 8) {
      return std::bit_cast<float>(std::uint32_t{code} << dropped);
    } else {
      const std::uint32_t magnitude = code & (sign_bit - 1U);
      const std::uint32_t shifted = magnitude << dropped;
      const float tiny =
          std::bit_cast<float>(std::bit_cast<std::uint32_t>(subnormal_shifter) + magnitude) -
          subnormal_shifter;
      std::uint32_t bits = shifted + rebias;
      bits = magnitude < infinity_code_step ? std::bit_cast<std::uint32_t>(tiny) : bits;
      bits = magnitude >= infinity_code ? shifted | 0x7F80'0000U : bits;
      return std::bit_cast<float>(bits | ((code & sign_bit) << (31 - (width - 1))));
    }
  }
  [[nodiscard]] static constexpr Scale fit(std::span<const float> /*values*/) { return {}; }

  // -- comparing: on the codes; NaN is unordered, +0 equals -0
  [[nodiscard]] friend constexpr std::partial_ordering operator<=>(Minifloat a, Minifloat b) {
    if (a.is_nan() || b.is_nan()) {
      return std::partial_ordering::unordered;
    }
    return a.ordinal() <=> b.ordinal();
  }
  [[nodiscard]] friend constexpr bool operator==(Minifloat a, Minifloat b) {
    return (a <=> b) == 0;
  }

  // -- arithmetic: computed in double, rounded once; 53 >= 2 (M + 1) + 2 bits make the second
  // rounding harmless for sum, difference and quotient (Figueroa 1995), products are exact
  [[nodiscard]] friend constexpr Minifloat operator+(Minifloat a, Minifloat b) {
    return narrow(a.wide() + b.wide());
  }
  [[nodiscard]] friend constexpr Minifloat operator-(Minifloat a, Minifloat b) {
    return narrow(a.wide() - b.wide());
  }
  [[nodiscard]] friend constexpr Minifloat operator*(Minifloat a, Minifloat b) {
    return narrow(a.wide() * b.wide());
  }
  [[nodiscard]] friend constexpr Minifloat operator/(Minifloat a, Minifloat b) {
    return narrow(a.wide() / b.wide());
  }
  [[nodiscard]] friend constexpr Minifloat operator-(Minifloat a) {
    return from_bits(static_cast<code_type>(a.raw ^ sign_bit));
  }
  [[nodiscard]] friend constexpr Minifloat operator+(Minifloat a) { return a; }
  constexpr Minifloat& operator+=(Minifloat b) { return *this = *this + b; }
  constexpr Minifloat& operator-=(Minifloat b) { return *this = *this - b; }
  constexpr Minifloat& operator*=(Minifloat b) { return *this = *this * b; }
  constexpr Minifloat& operator/=(Minifloat b) { return *this = *this / b; }

 private:
  static constexpr int dropped = 23 - M;  // fraction bits a float has more
  static constexpr std::uint32_t sign_bit = std::uint32_t{1} << (width - 1);
  static constexpr std::uint32_t infinity_code_step = std::uint32_t{1} << M;  // one exponent
  static constexpr std::uint32_t infinity_code = ((1U << E) - 1U) << M;
  static constexpr std::uint32_t quiet_bit = std::uint32_t{1} << (M - 1);
  static constexpr std::uint32_t rebias = static_cast<std::uint32_t>(127 - bias) << 23;
  // A power of two whose last place is the smallest positive value of this format (E < 8).
  static constexpr float subnormal_shifter =
      std::bit_cast<float>(static_cast<std::uint32_t>(127 + least_exponent - M + 23) << 23);

  [[nodiscard]] constexpr std::int64_t ordinal() const {
    const auto magnitude = static_cast<std::int64_t>(raw & (sign_bit - 1U));
    return (raw & sign_bit) != 0 ? -magnitude : magnitude;
  }
  [[nodiscard]] constexpr double wide() const { return static_cast<double>(decode(raw)); }
  [[nodiscard]] static constexpr Minifloat narrow(double x) {
    return x != x ? quiet_nan() : Minifloat{x};
  }
};

}  // namespace upset

/// Every member stated; `const` and `volatile` follow from the primary template.
template <int E, int M>
class std::numeric_limits<upset::Minifloat<E, M>> {
  using T = upset::Minifloat<E, M>;
  using Code = typename T::code_type;
  static constexpr int decimal(int binary) { return binary * 30103 / 100000; }  // log10(2), to 0
  static constexpr T code(std::uint32_t bits) { return T::from_bits(static_cast<Code>(bits)); }

 public:
  static constexpr bool is_specialized = true;
  static constexpr bool is_signed = true;
  static constexpr bool is_integer = false;
  static constexpr bool is_exact = false;
  static constexpr bool is_iec559 = true;
  static constexpr bool is_bounded = true;
  static constexpr bool is_modulo = false;
  static constexpr bool has_infinity = true;
  static constexpr bool has_quiet_NaN = true;
  static constexpr bool has_signaling_NaN = M > 1;
  static constexpr std::float_denorm_style has_denorm = std::denorm_present;
  static constexpr bool has_denorm_loss = false;
  static constexpr bool traps = false;
  static constexpr bool tinyness_before = false;
  static constexpr std::float_round_style round_style = std::round_to_nearest;
  static constexpr int radix = 2;
  static constexpr int digits = M + 1;
  static constexpr int digits10 = decimal(M);
  static constexpr int max_digits10 = 2 + decimal(M + 1);
  static constexpr int min_exponent = T::least_exponent + 1;
  static constexpr int min_exponent10 = decimal(T::least_exponent);
  static constexpr int max_exponent = T::bias + 1;
  static constexpr int max_exponent10 = decimal(T::bias + 1);

  static constexpr T min() noexcept { return code(1U << M); }
  static constexpr T max() noexcept { return code((((1U << E) - 1U) << M) - 1U); }
  static constexpr T lowest() noexcept { return -max(); }
  static constexpr T denorm_min() noexcept { return code(1); }
  static constexpr T epsilon() noexcept {
    return T::from_dyadic({1, -M}, upset::nearest_even, upset::to_infinity);
  }
  static constexpr T round_error() noexcept { return T{0.5F}; }
  static constexpr T infinity() noexcept { return T::infinity(); }
  static constexpr T quiet_NaN() noexcept { return T::quiet_nan(); }
  /// With M = 1 every NaN is quiet: then this is `quiet_NaN()`.
  static constexpr T signaling_NaN() noexcept {
    return M > 1 ? code((((1U << E) - 1U) << M) | (1U << (M > 1 ? M - 2 : 0))) : quiet_NaN();
  }
};

namespace upset {

static_assert(ElementType<Minifloat<4, 3>>);

}  // namespace upset
