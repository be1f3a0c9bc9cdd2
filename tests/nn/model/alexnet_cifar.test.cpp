// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/alexnet_cifar.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("AlexNet for CIFAR-10: has its 23,272,266 parameters in eight layers") {
  // 9 (3 64 + 64 192 + 192 384 + 384 256 + 256 256) + 1152 biases, 1024 4096 + 4096 4096 + 4096 10
  // and 8202 biases
  Network net = alexnet_cifar();
  CHECK(parameter_count(net) == 23272266);
  CHECK(shape_at(net, "conv1") == Shape{16, 16, 64});
  CHECK(shape_at(net, "pool5") == Shape{2, 2, 256});
  CHECK(net.output_shape() == Shape{10});
}
