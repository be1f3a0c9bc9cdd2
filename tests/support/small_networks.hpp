// SPDX-License-Identifier: BSL-1.0
/// A network small enough to be inferred again for every fault, and faults in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/values.hpp"

#include <upset/nn/activation.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>

namespace upset::test {

/// Two residual blocks, one with a shortcut of its own, a pool and a dense layer, in format `F`;
/// scales are calibrated.
template <class F>
[[nodiscard]] Network small_residual(Values& values) {
  const auto conv = [&](std::size_t in, std::size_t out, const WindowGeometry& g) {
    return Conv2d<F>(g, values.uniform({out, g.kernel_height, g.kernel_width, in}, -0.4F, 0.4F),
                     values.uniform({out}, -0.1F, 0.1F));
  };
  const WindowGeometry same = WindowGeometry::square(3, 1, 1);
  Network network({10, 10, 3});
  network.add("conv1", conv(3, 6, same));
  const std::size_t first = network.add("relu1", ReLU{});
  network.add("conv2", conv(6, 6, same));
  network.add("relu2", ReLU{});
  const std::size_t branch = network.add("conv3", conv(6, 6, same));
  network.add("add3", Add{}, {branch, first});
  const std::size_t second = network.add("relu3", ReLU{});
  network.add("conv4", conv(6, 8, WindowGeometry::square(3, 2, 1)));
  const std::size_t down = network.add("relu4", ReLU{});
  const std::size_t beside =
      network.add("conv5", conv(6, 8, WindowGeometry::square(1, 2)), {second});
  network.add("add5", Add{}, {down, beside});
  network.add("pool", MaxPool(5));
  network.add("dense",
              Dense<F>(values.uniform({7, 8}, -1.0F, 1.0F), values.uniform({7}, -0.1F, 0.1F)));
  network.calibrate(values.uniform({4, 10, 10, 3}, -1.0F, 1.0F));
  return network;
}

/// The output of plain inference, with `bits` of what node `node` reads flipped.
[[nodiscard]] inline Tensor flipped_output(const Network& network, const Tensor& x,
                                           std::size_t node, std::span<const std::uint64_t> bits) {
  const ActivationHook flip = [&](std::size_t at, std::uint64_t, MemoryImage& memory) {
    for (std::size_t i = 0; at == node && i < bits.size(); ++i) {
      memory.flip(bits[i]);
    }
  };
  Pass pass;
  pass.hook = &flip;
  return network.forward(x, pass);
}

}  // namespace upset::test
