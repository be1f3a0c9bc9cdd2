// SPDX-License-Identifier: BSL-1.0
/// LeNet-5 with rectified units and max pooling, in any format; and its binary form.
#pragma once

#include <cstddef>

#include <upset/nn/activation.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

namespace upset {

namespace detail {

// 28x28 pictures are padded to the 32x32 the network was drawn for; 32x32 ones are taken as they
// are.
[[nodiscard]] inline WindowGeometry lenet5_first_window(const Shape& input) {
  if (input.rank() != 3 || input[0] != input[1] || (input[0] != 28 && input[0] != 32)) {
    throw Error("LeNet-5 takes square pictures of 28 or 32 pixels [H, W, C], not " +
                to_string(input));
  }
  return WindowGeometry::square(5, 1, input[0] == 28 ? 2 : 0);
}

}  // namespace detail

/// conv 6@5x5, pool, conv 16@5x5, pool, dense 120, dense 84, dense `classes`; weights all zero.
///
/// - shape:  x [B, 28, 28, C] or [B, 32, 32, C] -> logits [B, classes]
/// - source: LeCun, Bottou, Bengio, Haffner, Gradient-Based Learning Applied to Document
///           Recognition, 1998, with full connections, ReLU and max pooling as is usual today
template <Format W = Float32, Format A = W>
[[nodiscard]] Network lenet5(const Shape& input, std::size_t classes) {
  Network net(input);
  net.add("conv1", Conv2d<W, A>::zeros(input[2], 6, detail::lenet5_first_window(input)));
  net.add("relu1", ReLU{});
  net.add("pool1", MaxPool(2));
  net.add("conv2", Conv2d<W, A>::zeros(6, 16, WindowGeometry::square(5)));
  net.add("relu2", ReLU{});
  net.add("pool2", MaxPool(2));
  net.add("flatten", Flatten{});
  net.add("dense1", Dense<W, A>::zeros(400, 120));
  net.add("relu3", ReLU{});
  net.add("dense2", Dense<W, A>::zeros(120, 84));
  net.add("relu4", ReLU{});
  net.add("dense3", Dense<W, A>::zeros(84, classes));
  return net;
}

/// The same network for inner layers of signs: `convert` its conv2, dense1 and dense2, and keep the
/// first and last layer in float.
///
/// A batch norm before each inner layer centres what is reduced to signs; there is no other
/// activation function, so in float the network is of little use.
///
/// - source: Rastegari et al., XNOR-Net, 2016, block order of section 3.2: batch norm, binary
///           activation, binary convolution, pooling
[[nodiscard]] inline Network lenet5_binary(const Shape& input, std::size_t classes) {
  Network net(input);
  net.add("conv1", Conv2d<>::zeros(input[2], 6, detail::lenet5_first_window(input)));
  net.add("pool1", MaxPool(2));
  net.add("norm1", BatchNorm<>(6));
  net.add("conv2", Conv2d<>::zeros(6, 16, WindowGeometry::square(5)));
  net.add("pool2", MaxPool(2));
  net.add("norm2", BatchNorm<>(16));
  net.add("flatten", Flatten{});
  net.add("dense1", Dense<>::zeros(400, 120));
  net.add("norm3", BatchNorm<>(120));
  net.add("dense2", Dense<>::zeros(120, 84));
  net.add("norm4", BatchNorm<>(84));
  net.add("dense3", Dense<>::zeros(84, classes));
  return net;
}

}  // namespace upset
