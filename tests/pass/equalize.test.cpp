// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "support/layers.hpp"
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

float size_of(const Tensor& y) {
  float size = 0;
  for (const float value : y.values()) {
    size = std::max(size, std::abs(value));
  }
  return size;
}

std::vector<float> sizes_of_channels(const Tensor& y) {
  std::vector<float> sizes(y.shape()[y.shape().rank() - 1], 0.0F);
  for (std::size_t i = 0; i < y.size(); ++i) {
    sizes[i % sizes.size()] = std::max(sizes[i % sizes.size()], std::abs(y[i]));
  }
  return sizes;
}

const Tensor& kernel_of(const Network& net, std::size_t node) {
  return net.nodes()[node].layer.target<Conv2d<>>()->kernel();
}

}  // namespace

TEST_CASE("equalize: the function stays, and neighbours have the same largest weights") {
  const Network net = uneven();
  Values draw(3);
  const Tensor x = draw.uniform({10, 6, 6, 2}, -1, 1);
  const Network equal = equalize(net, x);
  const Tensor y = net.forward(x);
  // a few hundred roundings of weights at most, as some ten rounds are enough
  CHECK(largest_difference(y.values(), equal.forward(x).values()) <= 512 * 0x1p-24F * size_of(y));
  const std::vector<float> expand = largest_of_rows(kernel_of(equal, 0));
  const std::vector<float> depth = largest_of_rows(kernel_of(equal, 2));
  for (const std::size_t c : {0U, 1U, 3U, 4U, 5U}) {
    CHECK(expand[c] / depth[c] == doctest::Approx(1).epsilon(0.03));
  }
  // 4096 times as large once
  CHECK(*std::ranges::max_element(expand) < 100 * expand[0]);
  CHECK(kernel_of(equal, 5) != kernel_of(net, 5));
  CHECK(equal.nodes()[7].layer.target<Dense<>>()->weight() !=
        net.nodes()[7].layer.target<Dense<>>()->weight());
}

TEST_CASE("equalize: a layer without a bias is one with a bias of zeros, and gets none") {
  Values draw(8);
  const Tensor kernel = draw.uniform({4, 1, 1, 3}, -1, 1);
  const Tensor weight = draw.uniform({2, 16}, -9, 9);
  const Tensor x = draw.uniform({5, 2, 2, 3}, -1, 1);
  const auto equalized = [&](const Tensor& first, const Tensor& second) {
    Network net({2, 2, 3});
    net.add("first", Conv2d<>(WindowGeometry{}, kernel, first));
    net.add("relu", ReLU{});
    net.add("flatten", Flatten{});
    net.add("second", Dense<>(weight, second));
    return equalize(net, x);
  };
  const Network zero = equalized(Tensor({4}), Tensor({2}));
  const Network none = equalized(Tensor(), Tensor());
  CHECK(kernel_of(none, 0) == kernel_of(zero, 0));
  CHECK(kernel_of(none, 0) != kernel);
  CHECK(none.nodes()[0].layer.target<Conv2d<>>()->bias().size() == 0);
  CHECK(none.nodes()[3].layer.target<Dense<>>()->bias().size() == 0);
  CHECK(none.forward(x) == zero.forward(x));
}

TEST_CASE("equalize: no channel grows beyond the one with the largest values") {
  Network net({3});
  net.add("first", Dense<>(Tensor({3, 3}, {1, 0, 0, 0, 0.01F, 0, 0, 0, 0.01F}),
                           Tensor({3}, {0, 0.99F, 0.24F})));
  net.add("relu", ReLU{});
  net.add("second", Dense<>(Tensor({1, 3}, {1, 1, 1}), Tensor({1})));
  const Tensor x({2, 3}, {2, 1, 1, 0, -1, -1});  // values of up to 2, 1 and 0.25
  const Tensor y = equalize(net, x).forward_all(x)[1];
  CHECK(y.row(0)[0] == 2);
  CHECK(y.row(0)[1] == doctest::Approx(2));  // twice, and not tenfold, to be alike
  CHECK(y.row(0)[2] == doctest::Approx(2));  // eight times
  CHECK(equalize(net, Tensor({1, 3}, {9, 1, 1})).forward_all(x)[1].row(0)[2] ==
        doctest::Approx(2.5));
}

