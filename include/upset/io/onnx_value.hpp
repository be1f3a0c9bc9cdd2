// SPDX-License-Identifier: BSL-1.0
/// Values of an ONNX graph as a network has them: where, in which order of axes, of which type.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <upset/format/int8_affine.hpp>
#include <upset/io/onnx_codes.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/nn/network.hpp>

namespace upset::detail {

/// A value of the network, as ONNX sees it. Shapes omit the batch.
struct OnnxValue {
  std::size_t node = Network::input;
  Shape shape;      ///< in the order of ONNX: [C, H, W] of a picture
  Shape axes;       ///< what `shape` was before it was flattened; else the same
  AxisOrder order;  ///< axis k of the network's value is axis order[k] of `axes`
  /// The grid that it has yet to be rounded to: by the product of 8 bits that reads it, else by a
  /// layer of its own.
  std::optional<AffineScale> pending{};
};

/// What the elements of a value are in the file. The network has the real numbers that 8-bit codes
/// stand for, and 32-bit integers as they are.
struct OnnxElements {
  OnnxType type = OnnxType::real;
  std::optional<AffineScale> grid{};  ///< of 8-bit codes, and of reals that come from them

  [[nodiscard]] friend bool operator==(const OnnxElements&, const OnnxElements&) = default;
};

/// The grids, one or one for each along `axis`, of the 8-bit codes that a constant was made from.
struct OnnxScales {
  std::vector<AffineScale> grids;
  std::size_t axis = 0;
};

/// The input of `graph`. Pictures lie channels last, unless all that reads them puts their last
/// axis first: then the file takes them as we do.
///
/// - errors: throws `Error` unless the graph has one input, of a type and shape that a network
///   takes, and one output
[[nodiscard]] inline OnnxValue input_value(const OnnxGraph& graph) {
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1) {
    throw Error("has " + std::to_string(graph.inputs.size()) +
                " inputs that are no constants and " + std::to_string(graph.outputs.size()) +
                " outputs; a network has one of each");
  }
  const OnnxInput& input = graph.inputs[0];
  if ((input.type != OnnxType::real && !is_code(input.type)) || input.extents.size() < 2 ||
      input.extents.size() > Shape::max_rank) {
    throw Error("its input " + input.name + " is no batch of 32-bit floats or of 8-bit integers");
  }
  OnnxValue value;
  try {
    value.shape = onnx_shape({input.extents.begin() + 1, input.extents.end()});
  } catch (const Error& error) {
    throw Error("input " + input.name + ": " + error.what() +
                "; export the model with all extents but the batch fixed");
  }
  value.axes = value.shape;
  const auto takes_channels_last = [&](const OnnxNode& node) {
    return std::ranges::find(node.inputs, input.name) == node.inputs.end() ||
           (node.type == "Transpose" &&
            node.get("perm", std::vector<std::int64_t>{}) == std::vector<std::int64_t>{0, 3, 1, 2});
  };
  const std::size_t rank = value.axes.rank();
  value.order = rank == 3 && !std::ranges::all_of(graph.nodes, takes_channels_last)
                    ? axis_last(0, rank)
                    : axes_in_order(rank);
  return value;
}

/// What a layer is called: as the weights among `inputs` without their last part, else as the node,
/// else as its operator.
[[nodiscard]] inline std::string layer_name(const OnnxNode& node,
                                            const std::vector<std::size_t>& inputs = {}) {
  for (const std::size_t n : inputs) {
    const std::size_t dot = node.has_input(n) ? node.inputs[n].rfind('.') : std::string::npos;
    if (dot != std::string::npos && dot > 0) {
      return node.inputs[n].substr(0, dot);
    }
  }
  std::string name = node.name.empty() ? node.type : node.name;
  if (node.name.empty()) {
    std::ranges::transform(name, name.begin(), [](unsigned char letter) {
      return static_cast<char>(std::tolower(letter));
    });
  }
  return name;
}

}  // namespace upset::detail
