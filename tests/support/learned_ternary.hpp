// SPDX-License-Identifier: BSL-1.0
/// A format with a learned factor that is not made of signs.
#pragma once

#include <cstdint>
#include <span>

#include <upset/format/gamma.hpp>

namespace upset::test {

/// -gamma, 0 or gamma.
/// - source: gradients: Esser et al., Learned Step Size Quantization, ICLR 2020, eq. 3
struct LearnedTernary : PlainWord<LearnedTernary, 2> {
  using code_type = std::uint8_t;
  using Scale = GammaScale<1>;
  using Element = LearnedTernary;
  static constexpr int width = 2;
  static constexpr Operand operand = Operand::level;
  static constexpr int max_level = 2;

  [[nodiscard]] static constexpr Name name() { return Name{"LearnedTernary"}; }
  [[nodiscard]] static constexpr BitRole role(int bit) {
    return bit == 1 ? BitRole::sign : BitRole::fraction;
  }
  [[nodiscard]] static constexpr code_type encode(float x, Scale scale) {
    const float half = step(scale) / 2;
    return x > half ? 1 : x < -half ? 3 : 0;
  }
  [[nodiscard]] static constexpr std::int32_t level(code_type code, Scale /*scale*/) {
    return code < 2 ? code : code - 4;
  }
  [[nodiscard]] static constexpr float step(Scale scale) { return scale.gamma(0); }
  [[nodiscard]] static constexpr float decode(code_type code, Scale scale) {
    return step(scale) * static_cast<float>(level(code, scale));
  }
  [[nodiscard]] static constexpr Scale fit(std::span<const float> values) {
    const float mean[] = {detail::mean_magnitude(values)};
    return Scale::from_gammas(mean);
  }
  [[nodiscard]] static constexpr float straight_through(float x, Scale scale, float d_quantized,
                                                        std::span<double> d_gammas) {
    const float steps = x / step(scale);
    const bool is_inside = -1 < steps && steps < 1;
    const auto nearest = static_cast<float>(level(encode(x, scale), scale));
    d_gammas[0] += static_cast<double>(d_quantized * (is_inside ? nearest - steps : nearest));
    return is_inside ? d_quantized : 0.0F;
  }
};

static_assert(Format<LearnedTernary>);

}  // namespace upset::test
