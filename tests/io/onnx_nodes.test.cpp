// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <upset/io/onnx_nodes.hpp>
#include <upset/nn/reshape.hpp>

using namespace upset;

namespace {

/// A picture of 3 channels, flattened, and a dense layer that reads it.
Network flattened_network() {
  Network network({2, 5, 3});
  network.add("flatten", Flatten{});
  network.add("dense", Dense<>::zeros(30, 4));
  return network;
}

struct Nodes : detail::OnnxNodes {
  Nodes() : OnnxNodes(flattened_network()) { values_.push_back("flat"); }
  void check() const {
    CHECK(channels_first(shape_of(0, 0)) == Shape{3, 2, 5});
    CHECK(channels_first(Shape{7}) == Shape{7});
    CHECK(inputs(0) == std::vector<std::string>{"input"});
    CHECK(inputs(1) == std::vector<std::string>{"flat"});
    CHECK(pixels_of(Network::input) == 10);
    CHECK(pixels_of(0) == 10);  // values in another order than in ONNX
    CHECK(pixels_of(1) == 1);   // which weights settle
    CHECK(with_weights(1, {"weight"}) == std::vector<std::string>{"flat", "dense.weight"});
    CHECK(with_weights(1, {"weight"}, Tensor({1}, 2.0F)).back() == "dense.bias");
  }
};

}  // namespace

TEST_CASE("ONNX: nodes of a network by their numbers") { Nodes().check(); }
