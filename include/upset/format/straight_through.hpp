// SPDX-License-Identifier: BSL-1.0
/// Gradients through the rounding of a format: what quantisation-aware training differentiates.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <span>

#include <upset/format/concepts.hpp>

namespace upset {

/// x_q = decode(encode(x)): by its level alone where the format offers that, so that loops over
/// tensors count no bits.
template <Format F>
[[nodiscard]] constexpr float quantized(float x, const typename F::Scale& scale) {
  if constexpr (requires { F::encode_level(x, scale); }) {
    return F::step(scale) * static_cast<float>(F::encode_level(x, scale));
  } else {
    return F::decode(F::encode(x, scale), scale);
  }
}

/// `quantized` under one scale: a type that guards of one format share, so that loops over it are
/// compiled once.
template <Format F>
requires std::same_as<F, typename F::Element>
struct Quantizer {
  typename F::Scale scale;

  [[nodiscard]] constexpr float operator()(float x) const { return quantized<F>(x, scale); }
};

/// Whether `F`, or what it guards, has a `straight_through(x, scale, d_quantized, d_gammas)` of its
/// own, which does what the one below does.
template <Format F>
inline constexpr bool has_own_gradient = requires(float x, const typename F::Scale& scale,
                                                  std::span<double> d_gammas) {
  { F::Element::straight_through(x, scale, x, d_gammas) } -> std::same_as<float>;
};

namespace detail {

/// Whether the factors of `F` are learned by its residual signs.
template <Format F>
consteval bool is_of_learned_signs() {
  if constexpr (F::Scale::gammas == 0 || has_own_gradient<F>) {
    return false;
  } else {
    constexpr bool is_of_signs = F::role(0) == BitRole::level || F::role(0) == BitRole::plane;
    static_assert(is_of_signs && (F::Scale::gammas == 1 || F::Scale::gammas == F::width),
                  "straight_through<F>: the factors of F are learned, and it is not made of signs "
                  "under one factor or one each; give F a static function float "
                  "straight_through(x, scale, d_quantized, d_gammas), or its scale gammas = 0");
    return true;
  }
}

}  // namespace detail

/// dL/dx from dL/dx_q, where x_q = decode(encode(x)); adds dL/dgamma_i to `d_gammas`.
///
/// The rounding itself counts as the identity, which is all there is for formats without learnable
/// factors except that a saturated x gets no gradient. Formats made of residual signs
/// (x_q = sum_i gamma_i sign(r_i), r_1 = x, r_{i+1} = r_i - gamma_i sign(r_i)) have
///
///     dL/dgamma_i = dL/dx_q sign(r_i)
///     dL/dx       = dL/dx_q sum_i gamma_i [|r_i| <= 1]
///
/// summed over i where one gamma serves all of them. r_i is taken as x less the value of the signs
/// before, which is exact in float: rounded once it keeps its sign, so the signs are those of the
/// code. Other formats with learnable factors say themselves what follows from these.
///
/// - shape:  `d_gammas` has `Scale::gammas` entries, empty for the other formats
/// - source: MONO, IEEE Embedded Systems Letters, 2024, eqs. 3 and 4
template <Format F>
[[nodiscard]] float straight_through(float x, const typename F::Scale& scale, float d_quantized,
                                     [[maybe_unused]] std::span<double> d_gammas) {
  if constexpr (has_own_gradient<F>) {
    return F::Element::straight_through(x, scale, d_quantized, d_gammas);
  } else if constexpr (detail::is_of_learned_signs<F>()) {
    float before = 0;
    float passed = 0;
    for (int i = 0; i < F::width; ++i) {
      const int shared = F::Scale::gammas == 1 ? 0 : i;
      const float gamma = scale.gamma(shared);
      const float residual = x - before;
      const float sign = residual >= 0 ? 1.0F : -1.0F;
      d_gammas[static_cast<std::size_t>(shared)] += static_cast<double>(d_quantized * sign);
      passed += residual >= -1 && residual <= 1 ? gamma : 0.0F;
      before += gamma * sign;
    }
    return d_quantized * passed;
  } else if constexpr (F::operand == Operand::level) {
    // One step beyond the outermost code still rounds to it without saturating by more than half.
    const float x_q = quantized<F>(x, scale);
    const float step = F::step(scale);
    return x - x_q <= step && x_q - x <= step ? d_quantized : 0.0F;
  } else {
    return d_quantized;
  }
}

/// `straight_through` of many elements at once: adds dL/dx to `d_x`, dL/dgamma_i to `d_gammas`.
///
/// - shape:    `x`, `d_quantized` and `d_x` have one length
/// - rounding: dL/dx as for single elements; dL/dgamma_i in double, in 16 sums that take the
///             elements in turn and are added at the end
/// - cost:     plain loops over 16 elements, which compilers turn into vectors; about 10 times
///             faster than single elements
template <Format F>
void straight_through(std::span<const float> x, const typename F::Scale& scale,
                      std::span<const float> d_quantized, std::span<float> d_x,
                      [[maybe_unused]] std::span<double> d_gammas) {
  if constexpr (detail::is_of_learned_signs<F>()) {
    constexpr std::size_t lanes = 16;
    constexpr auto gammas = static_cast<std::size_t>(F::Scale::gammas);
    constexpr auto signs = static_cast<std::size_t>(F::width);
    std::array<float, signs> gamma{};
    for (std::size_t i = 0; i < signs; ++i) {
      gamma[i] = scale.gamma(gammas == 1 ? 0 : static_cast<int>(i));
    }
    std::array<std::array<double, lanes>, gammas> sums{};
    for (std::size_t first = 0; first < x.size(); first += lanes) {
      const std::size_t count = std::min(lanes, x.size() - first);
      std::array<float, lanes> value{};
      std::array<float, lanes> d{};  // missing elements have no gradient to pass
      std::array<float, lanes> before{};
      std::array<float, lanes> passed{};
      std::array<float, lanes> level{};
      std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(first), count, value.begin());
      std::copy_n(d_quantized.begin() + static_cast<std::ptrdiff_t>(first), count, d.begin());
      for (std::size_t i = 0; i < signs; ++i) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          const float r = value[lane] - before[lane];
          const float sign = r >= 0 ? 1.0F : -1.0F;
          passed[lane] += r >= -1 && r <= 1 ? gamma[i] : 0.0F;
          before[lane] += gamma[i] * sign;
          level[lane] = gammas == 1 ? level[lane] + sign : sign;
        }
        if (gammas > 1 || i + 1 == signs) {
          for (std::size_t lane = 0; lane < lanes; ++lane) {
            sums[gammas == 1 ? 0 : i][lane] +=
                static_cast<double>(d[lane]) * static_cast<double>(level[lane]);
          }
        }
      }
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        passed[lane] *= d[lane];
      }
      for (std::size_t lane = 0; lane < count; ++lane) {
        d_x[first + lane] += passed[lane];
      }
    }
    for (std::size_t i = 0; i < gammas; ++i) {
      for (const double sum : sums[i]) {
        d_gammas[i] += sum;
      }
    }
  } else {
    const typename F::Scale fixed = scale;  // a local, or every float stored might change it
    float* const to = d_x.data();
    for (std::size_t i = 0; i < x.size(); ++i) {
      to[i] += straight_through<F>(x[i], fixed, d_quantized[i], d_gammas);
    }
  }
}

}  // namespace upset
