// SPDX-License-Identifier: BSL-1.0
/// A network and pictures small enough that a campaign takes a moment.
#pragma once

#include <cstddef>
#include <cstdint>

#include <upset/campaign/sweep.hpp>
#include <upset/core/random.hpp>
#include <upset/format/formats.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/pass/convert.hpp>
#include <upset/train/initialize.hpp>

namespace upset::test {

[[nodiscard]] inline LabelledImages random_pictures(const Shape& shape, std::size_t count) {
  LabelledImages test{Tensor(shape.with_batch(count)), {}};
  Random random(7, 1);
  for (float& value : test.images.values()) {
    value = static_cast<float>(random.normal());
  }
  for (std::size_t i = 0; i < count; ++i) {
    test.labels.push_back(static_cast<std::uint8_t>(random.uniform_below(4)));
  }
  return test;
}

/// Two dense layers of 8-bit integers, 12 to 6 to 4; calibrated.
[[nodiscard]] inline Network small_network() {
  Network net(Shape{12});
  net.add("first", Dense<>::zeros(12, 6));
  net.add("relu", ReLU{});
  net.add("second", Dense<>::zeros(6, 4));
  initialize(net, 3);
  net = convert<Int8Affine>(net);
  net.calibrate(random_pictures(Shape{12}, 20).images);
  return net;
}

}  // namespace upset::test
