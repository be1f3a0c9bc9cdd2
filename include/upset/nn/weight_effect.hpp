// SPDX-License-Identifier: BSL-1.0
/// What flips make of the weights of a convolution, as far as differences can tell.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <upset/core/differences.hpp>
#include <upset/nn/change.hpp>

namespace upset::detail {

/// See `ChangeRule::effect`: of a layer whose fault-free weights, `depth` an output, are
/// `weight(output, k)`.
template <class Level, class Weight>
[[nodiscard]] std::optional<WeightEffect> weight_effect(const ConvolutionFace<Level>& face,
                                                        std::span<const float> golden_biases,
                                                        std::size_t depth, Weight weight) {
  const auto touched = face.touched_weights();
  if (!touched) {
    return std::nullopt;
  }
  WeightEffect effect;
  for (const auto& [element, level] : *touched) {
    const std::size_t output = element / depth;
    const std::size_t k = element % depth;
    const float difference = static_cast<float>(level) - weight(output, k);
    const auto same = [output, k](const WeightEffect::Weight& other) {
      return other.output == output && other.k == k;
    };
    if (std::ranges::any_of(effect.weights, same)) {
      continue;  // one word may be touched several times
    }
    if (!std::isfinite(difference)) {
      return std::nullopt;
    }
    if (difference != 0) {
      effect.weights.push_back(
          {static_cast<std::uint32_t>(output), static_cast<std::uint32_t>(k), difference});
    }
  }
  if (face.touched_biases()) {
    const std::vector<float> biases = face.biases();
    for (std::size_t o = 0; o < biases.size(); ++o) {
      if (!same_bits(&biases[o], &golden_biases[o], 1)) {
        effect.biases.push_back({static_cast<std::uint32_t>(o), biases[o]});
      }
    }
  }
  return effect;
}

}  // namespace upset::detail
