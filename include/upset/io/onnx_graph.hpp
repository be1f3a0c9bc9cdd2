// SPDX-License-Identifier: BSL-1.0
/// The graph in an ONNX file as plain values: the one header that reads Protocol Buffers.
///
/// Source: ONNX 1.12, onnx.proto and docs/IR.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <onnx/onnx_pb.h>

#include <upset/core/error.hpp>
#include <upset/io/bytes.hpp>
#include <upset/io/npy.hpp>

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

// -- tensors

/// The values of `tensor`, of which there must be `count`, raw or in the field `typed`.
template <class T, class Typed>
[[nodiscard]] std::vector<T> onnx_values(const onnx::TensorProto& tensor, const Typed& typed,
                                         std::size_t count) {
  const std::string& raw = tensor.raw_data();
  const bool is_raw = tensor.has_raw_data();
  if (is_raw ? raw.size() / sizeof(T) != count || raw.size() % sizeof(T) != 0
             : static_cast<std::size_t>(typed.size()) != count) {
    throw Error("holds " +
                (is_raw ? std::to_string(raw.size()) + " bytes"
                        : std::to_string(typed.size()) + " values") +
                ", and its shape asks for " + std::to_string(count) + " values of " +
                std::to_string(sizeof(T)) + " bytes");
  }
  std::vector<T> values(count);
  if (is_raw) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size());
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = from_bytes<T>(std::span(bytes).subspan(i * sizeof(T), sizeof(T)));
    }
  } else {
    std::ranges::transform(typed, values.begin(), [](auto value) { return static_cast<T>(value); });
  }
  return values;
}

/// Throws `Error` where data are missing, elsewhere or of a type that is not read; nothing is
/// allocated for extents that the data do not fill.
[[nodiscard]] inline Array onnx_array(const onnx::TensorProto& tensor) {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    throw Error("lies in another file; save the model with its data inside");
  }
  Array array{Shape(), {}};
  std::size_t count = 1;
  for (const std::int64_t extent : tensor.dims()) {
    constexpr std::int64_t most = std::int64_t{1} << 31;  // bytes in a Protocol Buffer
    if (extent < 0 || extent > most || count > std::size_t{1} << 31) {
      throw Error("has an extent of " + std::to_string(extent) +
                  ", or more values than a file holds");
    }
    array.shape.push_back(static_cast<std::size_t>(extent));
    count *= static_cast<std::size_t>(extent);
  }
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      array.values = onnx_values<float>(tensor, tensor.float_data(), count);
      break;
    case onnx::TensorProto::DOUBLE:
      array.values = onnx_values<double>(tensor, tensor.double_data(), count);
      break;
    case onnx::TensorProto::INT8:
      array.values = onnx_values<std::int8_t>(tensor, tensor.int32_data(), count);
      break;
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
      array.values = onnx_values<std::uint8_t>(tensor, tensor.int32_data(), count);
      break;
    case onnx::TensorProto::INT32:
      array.values = onnx_values<std::int32_t>(tensor, tensor.int32_data(), count);
      break;
    case onnx::TensorProto::INT64:
      array.values = onnx_values<std::int64_t>(tensor, tensor.int64_data(), count);
      break;
    default:
      throw Error("is of type " + onnx::TensorProto::DataType_Name(tensor.data_type()) +
                  ", which is not read; export the model in 32-bit floats");
  }
  return array;
}

/// A message of type `Proto` in `bytes`.
template <class Proto>
[[nodiscard]] Proto parse_proto(std::span<const std::uint8_t> bytes, const std::string& where) {
  Proto proto;
  if (bytes.size() > std::numeric_limits<int>::max() ||
      !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Error(where + ": is no ONNX model, or is damaged; fetch the file again");
  }
  return proto;
}

// -- the graph

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
