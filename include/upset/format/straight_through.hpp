// SPDX-License-Identifier: BSL-1.0
/// Gradients through the rounding of a format: what quantisation-aware training differentiates.
#pragma once

#include <span>

#include <upset/format/concepts.hpp>

namespace upset {

/// dL/dx from dL/dx_q, where x_q = decode(encode(x)); adds dL/dgamma_i to `d_gammas`.
///
/// The rounding itself counts as the identity, which is all there is for formats without learnable
/// factors except that a saturated x gets no gradient. Formats made of residual signs
/// (x_q = sum_i gamma_i sign(r_i), r_1 = x, r_{i+1} = r_i - gamma_i sign(r_i)) have
///
///     dL/dgamma_i = dL/dx_q sign(r_i)
///     dL/dx       = dL/dx_q sum_i gamma_i [|r_i| <= 1]
///
/// summed over i where one gamma serves all of them.
///
/// - shape:  `d_gammas` has `Scale::gammas` entries, empty for the other formats
/// - source: MONO, IEEE Embedded Systems Letters, 2024, eqs. 3 and 4
template <Format F>
[[nodiscard]] float straight_through(float x, const typename F::Scale& scale, float d_quantized,
                                     [[maybe_unused]] std::span<double> d_gammas) {
  if constexpr (F::Scale::gammas > 0) {
    float residual = x;
    float passed = 0;
    for (int i = 0; i < F::width; ++i) {
      const int shared = F::Scale::gammas == 1 ? 0 : i;
      const float gamma = scale.gamma(shared);
      const float sign = residual >= 0 ? 1.0F : -1.0F;
      d_gammas[static_cast<std::size_t>(shared)] += static_cast<double>(d_quantized * sign);
      passed += residual >= -1 && residual <= 1 ? gamma : 0.0F;
      residual -= gamma * sign;
    }
    return d_quantized * passed;
  } else if constexpr (F::operand == Operand::level) {
    // One step beyond the outermost code still rounds to it without saturating by more than half.
    const float quantized = F::decode(F::encode(x, scale), scale);
    const float step = F::step(scale);
    return x - quantized <= step && quantized - x <= step ? d_quantized : 0.0F;
  } else {
    return d_quantized;
  }
}

}  // namespace upset
