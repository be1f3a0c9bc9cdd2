// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/unet.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("U-Net: has the 31.1 million parameters of its five-level form for spectral pictures") {
  // Gutierrez-Zaballa, Basterretxea, Echanobe, Designing DNNs for a Trade-off between Robustness
  // and Processing Performance in Embedded Devices: 31.14 million
  Network net = unet(5, 32, {32, 32, 25}, 10);
  CHECK(parameter_count(net) == 31113162);
  CHECK(shape_at(net, "base.activation2") == Shape{1, 1, 1024});
  CHECK(shape_at(net, "up0.concat") == Shape{32, 32, 64});
  CHECK(net.output_shape() == Shape{32, 32, 10});
}
