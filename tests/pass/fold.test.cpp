// SPDX-License-Identifier: BSL-1.0
#include <cmath>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/resnet_cifar.hpp>
#include <upset/pass/fold.hpp>
#include <upset/train/initialize.hpp>

using namespace upset;
using namespace upset::test;

namespace {

// A network whose batch norms do something.
Network normalised(std::uint32_t seed) {
  Values draw(seed);
  Network net = resnet_cifar(8, {8, 8, 3}, 4);
  initialize(net, seed);
  for (const Parameter& parameter : net.parameters()) {
    const bool positive =
        parameter.name.ends_with(".gamma") || parameter.name.ends_with(".variance");
    if (parameter.value->shape().rank() == 1) {
      for (float& value : parameter.value->values()) {
        value = draw.uniform(positive ? 0.5F : -0.5F, positive ? 2.0F : 0.5F);
      }
    }
  }
  net.encode();
  return net;
}

}  // namespace

TEST_CASE("fold_batch_norms: leaves no norm, and the function up to rounding") {
  const Network net = normalised(1);
  const Network folded = fold_batch_norms(net);
  CHECK(folded.size() == net.size() - 7);
  for (const Network::Node& node : folded.nodes()) {
    CHECK(node.layer.kind() != "BatchNorm");
  }
  Values draw(2);
  const Tensor x = draw.uniform({3, 8, 8, 3}, -1, 1);
  const Tensor right = net.forward(x);
  const Tensor y = folded.forward(x);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    wrong += std::abs(y[i] - right[i]) <= 1e-4F * (1 + std::abs(right[i])) ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("fold_batch_norms: a convolution without a bias folds as one with a bias of zeros") {
  Values draw(4);
  const WindowGeometry geometry = WindowGeometry::square(3, 1, 1);
  const Tensor kernel = draw.uniform({4, 3, 3, 2}, -1, 1);
  const Tensor mean = draw.uniform({4}, -1, 1);
  const Tensor x = draw.uniform({2, 5, 4, 2}, -1, 1);
  const auto folded = [&](const Tensor& bias) {
    Network net({5, 4, 2});
    net.add("conv", Conv2d<>(geometry, kernel, bias));
    net.add("norm", BatchNorm<>(4));
    *net.layer(1).parameters()[2].value = mean;
    net.encode();
    return fold_batch_norms(net);
  };
  const Network zero = folded(Tensor({4}));
  const Network none = folded(Tensor());
  REQUIRE(none.size() == 1);
  CHECK(none.nodes()[0].layer.target<Conv2d<>>()->bias() ==
        zero.nodes()[0].layer.target<Conv2d<>>()->bias());
  CHECK(different_bits(none.forward(x), zero.forward(x)) == 0);
}

TEST_CASE("fold_batch_norms: a norm whose convolution has another reader stays") {
  Values draw(3);
  Network net({4, 4, 2});
  const std::size_t conv = net.add(
      "conv", Conv2d<>(WindowGeometry::square(1), draw.uniform({2, 1, 1, 2}, -1, 1), Tensor({2})));
  const std::size_t norm = net.add("norm", BatchNorm<>(2));
  net.add("add", Add{}, {conv, norm});
  const Network folded = fold_batch_norms(net);
  CHECK(folded.size() == 3);
  const Tensor x = draw.uniform({2, 4, 4, 2}, -1, 1);
  CHECK(folded.forward(x) == net.forward(x));
}
