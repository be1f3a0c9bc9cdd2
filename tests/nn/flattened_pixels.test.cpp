// SPDX-License-Identifier: BSL-1.0
#include <vector>

#include <doctest/doctest.h>

#include <upset/nn/activation.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/flattened_pixels.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

using namespace upset;

TEST_CASE("flattened_pixels: follow a picture through what keeps the order of its values alone") {
  Network net({2, 3, 4});
  net.add("relu", ReLU{});
  net.add("flatten", Flatten{});
  net.add("relu of vector", ReLU{});
  net.add("dense", Dense<>::zeros(24, 24));
  const std::size_t mean = net.add("mean", GlobalAveragePool{}, {0});
  net.add("join", Concatenate{}, {mean, mean, mean, mean, mean, mean});
  CHECK(detail::flattened_pixels(net) == std::vector<std::size_t>{6, 6, 6, 1, 1, 1});
  net.add("sum", Add{}, {1, 3});
  CHECK_THROWS_AS((void)detail::flattened_pixels(net), Error);
}
