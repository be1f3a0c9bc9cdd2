// SPDX-License-Identifier: BSL-1.0
/// ResNet-8, the image classifier of the MLPerf Tiny benchmark, in any format.
#pragma once

#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>

namespace upset {

/// A 3x3 convolution, three residual blocks of two with 16, 32 and 64 channels, the later two with
/// a 1x1 convolution as shortcut, mean over the picture, dense `classes`; batch norm is folded,
/// weights are all zero. Layers are named "conv0" to "conv8" and "dense".
///
/// - shape:  x [B, 32, 32, 3] -> logits [B, classes]
/// - source: Banbury et al., MLPerf Tiny Benchmark, 2021, image classification; padded as
/// TensorFlow's
///           SAME
template <Format W = Float32, Format A = W>
[[nodiscard]] Network resnet8(const Shape& input = {32, 32, 3}, std::size_t classes = 10) {
  Network net(input);
  std::size_t number = 0;
  const auto add_conv = [&](std::size_t from, std::size_t out, std::size_t kernel,
                            std::size_t stride) {
    return detail::add_same_conv<W, A>(net, "conv" + std::to_string(number++), from, out, kernel,
                                       stride);
  };
  const auto add_relu = [&] { return net.add("relu" + std::to_string(number), ReLU{}); };
  add_conv(Network::input, 16, 3, 1);
  std::size_t from = add_relu();
  for (std::size_t stage = 0; stage < 3; ++stage) {
    const std::size_t out = std::size_t{16} << stage;
    const std::size_t stride = stage == 0 ? 1 : 2;
    add_conv(from, out, 3, stride);
    const std::size_t last = add_conv(add_relu(), out, 3, 1);
    const std::size_t shortcut = stage == 0 ? from : add_conv(from, out, 1, stride);
    net.add("add" + std::to_string(stage + 1), Add{}, {shortcut, last});
    from = add_relu();
  }
  net.add("pool", GlobalAveragePool{});
  detail::add_dense<W, A>(net, "dense", classes);
  return net;
}

}  // namespace upset
