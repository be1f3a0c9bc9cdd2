// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_operators.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: shuffled channels") {
  const Network net = detail::import_onnx(
      graph_of({0, 6, 2, 1},
               {{"Reshape", "", {"x", "split"}, {"a"}, {}},
                {"Transpose", "", {"a"}, {"b"}, {{"perm", Integers{0, 2, 1, 3, 4}}}},
                {"Reshape", "", {"b", "join"}, {"y"}, {}}},
               {{"split", integers({0, 2, 3, 2, 1})}, {"join", integers({0, -1, 2, 1})}}),
      "graph");
  const Tensor y = net.forward(counted({1, 2, 1, 6}));
  CHECK(y == Tensor({1, 2, 1, 6}, {0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}));
}

TEST_CASE("ONNX: axes that are moved and moved back cost nothing") {
  const Network net = detail::import_onnx(
      graph_of({0, 2, 3, 4}, {{"Transpose", "", {"x"}, {"a"}, {{"perm", Integers{0, 2, 3, 1}}}},
                              {"Relu", "", {"a"}, {"b"}, {}},
                              {"Transpose", "", {"b"}, {"y"}, {{"perm", Integers{0, 3, 1, 2}}}}}),
      "graph");
  CHECK(kinds_of(net) == std::vector<std::string>{"ReLU"});
}

TEST_CASE("ONNX: a picture split by channels and joined by rows") {
  const Network net = detail::import_onnx(
      graph_of({1, 2, 1, 2}, {{"Split", "", {"x"}, {"a", "b"}, {{"axis", std::int64_t{1}}}},
                              {"Concat", "", {"b", "a"}, {"y"}, {{"axis", std::int64_t{2}}}}}),
      "graph");
  CHECK(net.forward(counted({1, 1, 2, 2})) == Tensor({1, 2, 2, 1}, {1, 3, 0, 2}));
}

TEST_CASE("ONNX: parts that leave some of an axis over are refused") {
  CHECK(contains(
      complaint([] {
        static_cast<void>(detail::import_onnx(
            graph_of({1, 3, 1, 2},
                     {{"Split", "", {"x", "parts"}, {"y", "b"}, {{"axis", std::int64_t{1}}}}},
                     {{"parts", integers({1, 1})}}),
            "graph"));
      }),
      "its parts are 2 long together, and axis 1 is 3"));
}
