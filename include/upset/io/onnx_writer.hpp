// SPDX-License-Identifier: BSL-1.0
/// An ONNX model, written node by node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <onnx/onnx_pb.h>

#include <upset/core/error.hpp>
#include <upset/io/bytes.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset::detail {

using OnnxIntegers = std::vector<std::int64_t>;

/// A model of opset 13 and IR 7 with one input and one output of 32-bit floats.
class OnnxWriter {
 public:
  OnnxWriter() {
    model_.set_ir_version(7);
    model_.set_producer_name("upset");
    model_.add_opset_import()->set_version(13);
    graph().set_name("network");
  }

  /// - shape: of one picture, in the order of ONNX
  void add_input(const std::string& name, const Shape& shape) {
    describe(*graph().add_input(), name, shape);
  }
  void add_output(const std::string& name, const Shape& shape) {
    describe(*graph().add_output(), name, shape);
  }
  void add_constant(const std::string& name, const Shape& shape, std::span<const float> values) {
    onnx::TensorProto& tensor = add_tensor(name, onnx::TensorProto::FLOAT, shape);
    std::vector<std::uint8_t> bytes;
    for (const float value : values) {
      append(bytes, value);
    }
    tensor.set_raw_data(bytes.data(), bytes.size());
  }
  /// Returns `name`.
  std::string add_constant(const std::string& name, const OnnxIntegers& values) {
    onnx::TensorProto& tensor = add_tensor(name, onnx::TensorProto::INT64, {values.size()});
    for (const std::int64_t value : values) {
      tensor.add_int64_data(value);
    }
    return name;
  }
  std::string add_constant(const std::string& name, float value) {
    add_constant(name, Shape(), {&value, 1});
    return name;
  }

  struct Attribute {
    std::string name;
    std::variant<std::int64_t, float, OnnxIntegers, std::string> value;
  };
  void add_node(const std::string& type, const std::string& name,
                const std::vector<std::string>& inputs, const std::string& output,
                const std::vector<Attribute>& attributes = {}) {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(type);
    node.set_name(name);
    for (const std::string& input : inputs) {
      node.add_input(input);
    }
    node.add_output(output);
    for (const auto& [key, value] : attributes) {
      onnx::AttributeProto& attribute = *node.add_attribute();
      attribute.set_name(key);
      if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        attribute.set_type(onnx::AttributeProto::INT);
        attribute.set_i(*integer);
      } else if (const auto* real = std::get_if<float>(&value)) {
        attribute.set_type(onnx::AttributeProto::FLOAT);
        attribute.set_f(*real);
      } else if (const auto* text = std::get_if<std::string>(&value)) {
        attribute.set_type(onnx::AttributeProto::STRING);
        attribute.set_s(*text);
      } else {
        attribute.set_type(onnx::AttributeProto::INTS);
        for (const std::int64_t integer_of_list : std::get<OnnxIntegers>(value)) {
          attribute.add_ints(integer_of_list);
        }
      }
    }
  }

  /// Throws `Error` for more than 2 GiB, which Protocol Buffers cannot hold.
  [[nodiscard]] std::vector<std::uint8_t> bytes() const {
    std::string text;
    if (model_.ByteSizeLong() >= std::size_t{1} << 31 || !model_.SerializeToString(&text)) {
      throw Error("An ONNX file holds at most 2 GiB, and the network has " +
                  std::to_string(model_.ByteSizeLong()) + " bytes; save its weights as NPZ");
    }
    return {text.begin(), text.end()};
  }

 private:
  [[nodiscard]] onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  static void describe(onnx::ValueInfoProto& value, const std::string& name, const Shape& shape) {
    value.set_name(name);
    onnx::TypeProto::Tensor& type = *value.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_param("batch");
    for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
      type.mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(shape[axis]));
    }
  }
  onnx::TensorProto& add_tensor(const std::string& name, onnx::TensorProto::DataType type,
                                const Shape& shape) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
      tensor.add_dims(static_cast<std::int64_t>(shape[axis]));
    }
    return tensor;
  }

  onnx::ModelProto model_;
};

}  // namespace upset::detail
