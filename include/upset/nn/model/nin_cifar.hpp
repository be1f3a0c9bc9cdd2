// SPDX-License-Identifier: BSL-1.0
/// Network in Network for small pictures, in any format.
#pragma once

#include <cstddef>
#include <string>

#include <upset/nn/activation.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>

namespace upset {

/// Three blocks of a convolution (5x5, 5x5, 3x3) and two of 1x1, each with a ReLU, pools of 3x3 and
/// stride 2 between them (largest value, then mean), mean over the picture; weights all zero.
/// Layers are named as in Caffe's model: "conv1", "cccp1" to "cccp6".
///
/// - shape:  x [B, 32, 32, C] -> logits [B, classes]
/// - source: Lin, Chen, Yan, Network In Network, 2014, its CIFAR-10 model; pools in ceil mode
template <Format W = Float32, Format A = W>
[[nodiscard]] Network nin_cifar(const Shape& input = {32, 32, 3}, std::size_t classes = 10) {
  Network net(input);
  const auto add_unit = [&](const std::string& name, std::size_t out, std::size_t kernel) {
    detail::add_conv<W, A>(net, name, detail::last_of(net), out,
                           WindowGeometry::square(kernel, 1, kernel / 2));
    net.add(name + ".relu", ReLU{});
  };
  const auto window = [&] {
    const Shape x = net.output_shape();
    return rounded_up(WindowGeometry::square(3, 2), x[0], x[1]);
  };
  add_unit("conv1", 192, 5);
  add_unit("cccp1", 160, 1);
  add_unit("cccp2", 96, 1);
  net.add("pool1", MaxPool(window()));
  add_unit("conv2", 192, 5);
  add_unit("cccp3", 192, 1);
  add_unit("cccp4", 192, 1);
  net.add("pool2", AveragePool(window()));
  add_unit("conv3", 192, 3);
  add_unit("cccp5", 192, 1);
  add_unit("cccp6", classes, 1);
  net.add("pool3", GlobalAveragePool{});
  return net;
}

}  // namespace upset
