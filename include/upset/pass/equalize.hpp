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
#include <upset/nn/channel_clip.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/pass/calibrate.hpp>

namespace upset {

namespace detail {

/// A float layer that multiplies: kernel [O, Ky, Kx, I / groups] or weight [O, I], bias [O] or
/// none.
struct Multiplier {
  Tensor kernel;
  Tensor bias;
  std::size_t groups = 1;

  [[nodiscard]] std::size_t outputs() const { return kernel.shape()[0]; }

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

/// Whether the layer gives s y for s x, for every positive s by channel: `Clip` does where its
/// bounds are multiplied too.
[[nodiscard]] inline bool passes_factors(const AnyLayer& layer) {
  return layer.target<ReLU>() != nullptr || layer.target<LeakyReLU>() != nullptr ||
         layer.target<Clip>() != nullptr || layer.target<MaxPool>() != nullptr ||
         layer.target<AveragePool>() != nullptr || layer.target<GlobalAveragePool>() != nullptr ||
         layer.target<Flatten>() != nullptr;
}

/// A layer and the one that multiplies what it gives.
struct MultiplierPair {
  std::size_t first;
  std::vector<std::size_t> path;  ///< nodes from behind the first to the second
  std::vector<float> least{};     ///< of the factors
  std::vector<float> factors{};   ///< that channels are divided by

