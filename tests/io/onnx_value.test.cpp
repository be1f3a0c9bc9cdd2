// SPDX-License-Identifier: BSL-1.0
#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_value.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: layers are called by their weights, their node or their operator") {
  const detail::OnnxNode conv{"Conv", "node", {"x", "a.b.weight"}, {"y"}, {}};
  CHECK(detail::layer_name(conv, {1}) == "a.b");
  CHECK(detail::layer_name(conv) == "node");
  CHECK(detail::layer_name({"Conv", "", {"x", "w"}, {"y"}, {}}, {1}) == "conv");
}

TEST_CASE("ONNX: an input lies channels last, unless the file has it so") {
  detail::OnnxGraph graph = graph_of({0, 2, 3, 4}, {{"Relu", "", {"x"}, {"y"}, {}}});
  CHECK(detail::input_value(graph).order == detail::AxisOrder{1, 2, 0});
  graph.nodes = {{"Transpose", "", {"x"}, {"y"}, {{"perm", Integers{0, 3, 1, 2}}}}};
  CHECK(detail::input_value(graph).order == detail::AxisOrder{0, 1, 2});
  graph.inputs[0].type = detail::OnnxType::int32;
  CHECK(contains(complaint([&] { static_cast<void>(detail::input_value(graph)); }),
                 "is no batch of 32-bit floats or of 8-bit integers"));
}
