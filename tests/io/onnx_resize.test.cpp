// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <vector>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_operators.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: pictures resized by scales, of each opset in its place, or to sizes") {
  const auto resized = [](detail::OnnxNode node, std::int64_t opset) {
    detail::OnnxGraph graph = graph_of({1, 1, 1, 2}, {std::move(node)},
                                       {{"scales", {{4}, std::vector<float>{1, 1, 2, 2}}},
                                        {"sizes", integers({1, 1, 2, 4})},
                                        {"batches", integers({2, 1, 2, 4})}});
    graph.opset = opset;
    return detail::import_onnx(std::move(graph), "graph").forward(Tensor({1, 1, 2, 1}, {3, 5}));
  };
  const Tensor wanted({1, 2, 4, 1}, {3, 3, 5, 5, 3, 3, 5, 5});
  CHECK(resized({"Upsample", "", {"x"}, {"y"}, {{"scales", std::vector<float>{1, 1, 2, 2}}}}, 7) ==
        wanted);
  CHECK(resized({"Resize", "", {"x", "scales"}, {"y"}, {}}, 10) == wanted);
  CHECK(resized({"Resize", "", {"x", "", "scales"}, {"y"}, {}}, 13) == wanted);
  CHECK(resized({"Resize", "", {"x", "", "", "sizes"}, {"y"}, {}}, 13) == wanted);
  CHECK(contains(
      complaint([&] {
        static_cast<void>(resized({"Resize", "", {"x", "", "", "batches"}, {"y"}, {}}, 13));
      }),
      "resizes batch or channels"));
}
