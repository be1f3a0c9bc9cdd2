// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx.hpp>
#include <upset/nn/model/resnet_cifar.hpp>

using namespace upset;
using namespace upset::test;
using Model = onnx::ModelProto;

namespace {

std::vector<std::string> names_of(const Network& network) {
  std::vector<std::string> names;
  for (const Network::Node& node : network.nodes()) {
    names.push_back(node.name);
  }
  return names;
}

/// Two convolutions, a flattened picture and a dense layer: a model to be damaged.
Model small_model() {
  Network network({6, 4, 2});
  network.add("conv1", Conv2d<>::zeros(2, 3, WindowGeometry::square(3, 1, 1)));
  network.add("conv2", Conv2d<>::zeros(3, 2, WindowGeometry::square(3)));
  network.add("flatten", Flatten{});
  network.add("dense", Dense<>::zeros(16, 5));
  fill(network);
  return detail::parse_proto<Model>(onnx_bytes(network), "exported");
}

Bytes bytes_of(const Model& model) {
  const std::string text = model.SerializeAsString();
  return {text.begin(), text.end()};
}

/// What is said of the small model after `damage`.
std::string complaint_after(const std::function<void(Model&, onnx::GraphProto&)>& damage) {
  Model model = small_model();
  damage(model, *model.mutable_graph());
  const Bytes bytes = bytes_of(model);
  return complaint([&] { static_cast<void>(parse_onnx(bytes, "a.onnx")); });
}

}  // namespace

TEST_CASE("ONNX: weights keep their names, and layers are called by them") {
  Network network = resnet_cifar(8, {16, 16, 3}, 10);
  fill(network);
  Network back = parse_onnx(onnx_bytes(network));
  CHECK(weights_of(back) == weights_of(network));
  CHECK(names_of(back)[0] == "conv1");
  CHECK(names_of(back)[1] == "bn1");
  CHECK(names_of(back)[2] == "relu1");
  CHECK(names_of(back).back() == "linear");
}

TEST_CASE("ONNX: files") {
  const Scratch scratch;
  Network network({4});
  network.add("dense", Dense<>::zeros(4, 3));
  fill(network);
  save_onnx(network, scratch.path() / "a.onnx");
  CHECK(load_onnx(scratch.path() / "a.onnx").forward(pictures({4})) ==
        network.forward(pictures({4})));
  CHECK(contains(complaint([&] { static_cast<void>(load_onnx(scratch.path() / "b.onnx")); }),
                 "b.onnx: no such file"));
}

TEST_CASE("ONNX: a picture that the file takes channels last is taken as it is") {
  Model model = small_model();
  onnx::GraphProto& graph = *model.mutable_graph();
  const auto set_input = [&](std::initializer_list<int> extents) {
    auto& shape = *graph.mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
    int axis = 0;
    for (const int extent : extents) {
      shape.mutable_dim(++axis)->set_dim_value(extent);
    }
  };
  const Tensor expected = parse_onnx(bytes_of(model)).forward(pictures({6, 4, 2}));
  set_input({6, 4, 2});
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type("Transpose");
  node.add_input("input");
  node.add_output("moved");
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name("perm");
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const int axis : {0, 3, 1, 2}) {
    attribute.add_ints(axis);
  }
  graph.mutable_node(0)->set_input(0, "moved");
  for (int at = graph.node_size() - 1; at > 0; --at) {  // to the front
    graph.mutable_node()->SwapElements(at, at - 1);
  }
  const Network network = parse_onnx(bytes_of(model));
  CHECK(network.input_shape() == Shape{6, 4, 2});
  CHECK(network.nodes()[0].name == "conv1");
  CHECK(network.forward(pictures({6, 4, 2})) == expected);
}

