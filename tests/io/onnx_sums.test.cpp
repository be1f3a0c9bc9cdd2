// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <vector>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_operators.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: what is added behind a product without bias becomes its bias") {
  const Array weight = to_array(counted({3, 2}));
  const Array bias = to_array(Tensor({1, 2}, {5, 7}));
  const auto import = [&](std::vector<detail::OnnxNode> nodes) {
    return detail::import_onnx(graph_of({1, 3}, std::move(nodes), {{"w", weight}, {"b", bias}}),
                               "graph");
  };
  const Network one =
      import({{"MatMul", "", {"x", "w"}, {"p"}, {}}, {"Add", "", {"b", "p"}, {"y"}, {}}});
  REQUIRE(kinds_of(one) == std::vector<std::string>{"Dense"});
  CHECK(one.nodes()[0].layer.target<Dense<>>()->bias() == Tensor({2}, {5, 7}));
  const Network two = import({{"MatMul", "", {"x", "w"}, {"p"}, {}},
                              {"Add", "", {"p", "b"}, {"s"}, {}},
                              {"Mul", "", {"p", "s"}, {"y"}, {}}});
  CHECK(kinds_of(two) == std::vector<std::string>{"Dense", "AddConstant", "Multiply"});
  const Network renamed = import({{"MatMul", "", {"x", "w"}, {"p"}, {}},
                                  {"Identity", "", {"p"}, {"i"}, {}},
                                  {"Add", "", {"i", "b"}, {"s"}, {}},
                                  {"Mul", "", {"p", "s"}, {"y"}, {}}});
  CHECK(kinds_of(renamed) == std::vector<std::string>{"Dense", "AddConstant", "Multiply"});
}

TEST_CASE("ONNX: a product without bias has none, and a bias of zeros is one") {
  const Array matrix = to_array(counted({3, 2}));
  const Array kernel = to_array(counted({2, 3, 1, 1}));
  const Array zeros = to_array(Tensor({2}));
  const auto import = [&](const Integers& x, const std::string& type,
                          const std::vector<std::string>& from) {
    return detail::import_onnx(
        graph_of(x, {{type, "", from, {"y"}, {}}}, {{"w", matrix}, {"k", kernel}, {"b", zeros}}),
        "graph");
  };
  const auto parameters = [](Network net) { return net.parameters().size(); };
  CHECK(parameters(import({1, 3}, "MatMul", {"x", "w"})) == 1);
  CHECK(parameters(import({1, 3}, "Gemm", {"x", "w"})) == 1);
  CHECK(parameters(import({1, 3}, "Gemm", {"x", "w", "b"})) == 2);
  const Integers picture{1, 3, 4, 4};
  CHECK(parameters(import(picture, "Conv", {"x", "k"})) == 1);
  CHECK(parameters(import(picture, "Conv", {"x", "k", ""})) == 1);
  CHECK(parameters(import(picture, "Conv", {"x", "k", "b"})) == 2);
  const Array back = to_array(counted({3, 2, 1, 1}));
  CHECK(parameters(detail::import_onnx(
            graph_of(picture, {{"ConvTranspose", "", {"x", "k"}, {"y"}, {}}}, {{"k", back}}),
            "graph")) == 1);
}

TEST_CASE("ONNX: a constant for each channel behind a convolution without bias is its bias") {
  const Tensor bias({2, 1, 1}, {5, 7});
  const auto import = [&](const std::vector<std::string>& from) {
    return detail::import_onnx(
        graph_of({1, 3, 4, 4}, {{"Conv", "", from, {"p"}, {}}, {"Add", "", {"p", "c"}, {"y"}, {}}},
                 {{"k", to_array(counted({2, 3, 1, 1}))},
                  {"b", to_array(Tensor({2}))},
                  {"c", to_array(bias)}}),
        "graph");
  };
  const Network bare = import({"x", "k"});
  REQUIRE(kinds_of(bare) == std::vector<std::string>{"Conv2d"});
  CHECK(bare.nodes()[0].layer.target<Conv2d<>>()->bias() == Tensor({2}, {5, 7}));
  const Network full = import({"x", "k", "b"});
  CHECK(kinds_of(full) == std::vector<std::string>{"Conv2d", "AddConstant"});
  const Tensor x = pictures({4, 4, 3});
  CHECK(bare.forward(x) == full.forward(x));
}

TEST_CASE("ONNX: constants of planes, of channels and of one value beside pictures") {
  const auto import = [](const Shape& shape) {
    Tensor values(shape);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(100 * (i + 1));
    }
    return detail::import_onnx(graph_of({1, 2, 2, 3}, {{"Sub", "", {"x", "c"}, {"y"}, {}}},
                                        {{"c", to_array(values)}}),
                               "graph")
        .forward(Tensor({1, 2, 3, 2}));
  };
  CHECK(import({1, 1, 1}) == Tensor({1, 2, 3, 2}, -100.0F));
  CHECK(import({2, 1, 1})[7] == -200);
  CHECK(import({2, 3})[7] == -400);      // pixel 3
  CHECK(import({2, 2, 3})[7] == -1000);  // of channel 1
  CHECK(import({1, 2, 2, 3})[6] == -400);
}

TEST_CASE("ONNX: the larger or smaller of a value and a constant, of another value refused") {
  const auto import = [](const std::string& type, const Tensor& bound,
                         const std::vector<std::string>& inputs) {
    return detail::import_onnx(
        graph_of({1, 2, 1, 2}, {{type, "", inputs, {"y"}, {}}}, {{"c", to_array(bound)}}), "graph");
  };
  const Tensor x({1, 1, 2, 2}, {-3, -2, 1, 2});  // channels -3, 1 and -2, 2
  CHECK(import("Max", Tensor({1}, 0.5F), {"x", "c"}).forward(x) ==
        Tensor({1, 1, 2, 2}, {0.5F, 0.5F, 1, 2}));
  CHECK(import("Min", Tensor({2, 1, 1}, {0, -5}), {"c", "x"}).forward(x) ==
        Tensor({1, 1, 2, 2}, {-3, -5, 0, -5}));
  for (const Tensor& bound : {Tensor({2, 1, 2}), Tensor({1, 2})}) {
    CHECK(contains(complaint([&] {
                     (void)import("Max", bound, {"x", "c"});
                   }),
                   "compares other things than a value and one constant"));
  }
  CHECK(contains(complaint([&] {
                   (void)import("Min", Tensor({1}), {"x", "x"});
                 }),
                 "compares other things than a value and one constant"));
}
