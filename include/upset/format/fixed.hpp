// SPDX-License-Identifier: BSL-1.0
/// Signed fixed point, N bits in all, F of them behind the binary point.
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

/// Signed two's-complement fixed point: N counts every bit, the sign included.
///
/// - encoding: `value = code / 2^F`, code in `[-2^(N-1), 2^(N-1) - 1]`; bit 0 is the lowest
/// - range:    `[-2^(N-1-F), 2^(N-1-F) - 2^-F]`; step `2^-F`
/// - rounding: half to even, once, from float, double and integers
/// - overflow: saturates, infinities too (other policies: `quantize`)
/// - NaN:      has none; NaN becomes 0 (or the maximum: `quantize`)
/// - source:   the Q notation; `ap_fixed<N, N - F, AP_RND_CONV, AP_SAT>` of the synthesis tools
template <int N, int F>
class Fixed : public PlainWord<Fixed<N, F>, N> {
  static_assert(2 <= N && N <= 32, "Fixed<N, F>: N must be in 2..32, as in Fixed<16, 8>");
  static_assert(0 <= F && F < N, "Fixed<N, F>: F counts bits behind the point, so 0 <= F < N");

 public:
  // -- types and constants
  using code_type = Unsigned<N>;
  using Scale = Unscaled;
  using Element = Fixed;
  using Overflow = Saturate;
  using Value = std::conditional_t<(N <= 25), float, double>;  ///< holds every value exactly
  static constexpr int width = N;
  static constexpr int fraction_bits = F;
  static constexpr Operand operand = Operand::level;
  static constexpr std::int64_t max_level = std::int64_t{1} << (N - 1);

  code_type raw{};  ///< public, so that values can be template arguments; use `bits`, `from_bits`

  [[nodiscard]] static constexpr Name name() { return template_name("Fixed", N, F); }
  [[nodiscard]] static constexpr BitRole role(int bit) {
    return bit == N - 1 ? BitRole::sign : BitRole::fraction;
  }

  // -- making one
  constexpr Fixed() = default;

  /// The nearest value, saturating; an integer is a value too, never a code (`from_bits`).
  template <NativeReal T>
  explicit constexpr Fixed(T x) {
    if constexpr (std::same_as<T, float>) {
      raw = encode(x);
    } else {
      raw = from_dyadic(to_dyadic(x), nearest_even, saturate).raw;
    }
  }

  /// From another fixed-point format, implicit where nothing can be lost.
  template <int N2, int F2>
  requires(N2 != N || F2 != F) explicit(F2 > F || N2 - F2 > N - F) constexpr Fixed(Fixed<N2, F2> x)
      : Fixed{from_dyadic(x.dyadic(), nearest_even, saturate)} {}

  /// The value with this code; bits beyond `width` are ignored.
  [[nodiscard]] static constexpr Fixed from_bits(code_type code) {
    Fixed x;
    x.raw = static_cast<code_type>(code & low_mask<code_type>(N));
    return x;
  }

  /// The value `level / 2^F`; a level outside the range saturates.
  [[nodiscard]] static constexpr Fixed from_level(std::int64_t level) {
    const std::int64_t low = level < -max_level ? -max_level : level;
    return from_bits(static_cast<code_type>(low >= max_level ? max_level - 1 : low));
  }

