// SPDX-License-Identifier: BSL-1.0
/// The graph in an ONNX file as plain values.
///
/// Source: ONNX 1.12, onnx.proto and docs/IR.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <onnx/onnx_pb.h>

#include <upset/core/error.hpp>
#include <upset/io/npy.hpp>
#include <upset/io/onnx_tensor.hpp>

namespace upset::detail {

/// What an attribute of a node holds.
using OnnxAttribute = std::variant<float, std::int64_t, std::string, std::vector<float>,
                                   std::vector<std::int64_t>, Array>;

struct OnnxNode {
  std::string type;  ///< its operator: "Conv"
  std::string name;  ///< often empty
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::map<std::string, OnnxAttribute> attributes;

  /// Attribute `key`, or `otherwise` where it is not given. Throws `Error` where it has another
  /// type.
  template <class T>
  [[nodiscard]] T get(const std::string& key, T otherwise) const {
    const auto found = attributes.find(key);
    if (found == attributes.end()) {
      return otherwise;
    }
    if (const T* const value = std::get_if<T>(&found->second)) {
      return *value;
    }
    throw Error("its attribute " + key + " is of another type than " + type + " takes");
  }
  [[nodiscard]] bool has_input(std::size_t n) const {
    return n < inputs.size() && !inputs[n].empty();
  }
};

/// Types of what a network computes.
enum class OnnxType : std::uint8_t { real, int8, uint8, int32, other };

struct OnnxInput {
  std::string name;
  OnnxType type = OnnxType::other;
  std::vector<std::int64_t> extents;  ///< batch first; 0 where the file leaves one open
};

struct OnnxGraph {
  std::int64_t opset = 0;
  std::vector<OnnxInput> inputs;  ///< without those that are constants
  std::vector<std::string> outputs;
  std::vector<OnnxNode> nodes;
  std::map<std::string, Array> constants;
};

[[nodiscard]] inline OnnxNode onnx_node(const onnx::NodeProto& proto) {
  OnnxNode node{proto.op_type(),
                proto.name(),
                {proto.input().begin(), proto.input().end()},
                {proto.output().begin(), proto.output().end()},
                {}};
  if (!proto.domain().empty() && proto.domain() != "ai.onnx") {
    node.type = proto.domain() + "." + node.type;  // none that we know
  }
  for (const onnx::AttributeProto& attribute : proto.attribute()) {
    OnnxAttribute value;
    switch (attribute.type()) {
      case onnx::AttributeProto::FLOAT:
        value = attribute.f();
        break;
      case onnx::AttributeProto::INT:
        value = std::int64_t{attribute.i()};
        break;
      case onnx::AttributeProto::STRING:
        value = attribute.s();
        break;
      case onnx::AttributeProto::FLOATS:
        value = std::vector<float>(attribute.floats().begin(), attribute.floats().end());
        break;
      case onnx::AttributeProto::INTS:
        value = std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end());
        break;
      case onnx::AttributeProto::TENSOR:
        value = onnx_array(attribute.t());
        break;
      default:
        throw Error("its attribute " + attribute.name() + " is of a type that is not read");
    }
    node.attributes.emplace(attribute.name(), std::move(value));
  }
  return node;
}

/// "Conv conv_1", for errors.
[[nodiscard]] inline std::string to_string(const OnnxNode& node) {
  return node.type + " " +
         (!node.name.empty()     ? node.name
          : node.outputs.empty() ? "without a name"
                                 : "that gives " + node.outputs[0]);
}

[[nodiscard]] inline OnnxInput onnx_input(const onnx::ValueInfoProto& proto) {
  const onnx::TypeProto::Tensor& type = proto.type().tensor_type();
  const OnnxType element = type.elem_type() == onnx::TensorProto::FLOAT   ? OnnxType::real
                           : type.elem_type() == onnx::TensorProto::INT8  ? OnnxType::int8
                           : type.elem_type() == onnx::TensorProto::UINT8 ? OnnxType::uint8
                                                                          : OnnxType::other;
  OnnxInput input{proto.name(), element, {}};
  for (const onnx::TensorShapeProto::Dimension& extent : type.shape().dim()) {
    input.extents.push_back(extent.has_dim_value() ? std::int64_t{extent.dim_value()} : 0);
  }
  return input;
}

/// The graph of the model in `bytes`; `where` begins errors.
[[nodiscard]] inline OnnxGraph parse_onnx_graph(std::span<const std::uint8_t> bytes,
                                                const std::string& where) {
  const auto model = parse_proto<onnx::ModelProto>(bytes, where);
  OnnxGraph graph;
  for (const onnx::OperatorSetIdProto& set : model.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") {
      graph.opset = set.version();
    }
  }
  if (!model.has_graph() || model.graph().node().empty()) {
    throw Error(where + ": has no graph, or an empty one");
  }
  if (graph.opset < 1 || graph.opset > 21) {
    throw Error(where + ": is of opset " + std::to_string(graph.opset) +
                ", and has to be of an opset from 1 to 21; convert or export it again");
  }
  const auto named = [&](const std::string& what, auto read) {
    try {
      return read();
    } catch (const Error& error) {
      throw Error(where + ": " + what + ": " + error.what());
    }
  };
  for (const onnx::TensorProto& tensor : model.graph().initializer()) {
    graph.constants.insert_or_assign(
        tensor.name(), named("tensor " + tensor.name(), [&] { return onnx_array(tensor); }));
  }
  for (const onnx::ValueInfoProto& input : model.graph().input()) {
    if (!graph.constants.contains(input.name())) {
      graph.inputs.push_back(onnx_input(input));
    }
  }
  for (const onnx::ValueInfoProto& output : model.graph().output()) {
    graph.outputs.push_back(output.name());
  }
  for (const onnx::NodeProto& node : model.graph().node()) {
    graph.nodes.push_back(
        named(node.op_type() + " " + node.name(), [&] { return onnx_node(node); }));
  }
  return graph;
}

}  // namespace upset::detail
