// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/caffe_lenet.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Caffe LeNet: has the 431,080 parameters and 2,293,000 multiply-adds of the original") {
  // 20 (25 + 1) + 50 (500 + 1) + 500 (800 + 1) + 10 (500 + 1); 576 500 + 64 25000 + 400000 + 5000
  Network net = caffe_lenet();
  CHECK(parameter_count(net) == 431080);
  CHECK(multiply_adds(net) == 2293000);
  CHECK(shape_at(net, "pool2") == Shape{4, 4, 50});
  CHECK(net.forward(Tensor({2, 28, 28, 1}, 1.0F)) == Tensor({2, 10}));  // all weights are zero
}
