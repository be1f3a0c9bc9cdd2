// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <vector>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_operators.hpp>

using namespace upset;
using namespace upset::test;

namespace {

/// x on one grid, off it by another, times weights that are stored as codes, one scale a row.
detail::OnnxGraph quantized_graph(float scale_back) {
  return graph_of(
      {1, 2},
      {{"QuantizeLinear", "", {"x", "s", "z"}, {"q"}, {}},
       {"DequantizeLinear", "", {"q", "back", "z"}, {"r"}, {}},
       {"DequantizeLinear", "", {"codes", "steps", "zeros"}, {"w"}, {{"axis", std::int64_t{0}}}},
       {"Gemm", "", {"r", "w"}, {"y"}, {{"transB", std::int64_t{1}}}}},
      {{"s", {Shape(), std::vector<float>{0.5F}}},
       {"back", {Shape(), std::vector<float>{scale_back}}},
       {"z", {Shape(), std::vector<std::uint8_t>{130}}},
       {"codes", {{2, 2}, std::vector<std::int8_t>{1, -2, 3, 4}}},
       {"steps", {{2}, std::vector<float>{0.25F, 2}}},
       {"zeros", {{2}, std::vector<std::int8_t>{0, 1}}}});
}

}  // namespace

TEST_CASE("ONNX: values quantised and back lie on their grid, weights are real") {
  const Network net = detail::import_onnx(quantized_graph(0.5F), "graph");
  CHECK(kinds_of(net) == std::vector<std::string>{"RoundTo", "Dense"});
  CHECK(net.nodes()[1].layer.target<Dense<>>()->weight() == Tensor({2, 2}, {0.25F, -0.5F, 4, 6}));
  // 0.6 is 0.5 on the grid, and 1000 its end, (255 - 130) / 2
  CHECK(net.forward(Tensor({1, 2}, {0.6F, 1000})) == Tensor({1, 2}, {0.125F - 31.25F, 2 + 375}));
}

TEST_CASE("ONNX: codes that are read on another grid are refused") {
  CHECK(contains(
      complaint([] { static_cast<void>(detail::import_onnx(quantized_graph(0.25F), "graph")); }),
      "does not come from a QuantizeLinear of the same scale"));
}
