// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_operators.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: a dense layer behind a flattened picture finds its columns in our order") {
  const Array weight = to_array(counted({2, 24}));
  const Network net = detail::import_onnx(
      graph_of({0, 2, 3, 4},
               {{"Shape", "", {"x"}, {"s"}, {}},
                {"Gather", "", {"s", "zero"}, {"n"}, {}},
                {"Unsqueeze", "", {"n", "first"}, {"n1"}, {}},
                {"Concat", "", {"n1", "rest"}, {"t"}, {{"axis", std::int64_t{0}}}},
                {"Reshape", "flat", {"x", "t"}, {"f"}, {}},
                {"Gemm", "", {"f", "w"}, {"y"}, {{"transB", std::int64_t{1}}, {"alpha", 0.5F}}}},
               {{"zero", {Shape(), Integers{0}}},
                {"first", integers({0})},
                {"rest", integers({-1})},
                {"w", weight}}),
      "graph");
  CHECK(kinds_of(net) == std::vector<std::string>{"Flatten", "Dense"});
  const Tensor x = pictures({3, 4, 2});
  const Tensor y = net.forward(x);
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t o = 0; o < 2; ++o) {
      double sum = 0;
      for (std::size_t c = 0; c < 2; ++c) {
        for (std::size_t pixel = 0; pixel < 12; ++pixel) {
          sum += 0.5 * static_cast<double>(o * 24 + c * 12 + pixel) *
                 static_cast<double>(x.row(b)[pixel * 2 + c]);
        }
      }
      CHECK(static_cast<double>(y[b * 2 + o]) == doctest::Approx(sum).epsilon(1e-5));
    }
  }
}
