// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>

#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_graph.hpp>

using namespace upset;

TEST_CASE("ONNX: nodes with their attributes, each of the type that is asked for") {
  onnx::NodeProto proto;
  proto.set_op_type("Clip");
  proto.add_input("x");
  proto.add_input("");
  proto.add_output("y");
  onnx::AttributeProto& most = *proto.add_attribute();
  most.set_name("max");
  most.set_type(onnx::AttributeProto::FLOAT);
  most.set_f(6);
  detail::OnnxNode node = detail::onnx_node(proto);
  CHECK(node.get("max", 0.0F) == 6);
  CHECK(node.get("min", -1.0F) == -1);
  CHECK(node.has_input(0));
  CHECK(!node.has_input(1));
  CHECK(!node.has_input(2));
  CHECK(detail::to_string(node) == "Clip that gives y");
  CHECK(contains(complaint([&] { static_cast<void>(node.get("max", std::int64_t{0})); }),
                 "its attribute max is of another type than Clip takes"));
  proto.set_domain("com.example");
  CHECK(detail::onnx_node(proto).type == "com.example.Clip");
  most.set_type(onnx::AttributeProto::GRAPH);
  CHECK(contains(complaint([&] { static_cast<void>(detail::onnx_node(proto)); }),
                 "its attribute max is of a type that is not read"));
}

TEST_CASE("ONNX: inputs with their type and extents, 0 where one is open") {
  onnx::ValueInfoProto proto;
  proto.set_name("x");
  onnx::TypeProto::Tensor& type = *proto.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::UINT8);
  type.mutable_shape()->add_dim()->set_dim_param("batch");
  type.mutable_shape()->add_dim()->set_dim_value(3);
  const detail::OnnxInput input = detail::onnx_input(proto);
  CHECK(input.type == detail::OnnxType::uint8);
  CHECK(input.extents == std::vector<std::int64_t>{0, 3});
  type.set_elem_type(onnx::TensorProto::DOUBLE);
  CHECK(detail::onnx_input(proto).type == detail::OnnxType::other);
}
