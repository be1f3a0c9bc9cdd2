// SPDX-License-Identifier: BSL-1.0
/// SqueezeNet 1.0 of fire modules, in any format.
#pragma once

#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>

namespace upset {

/// A 7x7 convolution of stride 2, eight fire modules (1x1 to few channels, then 1x1 and 3x3 to
/// many, side by side), a 1x1 convolution to `classes`, padded by 1, mean over the picture; weights
/// all zero. Layers are named as in Caffe's model: "conv1", "fire2.conv1x1_1" to "fire9.conv3x3_2",
/// "conv_final".
///
/// - shape:  x [B, H, W, C] -> logits [B, classes]
/// - source: Iandola et al., SqueezeNet, 2016, table 1, with pools in ceil mode
template <Format W = Float32, Format A = W>
[[nodiscard]] Network squeezenet(const Shape& input = {224, 224, 3}, std::size_t classes = 1000) {
  Network net(input);
  const auto add_unit = [&](const std::string& name, std::size_t from, std::size_t out,
                            const WindowGeometry& geometry) {
    detail::add_conv<W, A>(net, name, from, out, geometry);
    return net.add(name + ".relu", ReLU{});
  };
  const auto add_pool = [&](const std::string& name) {
    const Shape x = net.output_shape();
    return net.add(name, MaxPool(rounded_up(WindowGeometry::square(3, 2), x[0], x[1])));
  };
  add_unit("conv1", Network::input, 96, WindowGeometry::square(7, 2));
  std::size_t from = add_pool("pool1");
  for (std::size_t n = 2; n <= 9; ++n) {
    const std::string name = "fire" + std::to_string(n);
    const std::size_t few = 16 * (n / 2);
    const std::size_t squeezed =
        add_unit(name + ".conv1x1_1", from, few, WindowGeometry::square(1));
    const std::size_t left =
        add_unit(name + ".conv1x1_2", squeezed, 4 * few, WindowGeometry::square(1));
    const std::size_t right =
        add_unit(name + ".conv3x3_2", squeezed, 4 * few, WindowGeometry::square(3, 1, 1));
    from = net.add(name + ".concat", Concatenate{}, {left, right});
    if (n == 4 || n == 8) {
      from = add_pool("pool" + std::to_string(n));
    }
  }
  add_unit("conv_final", from, classes, WindowGeometry::square(1, 1, 1));
  net.add("pool_final", GlobalAveragePool{});
  return net;
}

}  // namespace upset
