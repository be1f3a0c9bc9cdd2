// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/mobilenet_v2.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE(
    "MobileNetV2: has the 3,504,872 parameters and 301 million multiply-adds of torchvision") {
  Network net = mobilenet_v2({224, 224, 3}, 1000);
  // a folded batch norm has one bias, where it had gamma and beta
  CHECK(parameter_count(net) == 3504872 - 17056);
  CHECK(multiply_adds(net) == 300774272);
  CHECK(shape_at(net, "stem") == Shape{112, 112, 32});
  CHECK(shape_at(net, "block1.depthwise") == Shape{56, 56, 96});
  CHECK(shape_at(net, "block15.add") == Shape{7, 7, 160});
  CHECK(shape_at(net, "block16.project") == Shape{7, 7, 320});
  CHECK(shape_at(net, "block3.add").rank() == 0);  // the first of its stage has no shortcut
  CHECK(net.output_shape() == Shape{1000});
}
