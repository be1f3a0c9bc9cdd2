// SPDX-License-Identifier: BSL-1.0
/// Which vectors are flattened pictures: files have those channel by channel, memory has them pixel
/// by pixel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>  // ssize
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <upset/nn/network.hpp>

namespace upset::detail {

/// Of the values of a picture, which files have channel by channel; 1 where that is our order.
[[nodiscard]] inline std::size_t pixels_in(const Shape& shape) {
  return shape.rank() == 3 && shape[2] != 1 ? shape[0] * shape[1] : 1;
}

/// `pixels_in` what each node gives, or what the vector that it gives was flattened from. Throws
/// `Error` where a node joins vectors of different orders.
[[nodiscard]] inline std::vector<std::size_t> flattened_pixels(const Network& network) {
  static const std::set<std::string_view> joins{"Add", "AddBroadcast", "Concatenate", "Multiply"};
  static const std::set<std::string_view> others_in_order{
      "AddConstant", "Flatten", "MultiplyConstant", "Reshape", "RoundTo", "Softmax"};
  std::vector<std::size_t> all;
  for (const Network::Node& node : network.nodes()) {
    const std::string kind = node.layer.kind();
    const bool is_vector = node.shape.rank() == 1;
    const bool is_join = joins.contains(kind);
    std::vector<std::size_t> vectors;  // that it reads
    std::size_t pixels = 1;
    for (const std::size_t from : node.inputs) {
      const bool is_input = from == Network::input;
      const Shape& x = is_input ? network.input_shape() : network.nodes()[from].shape;
      pixels = std::max(pixels, is_input ? pixels_in(x) : all[from]);
      if (x.rank() == 1 && x.size() != 1) {
        vectors.push_back(is_input ? 1 : all[from]);
      }
    }
    const std::size_t order = is_vector && kind != "Concatenate" ? pixels : 1;
    if (is_join && std::ranges::count(vectors, order) != std::ssize(vectors)) {
      throw Error("Layer " + node.name + ", " + kind +
                  ", joins vectors of which one is a flattened picture; its values lie in another "
                  "order in files than here, so join pictures, and flatten them behind it");
    }
    const bool keeps_order =
        is_join || others_in_order.contains(kind) || node.layer.value_function();
    all.push_back(is_vector && keeps_order ? pixels : pixels_in(node.shape));
  }
  return all;
}

/// Of the flattened pictures that the values of a parameter of node `n`, no convolution, belong to,
/// if `pixels` are the network's; 1 where files have them in our order.
[[nodiscard]] inline std::size_t pixels_of(const Network& network,
                                           const std::vector<std::size_t>& pixels, std::size_t n,
                                           const Parameter& parameter) {
  const Network::Node& node = network.nodes()[n];
  if (parameter.name == "bias" || parameter.value->size() == 1 || node.shape.rank() != 1) {
    return 1;
  }
  const std::size_t from = node.inputs[0];
  return from == Network::input ? pixels_in(network.input_shape()) : pixels[from];
}

}  // namespace upset::detail
