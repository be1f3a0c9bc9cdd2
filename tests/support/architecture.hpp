// SPDX-License-Identifier: BSL-1.0
/// What is published of an architecture, counted in ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <upset/metric/work.hpp>
#include <upset/nn/network.hpp>

namespace upset::test {

/// Biases of convolutions: where batch norms follow, published counts leave them out.
[[nodiscard]] inline std::uint64_t convolution_biases(Network& net) {
  std::uint64_t sum = 0;
  for (std::size_t n = 0; n < net.size(); ++n) {
    for (const Parameter& parameter : net.layer(n).parameters()) {
      const bool is_bias = parameter.name == "bias" && net.layer(n).kind() == "Conv2d";
      sum += is_bias ? parameter.value->size() : 0;
    }
  }
  return sum;
}

/// The shape at the node called `name`; [] where there is none.
[[nodiscard]] inline Shape shape_at(const Network& net, std::string_view name) {
  for (const Network::Node& node : net.nodes()) {
    if (node.name == name) {
      return node.shape;
    }
  }
  return {};
}

}  // namespace upset::test
