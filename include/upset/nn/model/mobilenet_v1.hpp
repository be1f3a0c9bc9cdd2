// SPDX-License-Identifier: BSL-1.0
/// MobileNet of depthwise separable convolutions, in any width and format.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

namespace upset {

/// A 3x3 convolution of stride 2, thirteen blocks of a depthwise 3x3 and a 1x1 convolution up to
/// 1024 channels, mean over the picture, dense `classes` as a 1x1 convolution; batch norm is
/// folded, weights are all zero. Channels are multiplied by `width`. Layers are named "stem",
/// "block0.depthwise", "block0.pointwise" and "classifier".
///
/// - shape:  x [B, H, W, C] -> logits [B, classes]
/// - errors: throws `Error` for a width that leaves no channels
/// - source: Howard et al., MobileNets, 2017, table 1, with ReLU6 and padding as TensorFlow's SAME
template <Format W = Float32, Format A = W>
[[nodiscard]] Network mobilenet_v1(double width = 1, const Shape& input = {224, 224, 3},
                                   std::size_t classes = 1000) {
  if (!(width >= 0.03125 && width <= 16)) {
    throw Error("A MobileNet has a width of 1/32 to 16, not " + std::to_string(width));
  }
  const auto scaled = [width](std::size_t channels) {
    return static_cast<std::size_t>(std::lround(width * static_cast<double>(channels)));
  };
  const Clip relu6(0, 6);
  Network net(input);
  detail::add_same_conv<W, A>(net, "stem", Network::input, scaled(32), 3, 2);
  std::size_t from = net.add("stem.relu", relu6);
  const std::array<std::size_t, 13> channels{64,  128, 128, 256, 256,  512, 512,
                                             512, 512, 512, 512, 1024, 1024};
  for (std::size_t n = 0; n < channels.size(); ++n) {
    const std::string name = "block" + std::to_string(n);
    const bool is_halved = n == 1 || n == 3 || n == 5 || n == 11;
    detail::add_depthwise<W, A>(net, name + ".depthwise", from, 3, is_halved ? 2 : 1);
    from = net.add(name + ".depthwise.relu", relu6);
    detail::add_same_conv<W, A>(net, name + ".pointwise", from, scaled(channels[n]), 1);
    from = net.add(name + ".pointwise.relu", relu6);
  }
  const Shape x = net.output_shape();
  from = net.add("pool", AveragePool({.kernel_height = x[0], .kernel_width = x[1]}));
  detail::add_same_conv<W, A>(net, "classifier", from, classes, 1);
  net.add("flatten", Flatten{});
  return net;
}

}  // namespace upset
