// SPDX-License-Identifier: BSL-1.0
/// Residual binarisation: M signs, each with a factor of its own.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <upset/format/concepts.hpp>
#include <upset/format/gamma.hpp>

namespace upset {

/// M residual signs with one factor per plane.
///
/// - encoding: `value = sum_i gamma_i s_i`, `s_i = sign(r_i)`, `r_1 = x`,
///             `r_{i+1} = r_i - gamma_i s_i`, in exact arithmetic; bit 1 is +1
/// - bits:     plane 1, the one with the largest factor after a fit, is the top bit M - 1;
///             plane i is bit M - i
/// - range:    `+-sum gamma_i`; not uniform, and not the nearest of all 2^M values once a factor
///             exceeds the sum of those below it
/// - rounding: sign(0) = +1; infinities take the end of the range; NaN encodes as 0 does
/// - scale:    gamma_1 .. gamma_M, 8 bits each, plane 1 first
/// - source:   Ghasemzadeh, Samragh, Koushanfar, ReBNet: Residual Binarized Neural Network, 2018
template <int M>
class MultiLevelBinary : public PlainWord<MultiLevelBinary<M>, M> {
  static_assert(1 <= M && M <= 8, "MultiLevelBinary<M>: M must be in 1..8 planes");

 public:
  // -- types and constants
  using code_type = Unsigned<M>;
  using Scale = GammaScale<M>;
  using Element = MultiLevelBinary;
  static constexpr int width = M;
  static constexpr Operand operand = Operand::real;

  code_type raw{};  ///< public, so that values can be template arguments; use `bits`, `from_bits`

  [[nodiscard]] static constexpr Name name() { return template_name("MultiLevelBinary", M); }
  [[nodiscard]] static constexpr BitRole role(int /*bit*/) { return BitRole::plane; }

  // -- making and reading one
  constexpr MultiLevelBinary() = default;
  [[nodiscard]] static constexpr MultiLevelBinary from_bits(code_type code) {
    MultiLevelBinary x;
    x.raw = static_cast<code_type>(code & low_mask<code_type>(M));
    return x;
  }
  [[nodiscard]] constexpr code_type bits() const { return raw; }

  // -- codec

  /// The signs of the residuals.
  ///
  /// `r_i >= 0` is decided as `x >= p_i` with `p_i` the value of the planes before: sums of at
  /// most 8 factors are exact in float, so no residual is ever rounded.
  [[nodiscard]] static constexpr code_type encode(float x, Scale scale) {
    const float number = detail::zero_if_nan(x);
    float before = 0;
    std::uint32_t code = 0;
    detail::unroll<M>([&](int plane) {
      const std::uint32_t down = detail::is_below(number, before);
      before += detail::negate_if(down, scale.gamma(plane));
      code = 2 * code + 1 - down;
    });
    return static_cast<code_type>(code);
  }

  /// The exact value.
  [[nodiscard]] static constexpr float decode(code_type code, Scale scale) {
    float sum = 0;
    detail::unroll<M>([&](int plane) {
      const std::uint32_t down = ~std::uint32_t{code} >> (M - 1 - plane) & 1U;
      sum += detail::negate_if(down, scale.gamma(plane));
    });
    return sum;
  }

  /// gamma_i = mean |r_i| over the finite values, each rounded to 8 bits before the next residual
  /// is taken, as the encoder will.
  ///
  /// - cost: O(M n), one copy of the values
  [[nodiscard]] static constexpr Scale fit(std::span<const float> values) {
    std::vector<float> residual(values.begin(), values.end());
    Scale scale;
    for (Gamma& gamma : scale.factors) {
      gamma = Gamma::from_float(detail::mean_magnitude(residual));
      for (float& r : residual) {
        r -= r < 0 ? -gamma.value() : gamma.value();
      }
    }
    return scale;
  }

  // -- comparing: as bits, for sorting and searching; values need a scale
  [[nodiscard]] friend constexpr auto operator<=>(MultiLevelBinary a, MultiLevelBinary b) {
    return a.raw <=> b.raw;
  }
  [[nodiscard]] friend constexpr bool operator==(MultiLevelBinary a, MultiLevelBinary b) {
    return a.raw == b.raw;
  }
};

static_assert(ElementType<MultiLevelBinary<4>> && sizeof(MultiLevelBinary<8>) == 1);

}  // namespace upset
