// SPDX-License-Identifier: BSL-1.0
/// The residual networks of ImageNet, for large and for small pictures, in any format.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>

namespace upset {

namespace detail {

/// What differs between these networks: blocks in each of the four stages, of two 3x3 convolutions
/// or of a 1x1, a 3x3 and a 1x1 one to four times the channels.
struct ResnetPlan {
  std::array<std::size_t, 4> blocks;
  bool has_bottlenecks;
};

/// Layers are named as in PyTorch's weight files. Small pictures, of fewer than 64 pixels, begin
/// with a 3x3 convolution and no pool.
template <Format W, Format A>
[[nodiscard]] Network resnet(const ResnetPlan& plan, const Shape& input, std::size_t classes) {
  Network net(input);
  const bool is_small = picture_at(net, Network::input)[0] < 64;
  add_normed<W, A>(net, "conv1", "bn1", Network::input, 64,
                   is_small ? WindowGeometry::square(3, 1, 1) : WindowGeometry::square(7, 2, 3),
                   Bias::none);
  std::size_t from = net.add("relu", ReLU{});
  if (!is_small) {
    from = net.add("maxpool", MaxPool(WindowGeometry::square(3, 2, 1)));
  }
  for (std::size_t stage = 0; stage < plan.blocks.size(); ++stage) {
    const std::size_t width = std::size_t{64} << stage;
    const std::size_t out = plan.has_bottlenecks ? 4 * width : width;
    for (std::size_t block = 0; block < plan.blocks[stage]; ++block) {
      const std::string name = "layer" + std::to_string(stage + 1) + "." + std::to_string(block);
      const std::size_t stride = stage > 0 && block == 0 ? 2 : 1;
      std::size_t shortcut = from;
      if (stride != 1 || picture_at(net, from)[2] != out) {
        shortcut = add_normed<W, A>(net, name + ".downsample.0", name + ".downsample.1", from, out,
                                    WindowGeometry::square(1, stride), Bias::none);
      }
      std::size_t number = 0;
      const auto add_next = [&](std::size_t channels, const WindowGeometry& geometry) {
        if (number > 0) {
          from = net.add(name + ".relu" + std::to_string(number), ReLU{});
        }
        const std::string suffix = std::to_string(++number);
        from = add_normed<W, A>(net, name + ".conv" + suffix, name + ".bn" + suffix, from, channels,
                                geometry, Bias::none);
      };
      if (plan.has_bottlenecks) {
        add_next(width, WindowGeometry::square(1));
        add_next(width, WindowGeometry::square(3, stride, 1));
        add_next(out, WindowGeometry::square(1));
      } else {
        add_next(width, WindowGeometry::square(3, stride, 1));
        add_next(width, WindowGeometry::square(3, 1, 1));
      }
      net.add(name + ".add", Add{}, {from, shortcut});
      from = net.add(name + ".relu", ReLU{});
    }
  }
  net.add("avgpool", GlobalAveragePool{});
  add_dense<W, A>(net, "fc", classes);
  return net;
}

}  // namespace detail

/// Two residual blocks of two 3x3 convolutions in each of four stages of 64 to 512 channels;
/// weights all zero. Layers are named as in PyTorch's weight files: "layer2.0.conv1".
///
/// - shape:  x [B, H, W, C] -> logits [B, classes]; pictures of fewer than 64 pixels begin with a
///           3x3 convolution of stride 1 and no pool, others with 7x7 of stride 2 and a pool
/// - source: He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, 2016, table 1, with
///           1x1 convolutions where shortcuts change shape
template <Format W = Float32, Format A = W>
[[nodiscard]] Network resnet18(const Shape& input = {224, 224, 3}, std::size_t classes = 1000) {
  return detail::resnet<W, A>({{2, 2, 2, 2}, false}, input, classes);
}

/// 3, 4, 6 and 3 residual blocks of 1x1, 3x3 and 1x1 convolutions, otherwise as `resnet18`.
///
/// - source: the same; strides lie in the 3x3 convolutions as in PyTorch (version 1.5)
template <Format W = Float32, Format A = W>
[[nodiscard]] Network resnet50(const Shape& input = {224, 224, 3}, std::size_t classes = 1000) {
  return detail::resnet<W, A>({{3, 4, 6, 3}, true}, input, classes);
}

}  // namespace upset
