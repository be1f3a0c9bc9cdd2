// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/unet.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("U-Net: has the 31.1 million parameters of its five-level form for spectral pictures") {
  // Gutierrez-Zaballa et al., On-Board Bounded Activation Functions: 31.14 million
  Network net = unet(5, 32, {32, 32, 25}, 10);
  CHECK(parameter_count(net) == 31113162);
  CHECK(shape_at(net, "base.activation2") == Shape{1, 1, 1024});
  CHECK(shape_at(net, "up0.concat") == Shape{32, 32, 64});
  CHECK(net.output_shape() == Shape{32, 32, 10});
}

TEST_CASE("U-Net: transposed convolutions count the products of each pixel with each weight") {
  // 9 (3 4 + 4 4) 64 + 9 (4 8 + 8 8) 16 + 16 8 4 4 + 9 (8 4 + 4 4) 64 + 4 2 64
  const Network net = unet(1, 4, {8, 8, 3}, 2);
  CHECK(multiply_adds(net) == 16128 + 13824 + 2048 + 27648 + 512);
}

TEST_CASE("U-Net: takes any activation function, and pictures that halve often enough") {
  const Network net = unet(1, 4, {4, 6, 3}, 2, Sigmoid{});
  CHECK(net.nodes()[2].layer.kind() == "Sigmoid");
  CHECK(net.forward(Tensor({1, 4, 6, 3})).shape() == Shape{1, 4, 6, 2});
  CHECK(error_of([] {
          (void)unet(2, 4, {4, 6, 3}, 2);
        }) ==
        "A U-Net of 2 levels takes pictures whose height and width are multiples of 2^levels, not "
        "[4, 6, 3]");
}
