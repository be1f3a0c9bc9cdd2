// SPDX-License-Identifier: BSL-1.0
/// ResNet-9, which is trained on small pictures in minutes, in any format.
#pragma once

#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>

namespace upset {

/// Four 3x3 convolutions of 64, 128, 256 and 512 channels, pools of 2x2 behind the last three,
/// residual blocks of two more convolutions behind the second and fourth, the largest value of the
/// picture, dense `classes`; weights all zero. Layers are named "prep", "layer1" to "layer3",
/// "layer1.res1" and so on, each with a batch norm, "layer1.bn", and "linear"; none has a bias.
///
/// - shape:  x [B, 32, 32, C] -> logits [B, classes]; height and width in whole multiples of 8
/// - source: Page, How to Train Your ResNet, 2018, part 4 (DAWNBench), whose logits have a factor
///           of 1/8
template <Format W = Float32, Format A = W>
[[nodiscard]] Network resnet9(const Shape& input = {32, 32, 3}, std::size_t classes = 10) {
  Network net(input);
  const auto add_unit = [&](const std::string& name, std::size_t out) {
    detail::add_normed<W, A>(net, name, name + ".bn", detail::last_of(net), out,
                             WindowGeometry::square(3, 1, 1), Bias::none);
    return net.add(name + ".relu", ReLU{});
  };
  add_unit("prep", 64);
  for (std::size_t stage = 1; stage <= 3; ++stage) {
    const std::string name = "layer" + std::to_string(stage);
    const std::size_t channels = std::size_t{64} << stage;
    add_unit(name, channels);
    const std::size_t shortcut = net.add(name + ".pool", MaxPool(2));
    if (stage != 2) {
      add_unit(name + ".res1", channels);
      const std::size_t last = add_unit(name + ".res2", channels);
      net.add(name + ".add", Add{}, {shortcut, last});
    }
  }
  const Shape x = net.output_shape();
  net.add("pool", MaxPool({.kernel_height = x[0], .kernel_width = x[1]}));
  detail::add_dense<W, A>(net, "linear", classes, Bias::none);
  return net;
}

}  // namespace upset
