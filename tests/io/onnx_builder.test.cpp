// SPDX-License-Identifier: BSL-1.0
#include <utility>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_builder.hpp>
#include <upset/nn/activation.hpp>

using namespace upset;
using namespace upset::test;
using detail::OnnxBuilder;
using detail::OnnxNode;

TEST_CASE("OnnxBuilder: pictures lie channels last and are moved only where they must be") {
  detail::OnnxGraph graph = graph_of({0, 2, 3, 4}, {{"Relu", "", {"x"}, {"y"}, {}}});
  OnnxBuilder to(graph);
  const OnnxNode& node = graph.nodes[0];
  CHECK(to.network().input_shape() == Shape{3, 4, 2});
  CHECK(to.picture(node, 0).node == Network::input);
  const detail::OnnxValue plain = to.plain(node, 0);
  CHECK(to.shape_of(plain.node) == Shape{2, 3, 4});
  CHECK(kinds_of(to.network()) == std::vector<std::string>{"Transpose"});
  to.give(node, plain);
  const Network network = std::move(to).finish("y");  // back to pictures
  const Tensor x = counted({1, 3, 4, 2});
  CHECK(network.forward(x) == x);
}

TEST_CASE("OnnxBuilder: layers of one name get numbers") {
  detail::OnnxGraph graph = graph_of({1, 4}, {});
  OnnxBuilder to(graph);
  to.add("relu", ReLU{}, {Network::input});
  to.add("relu_2", ReLU{}, {0});
  to.add("relu", ReLU{}, {1});
  CHECK(to.network().nodes()[2].name == "relu_3");
}

TEST_CASE("OnnxBuilder: values that are larger than any layer's are refused") {
  detail::OnnxGraph graph = graph_of({1, 1 << 14, 1 << 13}, {});
  OnnxBuilder to(graph);
  CHECK(contains(complaint([&] {
                   to.add("pad", Pad({0, 0}, {1 << 14, 0}), {Network::input});
                   to.add("pad", Pad({0, 0}, {1 << 14, 0}), {0});
                   to.add("pad", Pad({0, 0}, {0, 1 << 13}), {0});
                 }),
                 "extent"));
}
