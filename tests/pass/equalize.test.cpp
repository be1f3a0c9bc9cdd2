// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "support/published.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/merge.hpp>
#include <upset/pass/equalize.hpp>

using namespace upset;
using namespace upset::test;

namespace {

WindowGeometry depthwise(std::size_t channels) {
  WindowGeometry geometry = WindowGeometry::square(3, 1, 1);
  geometry.groups = channels;
  return geometry;
}

/// Everything that factors pass, channels of very different sizes, and one channel that is silent.
Network uneven() {
  Values draw(1);
  const auto uneven = [&](const Shape& shape) {
    Tensor kernel = draw.uniform(shape, -1, 1);
    for (std::size_t o = 0; o < shape[0]; ++o) {
      for (float& weight : kernel.row(o)) {
        weight *= std::exp2(draw.uniform(-6, 6)) * (o == 2 ? 0.0F : 1.0F);
      }
    }
    return kernel;
  };
  Network net({6, 6, 2});
  net.add("expand",
          Conv2d<>(WindowGeometry::square(1), uneven({6, 1, 1, 2}), draw.uniform({6}, -1, 1)));
  net.add("relu1", ReLU{});
  net.add("depthwise", Conv2d<>(depthwise(6), uneven({6, 3, 3, 1}), draw.uniform({6}, -1, 1)));
  net.add("relu2", LeakyReLU{});
  net.add("pool", MaxPool(2));
  net.add("groups", Conv2d<>({.kernel_height = 2, .kernel_width = 2, .groups = 2},
                             uneven({4, 2, 2, 3}), draw.uniform({4}, -1, 1)));
  net.add("flatten", Flatten{});  // 2x2 pixels of 4 channels
  net.add("dense", Dense<>(draw.uniform({3, 16}, -1, 1), draw.uniform({3}, -1, 1)));
  return net;
}

std::vector<float> largest_of_rows(const Tensor& kernel) {
  std::vector<float> largest;
  for (std::size_t o = 0; o < kernel.shape()[0]; ++o) {
    float most = 0;
    for (const float weight : kernel.row(o)) {
      most = std::max(most, std::abs(weight));
    }
    largest.push_back(most);
  }
  return largest;
}

}  // namespace

TEST_CASE("equalize: the function stays, and neighbours have the same largest weights") {
  const Network net = uneven();
  const Network equal = equalize(net);
  Values draw(3);
  const Tensor x = draw.uniform({10, 6, 6, 2}, -1, 1);
  const Tensor y = net.forward(x);
  float size = 0;
  for (const float value : y.values()) {
    size = std::max(size, std::abs(value));
  }
  // a few hundred roundings of weights at most, as some ten rounds are enough
  CHECK(largest_difference(y.values(), equal.forward(x).values()) <= 512 * 0x1p-24F * size);
  const auto kernel = [&](std::size_t n) {
    return equal.nodes()[n].layer.target<Conv2d<>>()->kernel();
  };
  const std::vector<float> expand = largest_of_rows(kernel(0));
  const std::vector<float> depth = largest_of_rows(kernel(2));
  for (const std::size_t c : {0U, 1U, 3U, 4U, 5U}) {
    CHECK(expand[c] / depth[c] == doctest::Approx(1).epsilon(0.03));
  }
  // 4096 times as large once
  CHECK(*std::ranges::max_element(expand) < 100 * expand[0]);
  CHECK(equal.nodes()[5].layer.target<Conv2d<>>()->kernel() !=
        net.nodes()[5].layer.target<Conv2d<>>()->kernel());
  CHECK(equal.nodes()[7].layer.target<Dense<>>()->weight() !=
        net.nodes()[7].layer.target<Dense<>>()->weight());
}

TEST_CASE("unclip: a ReLU6 becomes a ReLU, other clips stay") {
  Network net({3});
  net.add("relu6", Clip(0, 6));
  net.add("clip", Clip(-1, 8));
  const Tensor x({1, 3}, {-2, 7, 9});
  CHECK(net.forward(x) == Tensor({1, 3}, {0, 6, 6}));
  CHECK(unclip(net).forward(x) == Tensor({1, 3}, {0, 7, 8}));
}

TEST_CASE("equalize: leaves alone what something else reads, or what is no function of a factor") {
  Values draw(4);
  Network net({3});
  const std::size_t first =
      net.add("first", Dense<>(draw.uniform({3, 3}, -9, 9), draw.uniform({3}, -1, 1)));
  const std::size_t second =
      net.add("second", Dense<>(draw.uniform({3, 3}, -1, 1), draw.uniform({3}, -1, 1)));
  net.add("add", Add{}, {first, second});
  net.add("third", Dense<>(draw.uniform({3, 3}, -5, 5), draw.uniform({3}, -1, 1)));
  net.add("sigmoid", Sigmoid{});
  net.add("last", Dense<>(draw.uniform({3, 3}, -1, 1), draw.uniform({3}, -1, 1)));
  const Tensor x = draw.uniform({4, 3}, -1, 1);
  CHECK(equalize(net).forward(x) == net.forward(x));
}
