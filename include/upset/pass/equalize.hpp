// SPDX-License-Identifier: BSL-1.0
/// Weights of neighbouring layers brought to equal ranges, for formats with one scale a kernel.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include <upset/nn/activation.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

namespace upset {

namespace detail {

/// A float layer that multiplies: kernel [O, Ky, Kx, I / groups] or weight [O, I].
struct Multiplier {
  Tensor kernel;
  Tensor bias;
  std::size_t groups = 1;

  [[nodiscard]] std::size_t outputs() const { return bias.size(); }

  /// Calls `use(i, weight)` for all weights, i the input channel that each is multiplied with.
  template <class Use>
  void for_each_input(Use use) {
    const std::size_t depth = kernel.size() / outputs();
    const std::size_t inner = kernel.shape()[kernel.shape().rank() - 1];
    for (std::size_t w = 0; w < kernel.size(); ++w) {
      const std::size_t group = w / depth / (outputs() / groups);
      use(group * inner + w % inner, kernel[w]);
    }
  }
};

/// Whether the layer gives s y for s x, for every positive s by channel.
[[nodiscard]] inline bool passes_factors(const AnyLayer& layer) {
  return layer.target<ReLU>() != nullptr || layer.target<LeakyReLU>() != nullptr ||
         layer.target<MaxPool>() != nullptr || layer.target<AveragePool>() != nullptr ||
         layer.target<GlobalAveragePool>() != nullptr || layer.target<Flatten>() != nullptr;
}

/// The one node that multiplies what `node` gives, where nothing else reads it; else `size()`.
[[nodiscard]] inline std::size_t only_multiplier(const Network& network,
                                                 const std::map<std::size_t, Multiplier>& known,
                                                 std::size_t node) {
  std::vector<std::size_t> readers;
  for (std::size_t n = node + 1; n < network.size(); ++n) {
    const std::vector<std::size_t>& inputs = network.nodes()[n].inputs;
    readers.insert(readers.end(), static_cast<std::size_t>(std::ranges::count(inputs, node)), n);
  }
  if (readers.size() != 1) {
    return network.size();
  }
  return known.contains(readers[0]) ? readers[0]
         : passes_factors(network.nodes()[readers[0]].layer)
             ? only_multiplier(network, known, readers[0])
             : network.size();
}

/// Divides what the first gives by a factor per channel, so that the largest weights of the channel
/// are alike in both; the largest |log| of the factors.
inline double equalize_pair(Multiplier& first, Multiplier& second) {
  const std::size_t channels = first.outputs();
  std::vector<float> given(channels, 0.0F);
  std::vector<float> read(channels, 0.0F);
  const std::size_t depth = first.kernel.size() / channels;
  for (std::size_t w = 0; w < first.kernel.size(); ++w) {
    given[w / depth] = std::max(given[w / depth], std::abs(first.kernel[w]));
  }
  // a flattened picture has its channels side by side, pixel after pixel
  second.for_each_input([&](std::size_t input, float& weight) {
    read[input % channels] = std::max(read[input % channels], std::abs(weight));
  });
  std::vector<float> factor(channels, 1.0F);
  double change = 0;
  for (std::size_t c = 0; c < channels; ++c) {
    if (given[c] > 0 && read[c] > 0) {  // else nothing passes, and there is nothing to equalise
      factor[c] = std::sqrt(given[c] / read[c]);
      change = std::max(change, std::abs(std::log(static_cast<double>(factor[c]))));
    }
    first.bias[c] /= factor[c];
  }
  for (std::size_t w = 0; w < first.kernel.size(); ++w) {
    first.kernel[w] /= factor[w / depth];
  }
  second.for_each_input(
      [&](std::size_t input, float& weight) { weight *= factor[input % channels]; });
  return change;
}

}  // namespace detail

/// The network with a ReLU in place of every `Clip` from 0 (ReLU6), which lets factors of channels
/// pass. Not the same function: values above the clip are kept. Measure what that costs: a
/// MobileNetV2 trained with its ReLU6 for 8 bits falls from 87.0 % to 75.0 % of 200 pictures, and
/// is better left as it is.
///
/// - source: Nagel et al. 2019, section 5.1.1
[[nodiscard]] inline Network unclip(const Network& network) {
  Network result(network.input_shape());
  for (const Network::Node& node : network.nodes()) {
    const auto* clip = node.layer.target<Clip>();
    result.add(node.name, clip != nullptr && clip->low == 0 ? AnyLayer(ReLU{}) : node.layer,
               node.inputs);
  }
  return result;
}

/// The same function in float, with channels scaled between layers that multiply so that every
/// channel has the same largest weight on both sides: s = sqrt(r_1 / r_2), W_1 / s, b_1 / s, s W_2.
///
/// Scales pass ReLU, LeakyReLU, pools and `Flatten`, where nothing else reads the value; a clipped
/// activation stops them, so put ReLUs in their place first (`unclip`). Fold batch norms before.
///
/// - rounding: every weight once a round
/// - cost:     rounds over all pairs until the factors are within 1 % of 1, 100 at most
/// - source:   Nagel, van Baalen, Blankevoort and Welling, Data-Free Quantization Through Weight
///             Equalization and Bias Correction, ICCV 2019, section 4.1
[[nodiscard]] inline Network equalize(const Network& network) {
  std::map<std::size_t, detail::Multiplier> multipliers;
  for (std::size_t n = 0; n < network.size(); ++n) {
    const AnyLayer& layer = network.nodes()[n].layer;
    if (const auto* conv = layer.target<Conv2d<>>()) {
      multipliers[n] = {conv->kernel(), conv->bias(), conv->geometry().groups};
    } else if (const auto* dense = layer.target<Dense<>>()) {
      multipliers[n] = {dense->weight(), dense->bias()};
    }
  }
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const auto& [node, multiplier] : multipliers) {
    const std::size_t reader = detail::only_multiplier(network, multipliers, node);
    if (reader < network.size()) {
      pairs.emplace_back(node, reader);
    }
  }
  double change = 1;
  for (int round = 0; round < 100 && change > 0.01; ++round) {
    change = 0;
    for (const auto& [first, second] : pairs) {
      change =
          std::max(change, detail::equalize_pair(multipliers.at(first), multipliers.at(second)));
    }
  }
  Network result(network.input_shape());
  for (std::size_t n = 0; n < network.size(); ++n) {
    const Network::Node& node = network.nodes()[n];
    AnyLayer layer = node.layer;
    if (const auto found = multipliers.find(n); found != multipliers.end()) {
      const auto& [kernel, bias, groups] = found->second;
      if (const auto* conv = layer.target<Conv2d<>>()) {
        layer = Conv2d<>(conv->geometry(), kernel, bias);
      } else {
        layer = Dense<>(kernel, bias);
      }
    }
    result.add(node.name, std::move(layer), node.inputs);
  }
  return result;
}

}  // namespace upset
