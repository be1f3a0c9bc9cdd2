// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/guard/guards.hpp>
#include <upset/io/onnx_operators.hpp>
#include <upset/pass/guard.hpp>

using namespace upset;
using namespace upset::test;
using Int8s = std::vector<std::int8_t>;
using Uint8s = std::vector<std::uint8_t>;
using Float32s = std::vector<float>;

namespace {

std::string complaint_about(const detail::OnnxGraph& graph) {
  return complaint([&] { static_cast<void>(detail::import_onnx(graph, "graph")); });
}

/// x on one grid, read on another, times weights that are stored as codes, one scale a row.
detail::OnnxGraph quantized_graph(float scale_back) {
  return graph_of(
      {1, 2},
      {{"QuantizeLinear", "", {"x", "s", "z"}, {"q"}, {}},
       {"DequantizeLinear", "", {"q", "back", "z"}, {"r"}, {}},
       {"DequantizeLinear", "", {"codes", "steps", "zeros"}, {"w"}, {{"axis", std::int64_t{0}}}},
       {"Gemm", "", {"r", "w"}, {"y"}, {{"transB", std::int64_t{1}}}}},
      {{"s", {Shape(), Float32s{0.5F}}},
       {"back", {Shape(), Float32s{scale_back}}},
       {"z", {Shape(), Uint8s{130}}},
       {"codes", {{2, 2}, Int8s{1, -2, 3, 4}}},
       {"steps", {{2}, Float32s{0.25F, 2}}},
       {"zeros", {{2}, Int8s{0, 1}}}});
}

// -- a chain of integer operators, and what it gives by integers alone

/// Numbers from `low` to `high`, always the same.
template <class T>
std::vector<T> drawn_codes(std::uint32_t seed, std::size_t count, int low, int high) {
  Values values(seed);
  std::vector<T> result;
  for (std::size_t i = 0; i < count; ++i) {
    const auto range = static_cast<std::size_t>(high - low + 1);
    result.push_back(static_cast<T>(low + static_cast<int>(values.below(range))));
  }
  return result;
}

const Int8s conv_codes = drawn_codes<std::int8_t>(1, 3 * 2 * 3 * 3, -128, 127);  // OIHW
const Float32s conv_scales{0.01F, 0.002F, 0.03F};
const std::vector<std::int32_t> conv_biases{1000, -70000, 3};
const Uint8s dense_codes = drawn_codes<std::uint8_t>(2, 12 * 4, 0, 255);  // IO

/// A 5x5 picture of 2 channels: quantised, convolved, the largest of 2x2, times a dense_codes.
detail::OnnxGraph integer_graph() {
  const auto scalar = [](float scale) { return Array{Shape(), Float32s{scale}}; };
  const auto zero = [](std::uint8_t code) { return Array{Shape(), Uint8s{code}}; };
  return graph_of(
      {2, 2, 5, 5},
      {{"QuantizeLinear", "", {"x", "x_scale", "x_zero"}, {"x_codes"}, {}},
       {"QLinearConv",
        "",
        {"x_codes", "x_scale", "x_zero", "conv.weight", "w_scale", "w_zero", "c_scale", "c_zero",
         "conv.bias"},
        {"c"},
        {{"pads", Integers{0, 1, 1, 0}}}},
       {"MaxPool",
        "",
        {"c"},
        {"p"},
        {{"kernel_shape", Integers{2, 2}}, {"strides", Integers{2, 2}}}},
       {"Flatten", "", {"p"}, {"f"}, {}},
       {"QLinearMatMul",
        "",
        {"f", "c_scale", "c_zero", "fc.weight", "m_scale", "m_zero", "y_scale", "y_zero"},
        {"y"},
        {}}},
      {{"x_scale", scalar(0.02F)},
       {"x_zero", zero(117)},
       {"conv.weight", {{3, 2, 3, 3}, conv_codes}},
       {"w_scale", {{3}, conv_scales}},
       {"w_zero", {{3}, Int8s{0, 0, 0}}},
       {"c_scale", scalar(0.11F)},
       {"c_zero", zero(90)},
       {"conv.bias", {{3}, conv_biases}},
       {"fc.weight", {{12, 4}, dense_codes}},
       {"m_scale", scalar(0.015F)},
       {"m_zero", zero(131)},
       {"y_scale", scalar(0.4F)},
       {"y_zero", zero(100)}});
}

int requantized(std::int64_t sum, double scale, int zero) {
  return std::clamp(static_cast<int>(std::nearbyint(static_cast<double>(sum) * scale)) + zero, 0,
                    255);
}

/// What that graph gives for one picture [5, 5, 2], as ONNX defines it.
std::vector<int> integers_alone(const float* x) {
  std::int64_t codes[2][5][5];
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t y = 0; y < 5; ++y) {
      for (std::size_t at = 0; at < 5; ++at) {
        const double step =
            static_cast<double>(x[(y * 5 + at) * 2 + c]) / static_cast<double>(0.02F);
        codes[c][y][at] = std::clamp(static_cast<int>(std::nearbyint(step)) + 117, 0, 255);
      }
    }
  }
  std::vector<int> pooled(12, -1);  // [3][2][2]
  for (std::size_t o = 0; o < 3; ++o) {
    for (std::size_t oy = 0; oy < 4; ++oy) {
      for (std::size_t ox = 0; ox < 4; ++ox) {
        std::int64_t sum = conv_biases[o];
        for (std::size_t tap = 0; tap < 18; ++tap) {
          const std::size_t c = tap / 9;
          const std::size_t iy = oy + tap / 3 % 3;  // one row of padding behind
          const std::size_t ix = ox + tap % 3;      // one column before
          if (iy < 5 && ix >= 1) {
            sum += (codes[c][iy][ix - 1] - 117) * conv_codes[o * 18 + tap];
          }
        }
        const double scale = static_cast<double>(0.02F) * static_cast<double>(conv_scales[o]) /
                             static_cast<double>(0.11F);
        int& largest = pooled[o * 4 + oy / 2 * 2 + ox / 2];
        largest = std::max(largest, requantized(sum, scale, 90));
      }
    }
  }
  std::vector<int> result;
  for (std::size_t o = 0; o < 4; ++o) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < 12; ++i) {
      sum += std::int64_t{pooled[i] - 90} * (dense_codes[i * 4 + o] - 131);
    }
    result.push_back(requantized(
        sum, static_cast<double>(0.11F) * static_cast<double>(0.015F) / static_cast<double>(0.4F),
        100));
  }
  return result;
}

}  // namespace

