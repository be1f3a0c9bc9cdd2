// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/tflite_graph.hpp>

using namespace upset;

namespace {

const std::string text = R"({
 "inputs": [0], "outputs": [2],
 "tensors": [
  {"name": "x", "shape": [1,4,4,2], "type": "float32"},
  {"name": "w", "shape": [1,2], "type": "int8", "scale": [0.5], "zero_point": [7], "const": true},
  {"name": "y", "shape": [1,2,2,3], "type": "int8", "scale": [2.0], "zero_point": [-128]}],
 "operators": [
  {"op": "CONV_2D", "inputs": [0,1], "outputs": [2], "padding": "SAME", "stride": [2,3],
   "dilation": [1,4], "act": "RELU6"}]})";

std::vector<NamedArray> constants() { return {{"t1", {{1, 2}, std::vector<std::int8_t>{3, -4}}}}; }

std::string refused(const std::string& what, const std::string& instead,
                    std::vector<NamedArray> arrays = constants()) {
  std::string changed = text;
  changed.replace(changed.find(what), what.size(), instead);
  return complaint([&] { (void)parse_tflite_graph(changed, std::move(arrays), "x.json"); });
}

}  // namespace

TEST_CASE("parse_tflite_graph: tensors with their constants, operators with their options") {
  const TfliteGraph graph = parse_tflite_graph(text, constants(), "x.json");
  CHECK(graph.input == 0);
  CHECK(graph.output == 2);
  REQUIRE(graph.tensors.size() == 3);
  CHECK(graph.tensors[0].shape == Shape{1, 4, 4, 2});
  CHECK(graph.tensors[0].scales.empty());
  CHECK(!graph.tensors[0].is_constant());
  CHECK(graph.tensors[1].constant == constants()[0].array);
  CHECK(graph.tensors[2].zero_points == std::vector<std::int64_t>{-128});
  REQUIRE(graph.operators.size() == 1);
  const TfliteOperator& op = graph.operators[0];
  CHECK(op.kind == "CONV_2D");
  CHECK(op.activation == "RELU6");
  CHECK(op.same_padding);
  CHECK(op.stride == std::array<std::size_t, 2>{2, 3});
  CHECK(op.dilation == std::array<std::size_t, 2>{1, 4});
  CHECK(op.filter == std::array<std::size_t, 2>{1, 1});
}

TEST_CASE("load_tflite_graph: x.json, and x.npz beside it") {
  const Scratch scratch;
  scratch.write("x.json", {text.begin(), text.end()});
  save_npz(scratch.path() / "x.npz", constants());
  CHECK(load_tflite_graph(scratch.path() / "x.json").tensors[1].constant == constants()[0].array);
}

TEST_CASE("parse_tflite_graph: what is wrong is said, before anything large is allocated") {
  CHECK(contains(refused("{", "["), "x.json: is no graph of tensors and operators"));
  CHECK(contains(refused("\"op\"", "\"no\""), "x.json: is no graph"));
  CHECK(contains(refused("[1,4,4,2]", "\"large\""), "x.json: has \"large\" where a whole number"));
  CHECK(contains(refused("[0,1]", "[0,99]"), "x.json: CONV_2D reads or writes a tensor"));
  CHECK(contains(refused("\"outputs\": [2]", "\"outputs\": [3]"), "input or output is a tensor"));
  CHECK(contains(refused("[1,2]", "[2,1]"), "constant tensor w has no array t1 of shape [2, 1]"));
  CHECK(contains(refused("\"w\"", "\"w\"", {}), "constant tensor w has no array t1"));
  CHECK(contains(refused("[1,4,4,2]", "[1,99999999,4,2]"), "tensor x is larger than 2^28"));
  CHECK(contains(refused("[1,4,4,2]", "[65536,65536,65536,65536]"), "tensor x is larger"));
  CHECK(contains(refused("[0.5]", "[0.5, 1]"), "tensor w of type int8 needs a scale"));
  CHECK(contains(refused("\"zero_point\": [7]", "\"zero_point\": [200]"), "tensor w of type"));
  CHECK(contains(refused("[2,3]", "[0,3]"), "CONV_2D has a stride that is not two"));
  CHECK(contains(refused("[2,3]", "[2]"), "CONV_2D has a stride that is not two numbers"));
  CHECK(contains(refused("[1,4,4,2]", "[1,4,4,1e40]"), "has 1e+40 where a whole number should"));
}