  /// Rounds an exact value; the general path behind the constructors, `quantize`, `format_cast`.
  template <RoundingPolicy Rounding, OverflowPolicy Policy, NanPolicy Nan = NanToZero>
  [[nodiscard]] static constexpr Fixed from_dyadic(const Dyadic& x, Rounding rounding,
                                                   Policy /*overflow*/, Nan = Nan{}) {
    static_assert(!std::same_as<Policy, ToInfinity>,
                  "Fixed<N, F>: fixed point has no infinity; use Saturate or Wrap");
    if (x.kind == RealKind::nan) {
      return from_level(std::same_as<Nan, NanToMax> ? max_level - 1 : 0);
    }
    const Fixed end = from_level(x.negative ? -max_level : max_level - 1);
    if (x.kind == RealKind::infinite) {
      return end;
    }
    const int shift = -F - x.exponent;  // the code's magnitude is significand / 2^shift
    constexpr auto limit = static_cast<std::uint64_t>(max_level);
    std::uint64_t magnitude = 0;
    bool beyond = false;
    if (shift >= 0) {
      magnitude = detail::round_shift(x.significand, shift, x.negative, rounding);
    } else if (-shift < 64) {
      magnitude = x.significand << -shift;
      beyond = (magnitude >> -shift) != x.significand;
    } else {
      beyond = x.significand != 0;
    }
    beyond = beyond || magnitude > limit - (x.negative ? 0U : 1U);
    if (std::same_as<Policy, Saturate> && beyond) {
      return end;
    }
    return from_bits(static_cast<code_type>(x.negative ? std::uint64_t{0} - magnitude : magnitude));
  }

  // -- reading one
  [[nodiscard]] constexpr code_type bits() const { return raw; }
  [[nodiscard]] constexpr std::int32_t level() const { return level(raw); }
  [[nodiscard]] constexpr Value value() const {
    return static_cast<Value>(level()) * (Value{1} / static_cast<Value>(std::uint64_t{1} << F));
  }
  [[nodiscard]] constexpr operator Value() const { return value(); }  // NOLINT: lossless
  [[nodiscard]] constexpr Dyadic dyadic() const {
    Dyadic x = to_dyadic(level());
    x.exponent = -F;
    return x;
  }

  // -- codec

  /// Rounds a float to the nearest code, ties to even, saturating; NaN gives 0.
  ///
  /// - cost: scale, clamp, one addition; branch-free, so loops vectorise
  [[nodiscard]] static constexpr code_type encode(float x, Scale /*scale*/ = {}) {
    using Wide = std::conditional_t<(N <= 22), float, double>;  // room for N bits: rounding.hpp
    constexpr auto least = static_cast<Wide>(-max_level);
    constexpr auto most = static_cast<Wide>(max_level - 1);
    if (std::is_constant_evaluated() && x != x) {  // arithmetic on NaN is no constant expression
      return 0;
    }
    const Wide scaled = static_cast<Wide>(x) * static_cast<Wide>(std::uint64_t{1} << F);  // exact
    const Wide low = scaled < least ? least : scaled;
    const Wide clamped = low > most ? most : low;
    // NaN last: asked first, GCC 12 carries its mask through the clamp, which doubles the time.
    const auto bits = x == x ? detail::nearest_even_bits(clamped) : 0U;
    return static_cast<code_type>(bits & low_mask<std::uint32_t>(N));
  }

  /// The value; exact for N <= 25, else rounded to the nearest float.
  [[nodiscard]] static constexpr float decode(code_type code, Scale /*scale*/ = {}) {
    return static_cast<float>(level(code)) * step();
  }
  [[nodiscard]] static constexpr Scale fit(std::span<const float> /*values*/) { return {}; }

  [[nodiscard]] static constexpr std::int32_t level(code_type code, Scale /*scale*/ = {}) {
    return static_cast<std::int32_t>(std::uint32_t{code} << (32 - N)) >> (32 - N);
  }
  [[nodiscard]] static constexpr float step(Scale /*scale*/ = {}) {
    return 1.0F / static_cast<float>(std::uint64_t{1} << F);
  }

  // -- comparing
  [[nodiscard]] friend constexpr std::strong_ordering operator<=>(Fixed a, Fixed b) {
    return a.level() <=> b.level();
  }
  [[nodiscard]] friend constexpr bool operator==(Fixed a, Fixed b) { return a.raw == b.raw; }

