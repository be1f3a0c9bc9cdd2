// SPDX-License-Identifier: BSL-1.0
/// Small ONNX graphs, written as plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/values.hpp"

#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_graph.hpp>

namespace upset::test {

using Integers = std::vector<std::int64_t>;

/// A graph that takes "x" of these extents, batch first, and gives "y".
[[nodiscard]] inline detail::OnnxGraph graph_of(Integers extents,
                                                std::vector<detail::OnnxNode> nodes,
                                                std::map<std::string, Array> constants = {}) {
  return {13,
          {{"x", detail::OnnxType::real, std::move(extents)}},
          {"y"},
          std::move(nodes),
          std::move(constants)};
}

[[nodiscard]] inline Array integers(Integers values) {
  return detail::onnx_integers(std::move(values));
}

[[nodiscard]] inline std::vector<std::string> kinds_of(const Network& network) {
  std::vector<std::string> kinds;
  for (const Network::Node& node : network.nodes()) {
    kinds.push_back(node.layer.kind());
  }
  return kinds;
}

/// 0, 1, 2, ...
[[nodiscard]] inline Tensor counted(const Shape& shape) {
  Tensor x(shape);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i);
  }
  return x;
}

/// Parameters from 0.1 to 0.6, so that variances are positive, and kernels of both signs.
inline void fill(Network& network) {
  Values values(1);
  for (const Parameter& parameter : network.parameters()) {
    const Shape& shape = parameter.value->shape();
    *parameter.value = values.uniform(shape, shape.rank() > 1 ? -0.6F : 0.1F, 0.6F);
  }
  network.encode();
}

[[nodiscard]] inline Tensor pictures(const Shape& shape) {
  return Values(2).uniform(shape.with_batch(2), -1, 1);
}

}  // namespace upset::test
