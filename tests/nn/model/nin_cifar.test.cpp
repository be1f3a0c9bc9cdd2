// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/nin_cifar.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("NiN for CIFAR-10: has the 966,986 parameters of the original") {
  // 3778 kB in floats, table 1 of TentacleNet
  Network net = nin_cifar();
  CHECK(parameter_count(net) == 966986);
  CHECK(parameter_count(net) * 4 / 1024 == 3777);
  CHECK(multiply_adds(net) == 222486528);
  CHECK(shape_at(net, "pool1") == Shape{16, 16, 96});
  CHECK(shape_at(net, "pool2") == Shape{8, 8, 192});
  CHECK(net.output_shape() == Shape{10});
}