TEST_CASE("ONNX: products between QuantizeLinear and DequantizeLinear are of integers") {
  Network net = detail::import_onnx(quantized_graph(0.5F), "graph");
  CHECK(kinds_of(net) == std::vector<std::string>{"Dense"});
  const auto* const dense = net.nodes()[0].layer.target<Dense<Int8Affine>>();
  REQUIRE(dense != nullptr);
  CHECK(dense->input_scale() == AffineScale{0.5F, 2});
  // 0.6 is 0.5 on the grid, and 1000 its end, (255 - 130) / 2
  CHECK(net.forward(Tensor({1, 2}, {0.6F, 1000})) == Tensor({1, 2}, {0.125F - 31.25F, 2 + 375}));
  const auto* const codes = dynamic_cast<const Memory<Int8Affine>*>(net.images()[0].image);
  REQUIRE(codes != nullptr);
  CHECK(codes->scales()[1] == AffineScale{2, 1});
  CHECK(std::ranges::equal(codes->words(), Int8s{1, -2, 3, 4}, {},
                           [](auto word) { return static_cast<std::int8_t>(word); }));
}

TEST_CASE("ONNX: codes read on another grid than they were put on stay the codes") {
  const Network net = detail::import_onnx(quantized_graph(0.25F), "graph");
  CHECK(net.forward(Tensor({1, 2}, {0.6F, 1000})) ==
        Tensor({1, 2}, {0.0625F - 15.625F, 1 + 187.5F}));
}

TEST_CASE("ONNX: a chain of integer operators gives what its integers say") {
  const Network net = detail::import_onnx(integer_graph(), "graph");
  CHECK(kinds_of(net) ==
        std::vector<std::string>{"Conv2d", "RoundTo", "MaxPool", "Flatten", "Dense", "RoundTo"});
  CHECK(net.nodes()[0].name == "conv");
  CHECK(net.nodes()[4].name == "fc");
  std::size_t inside = 0;
  for (std::uint32_t seed = 0; seed < 8; ++seed) {
    const Tensor x = Values(seed).uniform({2, 5, 5, 2}, -2.5F, 3);
    const Tensor y = net.forward(x);
    for (std::size_t b = 0; b < 2; ++b) {
      const std::vector<int> wanted = integers_alone(x.row(b).data());
      for (std::size_t o = 0; o < 4; ++o) {
        CHECK(y.row(b)[o] == 0.4F * static_cast<float>(wanted[o] - 100));
        inside += wanted[o] > 0 && wanted[o] < 255 ? 1U : 0U;
      }
    }
  }
  CHECK(inside > 32);
  const Network guarded = detail::import_onnx<Triplicated<Int8Affine>>(integer_graph(), "graph");
  const Tensor x = Values(9).uniform({2, 5, 5, 2}, -2.5F, 3);
  CHECK(guarded.forward(x) == net.forward(x));
}

