// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/vgg16_cifar.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("VGG-16 for CIFAR-10: has its 14,728,266 parameters and 313 million multiply-adds") {
  // kuangliu, pytorch-cifar, VGG("VGG16"): convolutions with biases, batch norms, one dense layer
  Network net = vgg16_cifar();
  CHECK(parameter_count(net) == 14728266);
  CHECK(multiply_adds(net) == 313201664);
  CHECK(shape_at(net, "pool4") == Shape{2, 2, 512});
  CHECK(shape_at(net, "relu13") == Shape{2, 2, 512});
  CHECK(net.output_shape() == Shape{10});
}
