// SPDX-License-Identifier: BSL-1.0
/// Layers of architectures whose channels follow from what they read.
#pragma once

#include <cstddef>
#include <string>

#include <upset/nn/batch_norm.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

namespace upset::detail {

/// The shape of one picture at a node, or of the input; throws `Error` unless it is [H, W, C].
[[nodiscard]] inline Shape picture_at(const Network& net, std::size_t from) {
  const Shape shape = from == Network::input ? net.input_shape() : net.nodes()[from].shape;
  if (shape.rank() != 3) {
    throw Error("The network takes pictures [H, W, C], not " + to_string(shape));
  }
  return shape;
}
/// The node added last, or the input.
[[nodiscard]] inline std::size_t last_of(const Network& net) { return net.size() - 1; }

/// A convolution with `out` channels, all zero.
template <Format W, Format A>
std::size_t add_conv(Network& net, const std::string& name, std::size_t from, std::size_t out,
                     const WindowGeometry& geometry, Bias bias = Bias::zeros) {
  return net.add(name, Conv2d<W, A>::zeros(picture_at(net, from)[2], out, geometry, bias), {from});
}

/// The same of square windows padded as TensorFlow's SAME.
template <Format W, Format A>
std::size_t add_same_conv(Network& net, const std::string& name, std::size_t from, std::size_t out,
                          std::size_t kernel, std::size_t stride = 1) {
  const Shape x = picture_at(net, from);
  return add_conv<W, A>(net, name, from, out, same_window(kernel, stride, x[0], x[1]));
}

/// The same with a window for each channel.
template <Format W, Format A>
std::size_t add_depthwise(Network& net, const std::string& name, std::size_t from,
                          std::size_t kernel, std::size_t stride) {
  const Shape x = picture_at(net, from);
  WindowGeometry geometry = same_window(kernel, stride, x[0], x[1]);
  geometry.groups = x[2];
  return add_conv<W, A>(net, name, from, x[2], geometry);
}

/// A convolution and its batch norm.
template <Format W, Format A>
std::size_t add_normed(Network& net, const std::string& conv, const std::string& norm,
                       std::size_t from, std::size_t out, const WindowGeometry& geometry,
                       Bias bias) {
  add_conv<W, A>(net, conv, from, out, geometry, bias);
  return net.add(norm, BatchNorm<>(out));
}

/// A dense layer of `out` outputs behind the last node.
template <Format W, Format A>
std::size_t add_dense(Network& net, const std::string& name, std::size_t out,
                      Bias bias = Bias::zeros) {
  return net.add(name, Dense<W, A>::zeros(net.output_shape().size(), out, bias));
}

/// The mean over the picture, and `classes` scores of it as a 1x1 convolution.
template <Format W, Format A>
void add_classifier(Network& net, std::size_t classes) {
  const Shape x = picture_at(net, last_of(net));
  net.add("pool", AveragePool({.kernel_height = x[0], .kernel_width = x[1]}));
  add_conv<W, A>(net, "classifier", last_of(net), classes, {});
  net.add("flatten", Flatten{});
}

}  // namespace upset::detail
