// SPDX-License-Identifier: BSL-1.0
/// The LeNet of Caffe's examples, in any format.
#pragma once

#include <cstddef>

#include <upset/nn/activation.hpp>
#include <upset/nn/model/builder.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

namespace upset {

/// conv 20@5x5, pool, conv 50@5x5, pool, dense 500, ReLU, dense `classes`; weights all zero. It has
/// wider layers than LeNet-5 and one ReLU. Layers are named as in Caffe: "conv1", "ip2".
///
/// - shape:  x [B, 28, 28, 1] -> logits [B, classes]; other pictures of 16 pixels at least likewise
/// - source: BVLC Caffe, examples/mnist/lenet.prototxt
template <Format W = Float32, Format A = W>
[[nodiscard]] Network caffe_lenet(const Shape& input = {28, 28, 1}, std::size_t classes = 10) {
  Network net(input);
  detail::add_conv<W, A>(net, "conv1", Network::input, 20, WindowGeometry::square(5));
  const std::size_t pool = net.add("pool1", MaxPool(2));
  detail::add_conv<W, A>(net, "conv2", pool, 50, WindowGeometry::square(5));
  net.add("pool2", MaxPool(2));
  net.add("flatten", Flatten{});
  detail::add_dense<W, A>(net, "ip1", 500);
  net.add("relu1", ReLU{});
  detail::add_dense<W, A>(net, "ip2", classes);
  return net;
}

}  // namespace upset
