// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/mobilenet_v1.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("MobileNet: has the 4,231,976 parameters and 569 million multiply-adds of the paper") {
  Network net = mobilenet_v1();
  // a folded batch norm has one bias, where it had gamma and beta
  CHECK(parameter_count(net) == 4231976 - 10944);
  CHECK(multiply_adds(net) == 568740352);
  CHECK(shape_at(net, "block12.pointwise") == Shape{7, 7, 1024});
  CHECK(net.output_shape() == Shape{1000});
}

TEST_CASE("MobileNet: is as wide as asked for") {
  Network net = mobilenet_v1(0.25, {128, 128, 3}, 1001);
  CHECK(multiply_adds(net) == 13570304);  // 14 million in table 7 of the paper, with 1000 classes
  CHECK(shape_at(net, "stem") == Shape{64, 64, 8});
  CHECK(shape_at(net, "block12.pointwise") == Shape{4, 4, 256});
  CHECK(error_of([] { (void)mobilenet_v1(0.01); }) ==
        "A MobileNet has a width of 1/32 to 16, not 0.010000");
}
