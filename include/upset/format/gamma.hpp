// SPDX-License-Identifier: BSL-1.0
/// The 8-bit factor that scales a tensor of equal-weight bits, and a scale made of several.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <upset/core/rounding.hpp>
#include <upset/format/concepts.hpp>

namespace upset {

/// A positive factor in 8 bits: an unsigned float without infinity or NaN.
///
/// - encoding:  4 bits exponent, bias 11 | 4 bits fraction; `2^(e - 11) 1.f`, subnormals for e = 0
/// - range:     `2^-14` to 31; relative step 1/16 to 1/32 above `2^-10`
/// - rounding:  half to even; beyond the range saturates
/// - zero:      code 0 is zero, which only a fault stores: `from_float` gives at least `2^-14`,
///              for zero, negative numbers and NaN too, since a factor of zero would silence a
///              layer for good
/// - source:    8 bits per gamma: MONO, IEEE Embedded Systems Letters, 2024; the split is ours,
///              chosen to cover the factors of weights (about 0.01) and of activations (about 1)
struct Gamma {
  static constexpr int width = 8;

  std::uint8_t raw = 0xB0;  ///< one

  [[nodiscard]] static constexpr Gamma from_bits(std::uint8_t code) { return Gamma{code}; }
  [[nodiscard]] static constexpr Gamma from_float(float x) {
    const Dyadic exact = to_dyadic(x);
    if (exact.negative || exact.kind == RealKind::nan) {
      return Gamma{1};
    }
    if (exact.kind == RealKind::infinite) {
      return Gamma{255};
    }
    const std::uint64_t code = detail::round_to_float(exact, 4, -10, nearest_even);
    return Gamma{static_cast<std::uint8_t>(code < 1 ? 1 : code > 255 ? 255 : code)};
  }

  [[nodiscard]] constexpr std::uint8_t bits() const { return raw; }
  /// The exact factor: five significant bits, a multiple of `2^-14`.
  [[nodiscard]] constexpr float value() const {
    const unsigned exponent = raw >> 4;
    const unsigned normal = exponent != 0 ? 1U : 0U;
    const unsigned steps = (16U * normal + (raw & 15U)) << (exponent - normal);
    return static_cast<float>(steps) * 0x1p-14F;
  }
  [[nodiscard]] constexpr bool test(int bit) const { return test_bit(raw, bit); }
  constexpr void flip(int bit) { raw = flip_bit(raw, bit); }

  /// By code, which is by value.
  [[nodiscard]] friend constexpr auto operator<=>(Gamma, Gamma) = default;
};

namespace detail {

template <std::size_t Count>
[[nodiscard]] consteval std::array<Gamma, Count> halving_gammas() {
  std::array<Gamma, Count> factors{};
  float factor = 1.0F;
  for (Gamma& each : factors) {
    each = Gamma::from_float(factor);
    factor /= 2;
  }
  return factors;
}

}  // namespace detail

/// The scale of `Binary`, `Mono` (one factor) and `MultiLevelBinary` (one per plane): factor i in
/// bits `8 i` to `8 i + 7`. The default is the unit scale: 1, 1/2, 1/4, ...
///
/// `gammas`, `gamma(i)` and `from_gammas` are what training sees, the same for every format that
/// has learnable factors; formats without say `gammas == 0`.
template <int Count>
struct GammaScale {
  static_assert(1 <= Count && Count <= 16, "GammaScale<Count>: Count must be in 1..16");

  static constexpr int gammas = Count;
  static constexpr int width = Count * Gamma::width;

  std::array<Gamma, static_cast<std::size_t>(Count)> factors =
      detail::halving_gammas<static_cast<std::size_t>(Count)>();

  /// Rounds `values` (`Count` of them, largest plane first) to stored factors.
  [[nodiscard]] static constexpr GammaScale from_gammas(std::span<const float> values) {
    GammaScale scale;
    for (std::size_t i = 0; i < scale.factors.size(); ++i) {
      scale.factors[i] = Gamma::from_float(values[i]);
    }
    return scale;
  }

  [[nodiscard]] constexpr float gamma(int i) const {
    return factors[static_cast<std::size_t>(i)].value();
  }
  [[nodiscard]] constexpr bool test(int bit) const {
    return factors[static_cast<std::size_t>(bit / 8)].test(bit % 8);
  }
  constexpr void flip(int bit) { factors[static_cast<std::size_t>(bit / 8)].flip(bit % 8); }

  [[nodiscard]] friend constexpr bool operator==(const GammaScale&, const GammaScale&) = default;
};

namespace detail {

// GCC 12 vectorises a loop over elements only if its body is straight-line code, without an inner
// loop and without choices it could thread jumps through. `Mono<8>::encode` takes 10 ns an element
// with either, under 1 ns without.

/// Calls `step(0)` to `step(Count - 1)`, written out.
template <int Count, class Step>
constexpr void unroll(Step step) {
  [&]<int... I>(std::integer_sequence<int, I...>) { (step(I), ...); }
  (std::make_integer_sequence<int, Count>{});
}

/// 1 if `a < b`, else 0; for numbers (not NaN), and -0.0 is less than +0.0.
[[nodiscard]] constexpr std::uint32_t is_below(float a, float b) {
  return std::bit_cast<std::uint32_t>(a - b) >> 31;
}

/// `x` with its sign turned if `down` is 1, not if it is 0.
[[nodiscard]] constexpr float negate_if(std::uint32_t down, float x) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) ^ (down << 31));
}

/// `x + 0`, which makes +0 of -0, and 0 of NaN: what the sign of a number is taken of.
[[nodiscard]] constexpr float zero_if_nan(float x) { return (x == x ? x : 0.0F) + 0.0F; }

/// False for infinities and NaN, which no calibration may look at.
[[nodiscard]] constexpr bool is_finite(float x) {
  constexpr std::uint32_t exponent = 0x7F80'0000U;
  return (std::bit_cast<std::uint32_t>(x) & exponent) != exponent;
}

/// Mean |x| of the finite values, summed in double in their order; 0 without any.
[[nodiscard]] constexpr float mean_magnitude(std::span<const float> values) {
  double sum = 0;
  double count = 0;
  for (const float x : values) {
    if (is_finite(x)) {
      sum += static_cast<double>(x < 0 ? -x : x);
      count += 1;
    }
  }
  return count == 0 ? 0.0F : static_cast<float>(sum / count);
}

}  // namespace detail

static_assert(ScaleType<GammaScale<1>> && ScaleType<GammaScale<4>>);
static_assert(Gamma{}.value() == 1.0F && Gamma::from_bits(255).value() == 31.0F);

}  // namespace upset
