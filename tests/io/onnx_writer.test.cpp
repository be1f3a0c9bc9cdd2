// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <upset/io/onnx_graph.hpp>
#include <upset/io/onnx_writer.hpp>

using namespace upset;

TEST_CASE("OnnxWriter: what is written is read") {
  detail::OnnxWriter writer;
  writer.add_input("x", {3, 4});
  writer.add_output("y", {3, 4});
  const std::string list = writer.add_constant("list", {1, -2});
  writer.add_constant("one", 0.25F);
  writer.add_node("Thing", "thing", {"x", list}, "y",
                  {{"integer", std::int64_t{7}},
                   {"real", 0.5F},
                   {"text", std::string("SAME")},
                   {"integers", detail::OnnxIntegers{1, 2}}});
  const detail::OnnxGraph graph = detail::parse_onnx_graph(writer.bytes(), "written");
  CHECK(graph.opset == 13);
  REQUIRE(graph.inputs.size() == 1);
  CHECK(graph.inputs[0].extents == std::vector<std::int64_t>{0, 3, 4});
  CHECK(graph.outputs == std::vector<std::string>{"y"});
  CHECK(graph.constants.at("list") == Array{{2}, std::vector<std::int64_t>{1, -2}});
  CHECK(graph.constants.at("one") == Array{Shape(), std::vector<float>{0.25F}});
  const detail::OnnxNode& node = graph.nodes.at(0);
  CHECK(node.inputs == std::vector<std::string>{"x", "list"});
  CHECK(node.get("integer", std::int64_t{0}) == 7);
  CHECK(node.get("real", 0.0F) == 0.5F);
  CHECK(node.get("text", std::string()) == "SAME");
  CHECK(node.get("integers", std::vector<std::int64_t>{}) == std::vector<std::int64_t>{1, 2});
}