TEST_CASE("equalize: clips are divided with their channels") {
  Values draw(5);
  Network net({4, 4, 3});
  Tensor kernel = draw.uniform({4, 1, 1, 3}, 0, 1);
  for (float& weight : kernel.row(1)) {
    weight *= 50;
  }
  net.add("first", Conv2d<>(WindowGeometry::square(1), kernel, draw.uniform({4}, -1, 1)));
  net.add("relu6", Clip(0, 6));
  net.add("flatten", Flatten{});
  net.add("clip", Clip(0.5F, 5));
  net.add("dense", Dense<>(draw.uniform({2, 64}, -1, 1), draw.uniform({2}, -1, 1)));
  const Tensor x = draw.uniform({10, 4, 4, 3}, -1, 1);
  const Network equal = equalize(net, x);
  const Tensor values = net.forward_all(x)[1];
  CHECK(std::ranges::count(values.values(), 6) > 0);
  const Tensor y = net.forward(x);
  CHECK(largest_difference(y.values(), equal.forward(x).values()) <= 512 * 0x1p-24F * size_of(y));
  const auto* clip = equal.nodes()[1].layer.target<ChannelClip>();
  REQUIRE(clip != nullptr);
  CHECK(clip->high()[1] < 1);  // the channel is divided by a factor of some 7
  CHECK(largest_of_rows(kernel_of(equal, 0))[1] < 10);
  CHECK(equal.nodes()[3].layer.target<ChannelClip>()->high().size() == 64);
}

TEST_CASE("equalize: weights that read a channel which is always 0 become 0, others do not") {
  Values draw(6);
  Network net({2, 2, 2});
  Tensor kernel = draw.uniform({4, 1, 1, 2}, 0.1F, 1);
  std::ranges::fill(kernel.row(1), 0.0F);
  std::ranges::fill(kernel.row(2), 0.0F);
  net.add("first", Conv2d<>(WindowGeometry::square(1), kernel, Tensor({4}, {-9, -1, 0.5F, 0.25F})));
  net.add("relu", ReLU{});
  Tensor depthwise_kernel = draw.uniform({4, 3, 3, 1}, 0.1F, 1);
  for (const std::size_t c : {1U, 2U}) {
    for (float& weight : depthwise_kernel.row(c)) {
      weight *= 1000;
    }
  }
  net.add("second", Conv2d<>(depthwise(4), depthwise_kernel, Tensor({4})));
  const Tensor x = draw.uniform({5, 2, 2, 2}, 0, 1);
  const Network equal = equalize(net, x);
  const Tensor y = net.forward(x);
  CHECK(largest_difference(y.values(), equal.forward(x).values()) <= 512 * 0x1p-24F * size_of(y));
  const std::vector<float> second = largest_of_rows(kernel_of(equal, 2));
  CHECK(second[1] == 0);
  CHECK(second[0] > 0);  // 0 on these pictures alone
  // a constant has no weights to be like; its values grow to those of the largest channel
  const std::vector<float> sizes = sizes_of_channels(equal.forward_all(x)[1]);
  const std::vector<float> before = sizes_of_channels(net.forward_all(x)[1]);
  CHECK(static_cast<double>(sizes[2]) == doctest::Approx(static_cast<double>(before[3])));
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
  CHECK(equalize(net, x).forward(x) == net.forward(x));
  CHECK(error_of([&] {
          (void)equalize(net, Tensor({0, 3}));
        }) == "Equalisation needs one picture at least");
}

TEST_CASE("equalize: factors near the ends of what a float can be keep the function") {
  const Tensor x({2, 2}, {1, 2, 0.5F, -1});
  for (const auto& sizes : std::vector<std::pair<float, float>>{
           {1, 1e-40F}, {1e3F, 1e-37F}, {1e38F, 1e-45F}, {1e-40F, 1}, {1e-45F, 1e38F}}) {
    const float given = sizes.first;
    const float read = sizes.second;
    CAPTURE(given);
    CAPTURE(read);
    Network net({2});
    net.add("first", Dense<>(Tensor({2, 2}, {1, 0.5F, given, 0}), Tensor({2}, {0, 0.25F})));
    net.add("relu", ReLU{});
    net.add("second", Dense<>(Tensor({2, 2}, {1, read, -1, read}), Tensor({2})));
    Network equal = equalize(net, x);
    for (const Parameter& parameter : equal.parameters()) {
      CHECK(
          std::ranges::all_of(parameter.value->values(), [](float v) { return std::isfinite(v); }));
    }
    const Tensor y = net.forward(x);
    CHECK(largest_difference(y.values(), equal.forward(x).values()) <= 64 * 0x1p-24F * size_of(y));
  }
}