  // -- arithmetic: exact in 64 bits, rounded once (half to even), saturating
  [[nodiscard]] friend constexpr Fixed operator+(Fixed a, Fixed b) {
    return from_level(std::int64_t{a.level()} + b.level());
  }
  [[nodiscard]] friend constexpr Fixed operator-(Fixed a, Fixed b) {
    return from_level(std::int64_t{a.level()} - b.level());
  }
  [[nodiscard]] friend constexpr Fixed operator*(Fixed a, Fixed b) {
    Dyadic product = to_dyadic(std::int64_t{a.level()} * b.level());
    product.exponent = -2 * F;
    return from_dyadic(product, nearest_even, saturate);
  }
  /// The nearest quotient; by zero: the end of the range on the side of `a`, and 0 / 0 is 0.
  [[nodiscard]] friend constexpr Fixed operator/(Fixed a, Fixed b) {
    const std::int64_t dividend = std::int64_t{a.level()} * (std::int64_t{1} << F);
    const std::int64_t divisor = b.level();
    if (divisor == 0) {
      return from_level(dividend == 0 ? 0 : dividend < 0 ? -max_level : max_level - 1);
    }
    const std::int64_t quotient = dividend / divisor;  // towards zero
    const std::int64_t rest = dividend % divisor;
    const std::int64_t twice = 2 * (rest < 0 ? -rest : rest);
    const std::int64_t size = divisor < 0 ? -divisor : divisor;
    const bool away = twice > size || (twice == size && quotient % 2 != 0);
    const bool negative = (dividend < 0) != (divisor < 0);
    return from_level(quotient + (!away ? 0 : negative ? -1 : 1));
  }
  [[nodiscard]] friend constexpr Fixed operator-(Fixed a) {
    return from_level(-std::int64_t{a.level()});
  }
  [[nodiscard]] friend constexpr Fixed operator+(Fixed a) { return a; }
  constexpr Fixed& operator+=(Fixed b) { return *this = *this + b; }
  constexpr Fixed& operator-=(Fixed b) { return *this = *this - b; }
  constexpr Fixed& operator*=(Fixed b) { return *this = *this * b; }
  constexpr Fixed& operator/=(Fixed b) { return *this = *this / b; }
};

}  // namespace upset

/// Every member stated, as for an integer type: `min()` is the lowest value, `epsilon()` one step.
template <int N, int F>
class std::numeric_limits<upset::Fixed<N, F>> {
  using T = upset::Fixed<N, F>;

 public:
  static constexpr bool is_specialized = true;
  static constexpr bool is_signed = true;
  static constexpr bool is_integer = F == 0;
  static constexpr bool is_exact = true;
  static constexpr bool is_iec559 = false;
  static constexpr bool is_bounded = true;
  static constexpr bool is_modulo = false;
  static constexpr bool has_infinity = false;
  static constexpr bool has_quiet_NaN = false;
  static constexpr bool has_signaling_NaN = false;
  static constexpr std::float_denorm_style has_denorm = std::denorm_absent;
  static constexpr bool has_denorm_loss = false;
  static constexpr bool traps = false;
  static constexpr bool tinyness_before = false;
  static constexpr std::float_round_style round_style = std::round_to_nearest;
  static constexpr int radix = 2;
  static constexpr int digits = N - 1;
  static constexpr int digits10 = (N - 1) * 30103 / 100000;  // log10(2)
  static constexpr int max_digits10 = 0;
  static constexpr int min_exponent = 0;
  static constexpr int min_exponent10 = 0;
  static constexpr int max_exponent = 0;
  static constexpr int max_exponent10 = 0;

  static constexpr T min() noexcept { return lowest(); }
  static constexpr T max() noexcept { return T::from_level(T::max_level - 1); }
  static constexpr T lowest() noexcept { return T::from_level(-T::max_level); }
  static constexpr T epsilon() noexcept { return T::from_level(1); }
  static constexpr T round_error() noexcept { return T{}; }
  static constexpr T infinity() noexcept { return T{}; }
  static constexpr T quiet_NaN() noexcept { return T{}; }
  static constexpr T signaling_NaN() noexcept { return T{}; }
  static constexpr T denorm_min() noexcept { return T{}; }
};

namespace upset {

static_assert(ElementType<Fixed<8, 4>> && sizeof(Fixed<8, 4>) == 1);

}  // namespace upset
