// SPDX-License-Identifier: BSL-1.0
/// VGG-16 for small pictures, in any format.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

namespace upset {

/// Thirteen 3x3 convolutions, each with a batch norm (see `fold`) and a ReLU, in blocks of 64, 64 |
/// 128, 128 | 256, 256, 256 | 512, 512, 512 | 512, 512, 512 channels with a pool of 2x2 behind
/// each, and one dense layer; weights all zero. Layers are named "conv1" to "conv13", "bn1" to
/// "bn13" and "dense".
///
/// - shape:  x [B, 32, 32, C] -> logits [B, classes]
/// - source: Simonyan, Zisserman, Very Deep Convolutional Networks, 2015, configuration D, with one
///           dense layer as 1x1 pixels leave no need for three, as in Hoang et al., FT-ClipAct,
///           2020
template <Format W = Float32, Format A = W>
[[nodiscard]] Network vgg16_cifar(const Shape& input = {32, 32, 3}, std::size_t classes = 10) {
  struct Block {
    std::size_t convolutions;
    std::size_t channels;
  };
  Network net(input);
  std::size_t n = 0;
  std::size_t pool = 0;
  for (const Block& block : {Block{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}) {
    for (std::size_t c = 0; c < block.convolutions; ++c) {
      const std::string number = std::to_string(++n);
      detail::add_normed<W, A>(net, "conv" + number, "bn" + number, detail::last_of(net),
                               block.channels, WindowGeometry::square(3, 1, 1), Bias::zeros);
      net.add("relu" + number, ReLU{});
    }
    net.add("pool" + std::to_string(++pool), MaxPool(2));
  }
  net.add("flatten", Flatten{});
  detail::add_dense<W, A>(net, "dense", classes);
  return net;
}

}  // namespace upset