  [[nodiscard]] std::size_t second() const { return path.back(); }
};

/// The nodes from behind `node` to the one of `known` that multiplies what it gives, where nothing
/// else reads it; else none.
[[nodiscard]] inline std::vector<std::size_t> path_to_multiplier(
    const Network& network, const std::map<std::size_t, Multiplier>& known, std::size_t node) {
  std::vector<std::size_t> path;
  do {
    std::vector<std::size_t> readers;
    for (std::size_t n = node + 1; n < network.size(); ++n) {
      const std::vector<std::size_t>& inputs = network.nodes()[n].inputs;
      readers.insert(readers.end(), static_cast<std::size_t>(std::ranges::count(inputs, node)), n);
    }
    if (readers.size() != 1 ||
        !(known.contains(readers[0]) || passes_factors(network.nodes()[readers[0]].layer))) {
      return {};
    }
    node = readers[0];
    path.push_back(node);
  } while (!known.contains(node));
  return path;
}

/// Sets the least factors, with which the largest value of each channel on the pictures is as large
/// as that of all: the second layer would round the others more coarsely for a larger one.
inline void bound_factors(const Network& network, const Tensor& pictures,
                          std::vector<MultiplierPair>& pairs) {
  for_each_part(network, pictures, [&](const Tensor& /*x*/, const std::vector<Tensor>& values) {
    for (MultiplierPair& pair : pairs) {
      const Tensor& read = values[network.nodes()[pair.second()].inputs[0]];
      for (std::size_t i = 0; i < read.size(); ++i) {
        float& largest = pair.least[i % pair.least.size()];
        largest = std::max(largest, std::abs(read[i]));
      }
    }
  });
  for (MultiplierPair& pair : pairs) {
    const float largest = *std::ranges::max_element(pair.least);
    for (float& least : pair.least) {
      least = largest > 0 ? least / largest : 0.0F;
    }
  }
}

/// Divides what the first gives by a factor per channel, so that the largest weights of the channel
/// are alike in both, as far as the least factors and the range of floats allow; the largest |log|
/// of the factors.
inline double equalize_pair(Multiplier& first, Multiplier& second, MultiplierPair& pair) {
  const std::size_t channels = first.outputs();
  std::vector<float> given(channels, 0.0F);
  std::vector<float> read(channels, 0.0F);
  const std::size_t depth = first.kernel.size() / channels;
  for (std::size_t w = 0; w < first.kernel.size(); ++w) {
    given[w / depth] = std::max(given[w / depth], std::abs(first.kernel[w]));
  }
  // a flattened picture has its channels side by side, pixel after pixel
  second.for_each_input([&](std::size_t input, float& weight) {
    const std::size_t c = input % channels;
    const bool is_silent = given[c] == 0 && pair.least[c] == 0;
    weight = is_silent ? 0.0F : weight;  // of any size, and would coarsen all the others
    read[c] = std::max(read[c], std::abs(weight));
  });
  std::vector<float> factor(channels, 1.0F);
  double change = 0;
  for (std::size_t c = 0; c < channels; ++c) {
    if (read[c] > 0) {
      const float wanted = pair.factors[c] * std::sqrt(given[c] / read[c]);
      const float s = std::max(wanted, pair.least[c]) / pair.factors[c];
      if (std::isnormal(s) && std::isnormal(1 / s) && std::isnormal(pair.factors[c] * s) &&
          (first.bias.size() == 0 || std::isfinite(first.bias[c] / s)) &&
          std::isfinite(read[c] * s)) {
        factor[c] = s;
      }
      pair.factors[c] *= factor[c];
      change = std::max(change, std::abs(std::log(static_cast<double>(factor[c]))));
    }
  }
  for (std::size_t c = 0; c < first.bias.size(); ++c) {
    first.bias[c] /= factor[c];
  }
  for (std::size_t w = 0; w < first.kernel.size(); ++w) {
    first.kernel[w] /= factor[w / depth];
  }
  second.for_each_input(
      [&](std::size_t input, float& weight) { weight *= factor[input % channels]; });
  return change;
}

/// The clip with its bounds divided by the factors of the channels it sees side by side.
[[nodiscard]] inline ChannelClip divided(const Clip& clip, const std::vector<float>& factors,
                                         std::size_t extent) {
  Tensor low({extent}, clip.low);
  Tensor high({extent}, clip.high);
  for (std::size_t i = 0; i < extent; ++i) {
    low[i] /= factors[i % factors.size()];
    high[i] /= factors[i % factors.size()];
  }
  return {std::move(low), std::move(high)};
}

}  // namespace detail

/// The same function in float, with channels scaled between layers that multiply so that every
/// channel has the same largest weight on both sides: s = sqrt(r_1 / r_2), W_1 / s, b_1 / s, s W_2.
///
/// Scales pass ReLU, LeakyReLU, clips, pools and `Flatten`, where nothing else reads the value.
/// Bounds of clips are divided by s, which makes them `ChannelClip`s: the source puts a ReLU in the
/// place of ReLU6, which is another function, and takes a MobileNetV2 trained for 8 bits from 92 of
/// 100 pictures to 79. No channel grows beyond the one with the largest values on the pictures, or
/// activations would need a larger step than before. Weights that read a channel which is always 0
/// become 0. A channel whose factor would leave the range of floats stays as it is. Fold batch
/// norms before.
///
/// - shape:    `pictures` [B, input_shape]
/// - rounding: every weight once a round
/// - errors:   throws `Error` without pictures
/// - cost:     one inference of the pictures; rounds over all pairs until the factors are within
///             1 % of 1, 100 at most
/// - source:   Nagel, van Baalen, Blankevoort and Welling, Data-Free Quantization Through Weight
///             Equalization and Bias Correction, ICCV 2019, section 4.1
[[nodiscard]] inline Network equalize(const Network& network, const Tensor& pictures) {
  if (pictures.size() == 0) {
    throw Error("Equalisation needs one picture at least");
  }
  std::map<std::size_t, detail::Multiplier> multipliers;
  for (std::size_t n = 0; n < network.size(); ++n) {
    const AnyLayer& layer = network.nodes()[n].layer;
    if (const auto* conv = layer.target<Conv2d<>>()) {
      multipliers[n] = {conv->kernel(), conv->bias(), conv->geometry().groups};
    } else if (const auto* dense = layer.target<Dense<>>()) {
      multipliers[n] = {dense->weight(), dense->bias()};
    }
  }
  std::vector<detail::MultiplierPair> pairs;
  for (const auto& [node, multiplier] : multipliers) {
    const std::size_t channels = multiplier.outputs();
    if (auto path = detail::path_to_multiplier(network, multipliers, node); !path.empty()) {
      pairs.push_back({node, std::move(path), std::vector<float>(channels, 0.0F),
                       std::vector<float>(channels, 1.0F)});
    }
  }
  detail::bound_factors(network, pictures, pairs);
  double change = 1;
  for (int round = 0; round < 100 && change > 0.01; ++round) {
    change = 0;
    for (detail::MultiplierPair& pair : pairs) {
      change = std::max(change, detail::equalize_pair(multipliers.at(pair.first),
                                                      multipliers.at(pair.second()), pair));
    }
  }
  std::map<std::size_t, AnyLayer> changed;
  for (auto& [n, multiplier] : multipliers) {
    const auto* conv = network.nodes()[n].layer.target<Conv2d<>>();
    changed.emplace(n, conv != nullptr ? AnyLayer(Conv2d<>(conv->geometry(), multiplier.kernel,
                                                           multiplier.bias))
                                       : AnyLayer(Dense<>(multiplier.kernel, multiplier.bias)));
  }
  for (const detail::MultiplierPair& pair : pairs) {
    for (const std::size_t n : pair.path) {
      if (const auto* clip = network.nodes()[n].layer.target<Clip>()) {
        const Shape& shape = network.nodes()[n].shape;
        changed.emplace(n, detail::divided(*clip, pair.factors, shape[shape.rank() - 1]));
      }
    }
  }
  Network result(network.input_shape());
  for (std::size_t n = 0; n < network.size(); ++n) {
    const Network::Node& node = network.nodes()[n];
    const auto found = changed.find(n);
    result.add(node.name, found == changed.end() ? node.layer : std::move(found->second),
               node.inputs);
  }
  return result;
}

}  // namespace upset
