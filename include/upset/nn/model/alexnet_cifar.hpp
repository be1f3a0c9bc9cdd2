// SPDX-License-Identifier: BSL-1.0
/// AlexNet for small pictures, in any format.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

namespace upset {

/// Five 3x3 convolutions of 64, 192, 384, 256 and 256 channels, the first with stride 2, pools of
/// 2x2 behind the first, second and fifth; three dense layers of 4096, 4096 and `classes`; weights
/// all zero. Layers are named "conv1" to "conv5" and "dense1" to "dense3".
///
/// - shape:  x [B, 32, 32, C] -> logits [B, classes]
/// - source: Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural
///           Networks, 2012, with the channels of its single-column form (Krizhevsky, One Weird
///           Trick, 2014) and windows as is usual for CIFAR-10
template <Format W = Float32, Format A = W>
[[nodiscard]] Network alexnet_cifar(const Shape& input = {32, 32, 3}, std::size_t classes = 10) {
  Network net(input);
  const std::array<std::size_t, 5> channels{64, 192, 384, 256, 256};
  for (std::size_t n = 0; n < channels.size(); ++n) {
    const std::string number = std::to_string(n + 1);
    detail::add_conv<W, A>(net, "conv" + number, detail::last_of(net), channels[n],
                           WindowGeometry::square(3, n == 0 ? 2 : 1, 1));
    net.add("relu" + number, ReLU{});
    if (n < 2 || n == 4) {
      net.add("pool" + number, MaxPool(2));
    }
  }
  net.add("flatten", Flatten{});
  detail::add_dense<W, A>(net, "dense1", 4096);
  net.add("relu6", ReLU{});
  detail::add_dense<W, A>(net, "dense2", 4096);
  net.add("relu7", ReLU{});
  detail::add_dense<W, A>(net, "dense3", classes);
  return net;
}

}  // namespace upset
