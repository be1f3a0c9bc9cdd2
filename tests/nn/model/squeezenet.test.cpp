// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/squeezenet.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("SqueezeNet 1.0: has the 1,248,424 parameters of the original, and its multiply-adds") {
  Network net = squeezenet();
  CHECK(parameter_count(net) == 1248424);
  // 818,924,576 of torchvision, and a last convolution of 15x15 instead of 13x13 pixels
  CHECK(multiply_adds(net) == 818924576 + 56 * 512 * 1000);
  CHECK(shape_at(net, "conv1") == Shape{109, 109, 96});
  CHECK(shape_at(net, "fire4.concat") == Shape{54, 54, 256});
  CHECK(shape_at(net, "pool4") == Shape{27, 27, 256});
  CHECK(shape_at(net, "fire9.concat") == Shape{13, 13, 512});
  CHECK(net.output_shape() == Shape{1000});
}
