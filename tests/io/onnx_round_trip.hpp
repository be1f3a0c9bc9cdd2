// SPDX-License-Identifier: BSL-1.0
/// Networks that are written as ONNX files and read again.
#pragma once

#include "onnx_graphs.hpp"
#include <doctest/doctest.h>
#include <onnx/checker.h>

#include <upset/io/onnx.hpp>

namespace upset::test {

/// Whether ONNX's own checker takes the exported network, and it is imported as the same function.
inline void check_round_trip(Network network) {
  fill(network);
  const std::vector<std::uint8_t> bytes = onnx_bytes(network);
  onnx::checker::check_model(detail::parse_proto<onnx::ModelProto>(bytes, "exported"));
  const Network back = parse_onnx(bytes);
  CHECK(back.output_shape() == network.output_shape());
  const Tensor x = pictures(network.input_shape());
  CHECK(back.forward(x) == network.forward(x));
}

/// The operators of the exported network, in order.
[[nodiscard]] inline std::vector<std::string> exported_operators(const Network& network) {
  const auto model = detail::parse_proto<onnx::ModelProto>(onnx_bytes(network), "exported");
  std::vector<std::string> types;
  for (const onnx::NodeProto& node : model.graph().node()) {
    types.push_back(node.op_type());
  }
  return types;
}

}  // namespace upset::test
