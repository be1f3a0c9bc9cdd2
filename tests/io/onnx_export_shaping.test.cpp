// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <utility>
#include <vector>

#include "onnx_round_trip.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: axes in another order come back as they were") {
  for (const std::vector<std::size_t>& order :
       {std::vector<std::size_t>{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
    Network net({2, 3, 4});
    net.add("turned", Transpose(order));
    check_round_trip(net);
  }
  Network matrix({3, 5});
  matrix.add("turned", Transpose({1, 0}));
  check_round_trip(matrix);
}

TEST_CASE("ONNX: every shape that values are given comes back as it was") {
  for (const Shape& to : {Shape{24}, Shape{4, 6}, Shape{3, 4, 2}, Shape{1, 1, 24}, Shape{24, 1, 1},
                          Shape{2, 3, 2, 2}}) {
    CAPTURE(upset::to_string(to));
    Network net({2, 3, 4});
    net.add("reshape", Reshape(to));
    net.add("tail", Dense<>::zeros(24, 3));  // in whatever order a vector is
    check_round_trip(net);
    Network flat({2, 3, 4});
    flat.add("flatten", Flatten{});
    flat.add("reshape", Reshape(to));
    flat.add("tail", Dense<>::zeros(24, 3));
    check_round_trip(flat);
  }
}

TEST_CASE("ONNX: what a picture becomes in our order needs no layer behind it") {
  for (const Shape& to : {Shape{4, 6}, Shape{3, 4, 2}, Shape{2, 3, 2, 2}}) {
    Network net({2, 3, 4});
    net.add("reshape", Reshape(to));
    check_round_trip(net);
  }
  Network vectors({2, 3});
  vectors.add("pad", Pad({1, 0}, {0, 2}, 0.5F));
  vectors.add("slice", Slice({{0, 3, 1}, {4, 2, -3}}));
  vectors.add("softmax", Softmax{});
  vectors.add("sum", AddBroadcast{}, {vectors.size() - 1, vectors.size() - 1});
  check_round_trip(vectors);
}

TEST_CASE("ONNX: parts that repeat a value, or of flattened pictures, are refused") {
  const auto says = [](const Network& net) {
    return complaint([&] { static_cast<void>(onnx_bytes(net)); });
  };
  Network repeated({2, 3, 4});
  repeated.add("slice", Slice({{1, 3, 0}, {0, 3}, {0, 4}}));
  CHECK(contains(says(repeated), "Layer slice, Slice"));
  Network flat({2, 3, 4});
  flat.add("flatten", Flatten{});
  flat.add("slice", Slice({{0, 8, 3}}));
  CHECK(contains(says(flat), "Layer slice, Slice"));
  Network mean({3, 4});  // ONNX has its channels first
  mean.add("mean", GlobalAveragePool{});
  CHECK(contains(says(mean), "Layer mean, GlobalAveragePool"));
}
