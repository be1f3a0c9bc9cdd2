// SPDX-License-Identifier: BSL-1.0
/// Batch norms folded into the convolutions before them.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <upset/nn/batch_norm.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/network.hpp>

namespace upset {

/// The same function in inference with every float batch norm that alone reads a float convolution
/// multiplied into its kernel and bias: kernel' = f kernel, bias' = f (bias - mean) + beta, with
/// f = gamma / sqrt(variance + epsilon); a convolution without a bias gets one. Equal up to the
/// rounding of products.
[[nodiscard]] inline Network fold_batch_norms(const Network& network) {
  std::vector<std::size_t> readers(network.size(), 0);
  for (const Network::Node& node : network.nodes()) {
    for (const std::size_t from : node.inputs) {
      if (from != Network::input) {
        ++readers[from];
      }
    }
  }
  Network result(network.input_shape());
  std::vector<std::size_t> now(network.size());  // index of a node's value in the result
  for (std::size_t n = 0; n < network.size(); ++n) {
    const Network::Node& node = network.nodes()[n];
    std::vector<std::size_t> inputs = node.inputs;
    for (std::size_t& from : inputs) {
      from = from == Network::input ? from : now[from];
    }
    const auto* norm = node.layer.target<BatchNorm<>>();
    const std::size_t before = node.inputs[0];
    const auto* conv = norm != nullptr && before != Network::input && readers[before] == 1
                           ? network.nodes()[before].layer.target<Conv2d<>>()
                           : nullptr;
    if (conv == nullptr) {
      now[n] = result.add(node.name, node.layer, std::move(inputs));
      continue;
    }
    Tensor kernel = conv->kernel();
    Tensor bias = conv->bias().size() > 0 ? conv->bias() : Tensor({conv->out_channels()});
    const std::size_t depth = kernel.size() / bias.size();
    for (std::size_t o = 0; o < bias.size(); ++o) {
      const double factor = static_cast<double>(norm->gamma()[o]) /
                            std::sqrt(static_cast<double>(norm->variance()[o]) +
                                      static_cast<double>(BatchNorm<>::epsilon));
      for (std::size_t k = 0; k < depth; ++k) {
        float& weight = kernel[o * depth + k];
        weight = static_cast<float>(factor * static_cast<double>(weight));
      }
      bias[o] = static_cast<float>(
          factor * (static_cast<double>(bias[o]) - static_cast<double>(norm->mean()[o])) +
          static_cast<double>(norm->beta()[o]));
    }
    result.layer(inputs[0]) = Conv2d<>(conv->geometry(), std::move(kernel), std::move(bias));
    now[n] = inputs[0];
  }
  return result;
}

}  // namespace upset
