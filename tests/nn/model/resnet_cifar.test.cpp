// SPDX-License-Identifier: BSL-1.0
#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/metric/work.hpp>
#include <upset/nn/model/resnet_cifar.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ResNet-20: has the 269,722 parameters of the paper, nothing else, and its shapes") {
  Network net = resnet_cifar(20, {32, 32, 3}, 10);
  // 9 (3 16 + 6 16 16 + 16 32 + 5 32 32 + 32 64 + 5 64 64) + 650 of the dense layer, and gamma and
  // beta, mean and variance of 688 channels
  CHECK(parameter_count(net) == 268346 + 2 * 688);
  CHECK(weight_footprint(net)[0].bits.total_bits() == 32 * (268346 + 4 * 688));
  CHECK(net.output_shape() == Shape{10});
  for (const Network::Node& node : net.nodes()) {
    if (node.name == "layer2.0.shortcut") {
      CHECK(node.shape == Shape{16, 16, 32});
    }
    if (node.name == "layer3.2.relu2") {
      CHECK(node.shape == Shape{8, 8, 64});
    }
  }
  CHECK(net.forward(Tensor({2, 32, 32, 3}, 1.0F)) == Tensor({2, 10}));  // all weights are zero
}

TEST_CASE("ResNet-20: is made in any format, and in its depths alone") {
  Network net = resnet_cifar<Int8Affine, Mono<8>>(8, {16, 16, 1}, 7);
  CHECK(net.forward(Tensor({1, 16, 16, 1}, 0.5F)).shape() == Shape{1, 7});
  CHECK(error_of([] {
          (void)resnet_cifar(21, {32, 32, 3}, 10);
        }) == "A ResNet for small pictures has 6n + 2 layers, as 20 or 56, not 21");
  CHECK(error_of([] {
          (void)resnet_cifar(20, {32, 32}, 10);
        }) == "The network takes pictures [H, W, C], not [32, 32]");
  CHECK(error_of([] {
          (void)resnet_cifar(20, {32, 32, 3}, 0);
        }) == "a layer without output channels computes nothing; give one channel, or class");
}
