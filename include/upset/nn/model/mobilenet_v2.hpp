// SPDX-License-Identifier: BSL-1.0
/// MobileNetV2 of inverted residuals, in any format.
#pragma once

#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

namespace upset {

/// A 3x3 convolution of stride 2, seventeen inverted residuals (1x1 to more channels, depthwise
/// 3x3, 1x1 to fewer), 1x1 to 1280 channels, mean over the picture, dense `classes` as a 1x1
/// convolution; batch norm is folded, weights are all zero. Layers are named "stem",
/// "block1.expand", "block1.depthwise", "block1.project", "head" and "classifier".
///
/// - shape:  x [B, H, W, C] -> logits [B, classes]; TensorFlow's have 1001, the first of which is
///           background
/// - source: Sandler et al., MobileNetV2, 2018, table 2, padded as TensorFlow's SAME
template <Format W = Float32, Format A = W>
[[nodiscard]] Network mobilenet_v2(const Shape& input = {224, 224, 3}, std::size_t classes = 1001) {
  struct Stage {
    std::size_t expansion;
    std::size_t channels;
    std::size_t blocks;
    std::size_t stride;
  };
  const Clip relu6(0, 6);
  Network net(input);
  detail::add_same_conv<W, A>(net, "stem", Network::input, 32, 3, 2);
  std::size_t from = net.add("stem.relu", relu6);
  std::size_t number = 0;
  for (const Stage& stage : {Stage{1, 16, 1, 1},
                             {6, 24, 2, 2},
                             {6, 32, 3, 2},
                             {6, 64, 4, 2},
                             {6, 96, 3, 1},
                             {6, 160, 3, 2},
                             {6, 320, 1, 1}}) {
    for (std::size_t block = 0; block < stage.blocks; ++block) {
      const std::string name = "block" + std::to_string(number++);
      const std::size_t in = detail::picture_at(net, from)[2];
      const std::size_t stride = block == 0 ? stage.stride : 1;
      const std::size_t shortcut = from;
      if (stage.expansion > 1) {
        detail::add_same_conv<W, A>(net, name + ".expand", from, stage.expansion * in, 1);
        from = net.add(name + ".expand.relu", relu6);
      }
      detail::add_depthwise<W, A>(net, name + ".depthwise", from, 3, stride);
      from = net.add(name + ".depthwise.relu", relu6);
      from = detail::add_same_conv<W, A>(net, name + ".project", from, stage.channels, 1);
      if (stride == 1 && in == stage.channels) {
        from = net.add(name + ".add", Add{}, {from, shortcut});
      }
    }
  }
  detail::add_same_conv<W, A>(net, "head", from, 1280, 1);
  net.add("head.relu", relu6);
  const Shape x = net.output_shape();
  from = net.add("pool", AveragePool({.kernel_height = x[0], .kernel_width = x[1]}));
  detail::add_same_conv<W, A>(net, "classifier", from, classes, 1);
  net.add("flatten", Flatten{});
  return net;
}

}  // namespace upset
