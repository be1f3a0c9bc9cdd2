// SPDX-License-Identifier: BSL-1.0
/// What one inference of a network costs, and how much it has learned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <upset/metric/footprint.hpp>
#include <upset/nn/network.hpp>

namespace upset {

/// Multiply-adds of one picture in convolutions and dense layers, those with padding included, as
/// they are usually counted; biases, norms, pools and activation functions are not.
[[nodiscard]] inline std::uint64_t multiply_adds(const Network& network) {
  const std::span<const Network::Node> nodes = network.nodes();
  std::uint64_t sum = 0;
  for (const Network::Node& node : nodes) {
    const std::size_t from = node.inputs[0];
    sum += node.layer.multiply_adds(from == Network::input ? network.input_shape()
                                                           : nodes[from].shape);
  }
  return sum;
}

/// Values that training changes by gradients: weights, biases, gamma, beta and learned scales, not
/// moving averages.
[[nodiscard]] inline std::uint64_t parameter_count(Network& network) {
  std::uint64_t sum = 0;
  for (const Parameter& parameter : network.parameters()) {
    sum += parameter.update == Update::gradient ? parameter.value->size() : 0;
  }
  return sum;
}

/// Bits of all memory images of the weights, by format.
[[nodiscard]] inline std::vector<FormatFootprint> weight_footprint(Network& network) {
  std::vector<const MemoryImage*> images;
  for (const NamedImage& named : network.images()) {
    images.push_back(named.image);
  }
  return footprint_by_format(images);
}

}  // namespace upset
