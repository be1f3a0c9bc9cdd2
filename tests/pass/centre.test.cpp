// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <limits>
#include <utility>

#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/merge.hpp>
#include <upset/pass/centre.hpp>

using namespace upset;
using upset::test::error_of;
using upset::test::Values;

namespace {

double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return largest;
}

Network plain_network(std::size_t padding) {
  Values draw(1);
  Network net({8, 8, 2});
  net.add("conv1", Conv2d<>(WindowGeometry::square(3, 1, 1), draw.uniform({4, 3, 3, 2}, -1, 1),
                            draw.uniform({4}, -1, 1)));
  net.add("relu1", ReLU{});
  net.add("pool1", MaxPool(2));
  net.add("conv2", Conv2d<>(WindowGeometry::square(3, 1, padding),
                            draw.uniform({6, 3, 3, 4}, -1, 1), draw.uniform({6}, -1, 1)));
  net.add("relu2", ReLU{});
  net.add("mean", AveragePool(2));
  net.add("flatten", Flatten{});
  net.add("dense", Dense<>(draw.uniform({3, net.output_shape().size()}, -1, 1), Tensor({3})));
  return net;
}

}  // namespace

TEST_CASE(
    "centre_activations: computes the same in float, with activations on both sides of zero") {
  const Network net = plain_network(0);
  const Tensor x = Values(2).uniform({5, 8, 8, 2}, -1, 1);
  const Network centred = centre_activations(net, x, 0.9);
  CHECK(largest_difference(centred.forward(x), net.forward(x)) < 1e-4);
  for (const std::size_t relu : {std::size_t{1}, std::size_t{4}}) {
    const auto* layer = centred.nodes()[relu].layer.target<CentredReLU>();
    REQUIRE(layer != nullptr);
    CHECK(layer->offset > 0);
    // a tenth of the values lies above the offset's double, the rest within the offset around zero
    std::size_t above = 0;
    const Tensor values = centred.forward_all(x)[relu];
    for (const float value : values.values()) {
      above += value > layer->offset ? 1U : 0U;
    }
    CHECK(std::abs(static_cast<double>(above) - 0.1 * static_cast<double>(values.size())) <= 2);
  }
}

TEST_CASE("centre_activations: a layer without a bias gets one to take the offset back") {
  Values draw(4);
  Network net({6, 6, 2});
  net.add("relu1", ReLU{});
  net.add("conv", Conv2d<>(WindowGeometry::square(3), draw.uniform({3, 3, 3, 2}, -1, 1), Tensor()));
  net.add("relu2", ReLU{});
  net.add("dense", Dense<>(draw.uniform({4, 48}, -1, 1), Tensor()));
  const Tensor x = draw.uniform({5, 6, 6, 2}, -1, 1);
  const Network centred = centre_activations(net, x, 0.9);
  CHECK(centred.nodes()[0].layer.target<CentredReLU>() != nullptr);
  CHECK(centred.nodes()[2].layer.target<CentredReLU>() != nullptr);
  CHECK(centred.nodes()[1].layer.target<Conv2d<>>()->bias().shape() == Shape{3});
  CHECK(centred.nodes()[3].layer.target<Dense<>>()->bias().shape() == Shape{4});
  CHECK(largest_difference(centred.forward(x), net.forward(x)) < 1e-4);
}

TEST_CASE("centre_activations: leaves a ReLU alone whose offset cannot be taken back") {
  const Tensor x = Values(3).uniform({2, 8, 8, 2}, -1, 1);
  // zeros of a padded convolution would no longer be the zeros of its input
  const Network padded = plain_network(1);
  const Network centred = centre_activations(padded, x);
  CHECK(centred.nodes()[1].layer.target<ReLU>() != nullptr);
  CHECK(centred.nodes()[4].layer.target<CentredReLU>() != nullptr);
  CHECK(largest_difference(centred.forward(x), padded.forward(x)) < 1e-4);

  Network skip({4});
  skip.add("first", Dense<>(Values(4).uniform({4, 4}, -1, 1), Tensor({4})));
  const std::size_t relu = skip.add("relu", ReLU{});
  const std::size_t second =
      skip.add("second", Dense<>(Values(5).uniform({4, 4}, -1, 1), Tensor({4})));
  skip.add("add", Add{}, {relu, second});
  skip.add("last", ReLU{});
  const Network same = centre_activations(skip, Values(6).uniform({3, 4}, -1, 1));
  CHECK(same.nodes()[1].layer.target<ReLU>() != nullptr);
  CHECK(same.nodes()[4].layer.target<ReLU>() != nullptr);
}

TEST_CASE("centre_activations: leaves alone what a mean over zeros of padding reads") {
  const auto centred = [](Divisor divisor, std::size_t padding) {
    Network net({4, 4, 1});
    net.add("conv", Conv2d<>(WindowGeometry::square(1), Tensor({1, 1, 1, 1}, 1.0F), Tensor({1})));
    net.add("relu", ReLU{});
    net.add("mean", AveragePool(WindowGeometry::square(3, 1, padding), divisor));
    net.add("flatten", Flatten{});
    net.add("dense", Dense<>::zeros(net.output_shape().size(), 2));
    const Network result = centre_activations(net, Tensor({1, 4, 4, 1}, 1.0F), 0.9);
    return result.nodes()[1].layer.kind() == "CentredReLU";
  };
  CHECK(centred(Divisor::pixels, 1));
  CHECK(centred(Divisor::taps, 0));
  CHECK(!centred(Divisor::taps, 1));
}

TEST_CASE("centre_activations: refuses no pictures, and shares that are none") {
  const Network net = plain_network(0);
  const auto refusal = [&](const Tensor& x, double share) {
    return error_of([&] { (void)centre_activations(net, x, share); });
  };
  CHECK(refusal(Tensor({0, 8, 8, 2}), 0.98) == "Centring needs one picture at least");
  const Tensor x = Values(2).uniform({1, 8, 8, 2}, -1, 1);
  CHECK(refusal(x, 98) ==
        "Centring cannot go by a share of 98.000000 of the activations; give one in [0, 1], as "
        "0.98");
  CHECK(!refusal(x, -0.01).empty());
  CHECK(!refusal(x, std::numeric_limits<double>::quiet_NaN()).empty());
  CHECK(refusal(x, 0).empty());
  CHECK(refusal(x, 1).empty());
}
