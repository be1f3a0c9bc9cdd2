// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/format/int8_affine.hpp>
#include <upset/nn/model/resnet8.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ResNet-8: has the parameters and multiply-adds of MLPerf Tiny, and its shapes") {
  // 9 (3 16 + 2 16 16 + 16 32 + 32 32 + 32 64 + 64 64) + 16 32 + 32 64 + 640, and 346 biases
  Network net = resnet8();
  CHECK(parameter_count(net) == 77706);
  CHECK(multiply_adds(net) == 12501632);
  CHECK(shape_at(net, "conv0") == Shape{32, 32, 16});
  CHECK(shape_at(net, "conv5") == Shape{16, 16, 32});
  CHECK(shape_at(net, "conv8") == Shape{8, 8, 64});
  CHECK(net.forward(Tensor({1, 32, 32, 3}, 1.0F)) == Tensor({1, 10}));  // all weights are zero
}

TEST_CASE("ResNet-8: is made in any format") {
  Network net = resnet8<Int8Affine>();
  CHECK(weight_footprint(net)[0].format == "Int8Affine");
  CHECK(net.forward(Tensor({1, 32, 32, 3}, 1.0F)).shape() == Shape{1, 10});
}
