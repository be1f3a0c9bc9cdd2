// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/resnet9.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ResNet-9: has the 6,573,120 parameters of the original") {
  Network net = resnet9();
  CHECK(parameter_count(net) == 6573120);
  CHECK(multiply_adds(net) == 379261952);  // 27 64 1024 + 9 (64 128 1024 + 2 128 128 256 + ...)
  CHECK(shape_at(net, "layer1.add") == Shape{16, 16, 128});
  CHECK(shape_at(net, "layer3.add") == Shape{4, 4, 512});
  CHECK(net.output_shape() == Shape{10});
}
