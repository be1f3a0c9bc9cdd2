// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_operators.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: batch norms of another epsilon have the difference in their variance") {
  const Array ones = to_array(Tensor({2}, 1.0F));
  const auto graph = [&](const char* key, detail::OnnxAttribute value) {
    return graph_of(
        {1, 2, 3, 4},
        {{"BatchNormalization", "", {"x", "o", "o", "o", "o"}, {"y"}, {{key, std::move(value)}}}},
        {{"o", ones}});
  };
  const Network net = detail::import_onnx(graph("epsilon", 3.0F), "graph");
  const Tensor x = pictures({3, 4, 2});
  CHECK(net.forward(x)[5] == doctest::Approx(static_cast<double>((x[5] - 1) / 2 + 1)));
  CHECK(contains(complaint([&] {
                   static_cast<void>(
                       detail::import_onnx(graph("training_mode", std::int64_t{1}), "graph"));
                 }),
                 "by the batch"));
}