TEST_CASE("ONNX: what is wrong with a file is said in one sentence that names file and node") {
  CHECK(complaint_after([](Model&, onnx::GraphProto&) {}).empty());
  const auto says = [](const std::string& part, auto damage) {
    const std::string error = complaint_after(damage);
    INFO(error);
    CHECK(error.starts_with("a.onnx: "));
    CHECK(contains(error, part));
  };
  using Graph = onnx::GraphProto;
  says("Conv conv1: reads conv2.output, which no node before it gives; the graph is cut, cyclic",
       [](Model&, Graph& g) { g.mutable_node(0)->set_input(0, "conv2.output"); });
  says("cyclic or not in order", [](Model&, Graph& g) { g.mutable_node()->SwapElements(0, 1); });
  says("Conv conv2: reads nothing, which",
       [](Model&, Graph& g) { g.mutable_node(1)->set_input(0, "nothing"); });
  says("Conv conv1: its input 0 must", [](Model&, Graph& g) { g.mutable_node(0)->clear_input(); });
  says("Conv conv1: its input 1 must be a constant", [](Model&, Graph& g) {
    g.mutable_node(0)->mutable_input()->DeleteSubrange(1, g.node(0).input_size() - 1);
  });
  says("Frobnicate conv1: this operator is not supported",
       [](Model&, Graph& g) { g.mutable_node(0)->set_op_type("Frobnicate"); });
  says("com.example.Conv", [](Model&, Graph& g) { g.mutable_node(0)->set_domain("com.example"); });
  says("Conv conv1: its attribute colour is not supported", [](Model&, Graph& g) {
    onnx::AttributeProto& attribute = *g.mutable_node(0)->add_attribute();
    attribute.set_name("colour");
    attribute.set_type(onnx::AttributeProto::INT);
  });
  says("its attribute group is of another type", [](Model&, Graph& g) {
    for (onnx::AttributeProto& attribute : *g.mutable_node(0)->mutable_attribute()) {
      attribute.set_type(attribute.name() == "group" ? onnx::AttributeProto::FLOAT
                                                     : attribute.type());
    }
  });
  says("its group is 0", [](Model&, Graph& g) {
    for (onnx::AttributeProto& attribute : *g.mutable_node(0)->mutable_attribute()) {
      attribute.set_i(0);
    }
  });
  says("its stride", [](Model&, Graph& g) {
    for (onnx::AttributeProto& attribute : *g.mutable_node(0)->mutable_attribute()) {
      if (attribute.name() == "strides") {
        attribute.set_ints(0, 0);
      }
    }
  });
  says("its padding is 1099511627776", [](Model&, Graph& g) {
    for (onnx::AttributeProto& attribute : *g.mutable_node(0)->mutable_attribute()) {
      if (attribute.name() == "pads") {
        attribute.set_ints(0, std::int64_t{1} << 40);
      }
    }
  });
  says("tensor conv1.bias: holds 12 bytes, and its shape asks for 4096 values",
       [](Model&, Graph& g) {
         for (onnx::TensorProto& tensor : *g.mutable_initializer()) {
           if (tensor.name() == "conv1.bias") {
             tensor.set_dims(0, 4096);
           }
         }
       });
  says("more values than a file holds", [](Model&, Graph& g) {
    for (int axis = 0; axis < 4; ++axis) {  // their product is 0 modulo 2^64
      g.mutable_initializer(0)->set_dims(axis, std::int64_t{1} << 31);
    }
  });
  says("an extent of -1", [](Model&, Graph& g) { g.mutable_initializer(0)->set_dims(0, -1); });
  says("is of type FLOAT16", [](Model&, Graph& g) {
    g.mutable_initializer(0)->set_data_type(onnx::TensorProto::FLOAT16);
  });
  says("lies in another file", [](Model&, Graph& g) {
    g.mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
  });
  says("to be of an opset from 1 to 21",
       [](Model& m, Graph&) { m.mutable_opset_import(0)->set_version(22); });
  says("0 inputs", [](Model&, Graph& g) { g.clear_input(); });
  says("2 outputs", [](Model&, Graph& g) { *g.add_output() = g.output(0); });
  says("the file's output", [](Model&, Graph& g) { g.mutable_output(0)->set_name("elsewhere"); });
  says("is no batch of 32-bit floats", [](Model&, Graph& g) {
    g.mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
        onnx::TensorProto::INT32);
  });
  says("input input: its extent is 0", [](Model&, Graph& g) {
    g.mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->mutable_dim(2)
        ->set_dim_param("height");
  });
  says("input input: its extent is 1073741824", [](Model&, Graph& g) {
    g.mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->mutable_dim(2)
        ->set_dim_value(1 << 30);
  });
  says("has no graph", [](Model&, Graph& g) { g.Clear(); });
  says("gives conv1.output, which is there already", [](Model&, Graph& g) {
    g.mutable_node(1)->set_output(0, "conv1.output");
    g.mutable_node(2)->set_input(0, "conv1.output");
  });
}

TEST_CASE("ONNX: a file that is cut, or none, is refused") {
  const Bytes whole = bytes_of(small_model());
  for (std::size_t length = 0; length < whole.size(); length += 1 + length / 8) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(contains(complaint([&] { static_cast<void>(parse_onnx(part, "cut.onnx")); }),
                   "cut.onnx: "));
  }
  CHECK(contains(complaint([] { static_cast<void>(parse_onnx(Bytes(64, 0xFF), "no.onnx")); }),
                 "no.onnx: is no ONNX model"));
}
