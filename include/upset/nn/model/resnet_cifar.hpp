// SPDX-License-Identifier: BSL-1.0
/// The residual networks of small pictures: ResNet-20, 32, 44, 56, in any format.
#pragma once

#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/subsample.hpp>

namespace upset {

/// 3x3 convolution of 16 channels, three stages of (depth - 2) / 6 residual blocks with 16, 32 and
/// 64 channels, mean over the picture, dense `classes`; weights all zero. Layers are named as in
/// the usual weight files: "conv1", "layer2.0.bn1", "linear".
///
/// - shape:  x [B, H, W, C] -> logits [B, classes]
/// - errors: throws `Error` for a depth that is not 6n + 2, and for an input other than [H, W, C]
/// - source: He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, 2016, section 4.2
template <Format W = Float32, Format A = W>
[[nodiscard]] Network resnet_cifar(std::size_t depth, const Shape& input, std::size_t classes) {
  if (depth < 8 || depth % 6 != 2) {
    throw Error("A ResNet for small pictures has 6n + 2 layers, as 20 or 56, not " +
                std::to_string(depth));
  }
  Network net(input);
  const auto add_normed = [&](const std::string& block, const std::string& number, std::size_t from,
                              std::size_t out, std::size_t stride) {
    return detail::add_normed<W, A>(net, block + "conv" + number, block + "bn" + number, from, out,
                                    WindowGeometry::square(3, stride, 1), Bias::none);
  };
  add_normed("", "1", Network::input, 16, 1);
  std::size_t block_input = net.add("relu1", ReLU{});
  std::size_t in = 16;
  for (std::size_t stage = 1; stage <= 3; ++stage) {
    const std::size_t out = std::size_t{8} << stage;
    for (std::size_t block = 0; block < (depth - 2) / 6; ++block) {
      const std::string name = "layer" + std::to_string(stage) + "." + std::to_string(block) + ".";
      const std::size_t stride = out == in ? 1 : 2;
      std::size_t shortcut = block_input;
      if (stride == 2) {
        shortcut = net.add(name + "shortcut", Subsample(2, in / 2, in / 2), {block_input});
      }
      add_normed(name, "1", block_input, out, stride);
      const std::size_t middle = net.add(name + "relu1", ReLU{});
      const std::size_t last = add_normed(name, "2", middle, out, 1);
      net.add(name + "add", Add{}, {last, shortcut});
      block_input = net.add(name + "relu2", ReLU{});
      in = out;
    }
  }
  net.add("pool", GlobalAveragePool{});
  detail::add_dense<W, A>(net, "linear", classes);
  return net;
}

}  // namespace upset