TEST_CASE("ONNX: a guard put on what was read is the guard it is read under") {
  using G = ParityGuarded<Int8Affine, std::uint64_t>;
  Network read = detail::import_onnx<G, G>(integer_graph(), "graph");
  Network put = guard<Int8Affine, G, Int8Affine, BiasFormat<Int8Affine>, G>(
      detail::import_onnx(integer_graph(), "graph"));
  const std::vector<NamedImage> expected = read.images();
  const std::vector<NamedImage> got = put.images();
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(expected[i].name);
    CHECK(got[i].name == expected[i].name);
    CHECK(got[i].image->format_name() == expected[i].image->format_name());
    REQUIRE(got[i].image->layout().bit_count() == expected[i].image->layout().bit_count());
    for (std::uint64_t bit = 0; bit < got[i].image->layout().bit_count(); ++bit) {
      CHECK(got[i].image->test(bit) == expected[i].image->test(bit));
    }
  }
  const Tensor x = Values(1).uniform({2, 5, 5, 2}, -2.5F, 3);
  CHECK(put.forward(x) == read.forward(x));
}

TEST_CASE("ONNX: weights of floats that a file quantises are stored as codes") {
  detail::OnnxGraph graph = quantized_graph(0.5F);
  graph.nodes.insert(
      graph.nodes.begin(),
      {"QuantizeLinear", "", {"real", "steps", "zeros"}, {"rounded"}, {{"axis", std::int64_t{0}}}});
  graph.nodes[3].inputs[0] = "rounded";
  graph.constants["real"] = {{2, 2}, Float32s{0.3F, -0.5F, 3.9F, 1e9F}};
  const Network net = detail::import_onnx(graph, "graph");
  const auto* const dense = net.nodes()[0].layer.target<Dense<Int8Affine>>();
  REQUIRE(dense != nullptr);
  CHECK(dense->weight() == Tensor({2, 2}, {0.25F, -0.5F, 4, 2 * (127 - 1)}));
}

TEST_CASE("ONNX: codes as input, cast to floats or taken off a grid by channel") {
  detail::OnnxGraph graph =
      graph_of({1, 2, 1, 2}, {{"Cast", "", {"x"}, {"y"}, {{"to", std::int64_t{1}}}}});
  graph.inputs[0].type = detail::OnnxType::uint8;
  const Tensor x({1, 1, 2, 2}, {0, 200, 7, 255});
  CHECK(detail::import_onnx(graph, "graph").forward(x) == x);
  graph.nodes = {{"DequantizeLinear", "", {"x", "steps", "zeros"}, {"y"}, {}}};
  graph.constants = {{"steps", {{2}, Float32s{0.5F, 2}}}, {"zeros", {{2}, Uint8s{1, 200}}}};
  CHECK(detail::import_onnx(graph, "graph").forward(x) == Tensor(x.shape(), {-0.5F, 0, 3, 110}));
}

TEST_CASE("ONNX: what integers cannot be represented is refused, with its node") {
  const auto with = [](std::vector<detail::OnnxNode> more) {
    detail::OnnxGraph graph = quantized_graph(0.5F);
    graph.nodes.erase(graph.nodes.begin() + 1, graph.nodes.end());
    graph.nodes.insert(graph.nodes.end(), more.begin(), more.end());
    graph.constants["other"] = {Shape(), Float32s{0.125F}};
    graph.constants["both"] = {{2}, Uint8s{1, 2}};
    return graph;
  };
  CHECK(contains(complaint_about(with({{"Relu", "act", {"q"}, {"y"}, {}}})),
                 "Relu act: it computes with integers"));
  CHECK(contains(
      complaint_about(with({{"QuantizeLinear", "again", {"x", "other", "z"}, {"p"}, {}},
                            {"Concat", "", {"p", "q"}, {"y"}, {{"axis", std::int64_t{1}}}}})),
      "it reads integers of different grids"));
  CHECK(
      contains(complaint_about(with({{"QuantizeLinear", "c", {"x", "steps", "both"}, {"y"}, {}}})),
               "QuantizeLinear c: it quantises values by channel"));
  CHECK(contains(complaint_about(with({{"DequantizeLinear", "d", {"x", "s"}, {"y"}, {}}})),
                 "DequantizeLinear d: its codes and zero points are not of one type of 8 bits"));
  CHECK(contains(
      complaint_about(with({{"DequantizeLinear", "d", {"q", "steps", "both"}, {"y"}, {}}})),
      "it takes by channel what was quantised by another scale"));
  CHECK(contains(complaint_about(with({{"QLinearConv", "short", {"q", "s", "z"}, {"y"}, {}}})),
                 "QLinearConv short: it has 3 inputs"));
  CHECK(contains(complaint_about(with({{"ConvInteger", "none", {}, {"y"}, {}}})),
                 "ConvInteger none: it has 0 inputs, and takes 2 to 4"));
  CHECK(contains(complaint_about(with({{"DynamicQuantizeLinear", "dyn", {"x"}, {"y"}, {}}})),
                 "DynamicQuantizeLinear dyn: this operator is not supported"));
}
