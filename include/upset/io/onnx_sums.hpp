// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX that combine two values, or a value and a constant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/broadcast.hpp>
#include <upset/nn/channel_clip.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/prelu.hpp>

namespace upset::detail {

/// A constant that is combined with `x`, as `AddConstant` takes it: one value, one for each of the
/// last extent of the network's value, or one for each value.
[[nodiscard]] inline Tensor constant_beside(const OnnxBuilder& to, const OnnxValue& x,
                                            const Array& constant) {
  if (constant.shape.size() == 1) {
    return to_tensor(constant).reshaped({1});
  }
  const Shape one = x.shape.with_batch(1);
  const std::vector<std::size_t> strides = strides_of(constant.shape);
  const std::size_t last = x.order.back();
  const std::size_t missing = one.rank() - std::min(one.rank(), constant.shape.rank());
  const bool is_of_channels = last + 1 >= missing && constant.shape.size() == x.axes[last] &&
                              constant.shape[last + 1 - missing] == x.axes[last] &&
                              x.axes == x.shape;
  if (is_of_channels) {
    return to_tensor(constant).reshaped({x.axes[last]});
  }
  const Array all = reshaped(expanded(constant, one), x.axes);
  return to_tensor(permuted(all, x.order)).reshaped(to.shape_of(x.node));
}

/// Adds `constant`, one for each channel, to the bias of the layer `node`, where it is a product
/// that has none and nothing else reads it. False where it is not.
[[nodiscard]] inline bool add_to_bias(OnnxBuilder& to, std::size_t node, const Tensor& constant) {
  if (node == Network::input || !to.is_read_once(node)) {
    return false;
  }
  AnyLayer& layer = to.network().layer(node);
  const auto takes = [&](const Tensor& kernel, const Tensor& bias) {
    return bias.size() == 0 && constant.shape() == Shape{kernel.shape()[0]};
  };
  if (const auto* dense = layer.target<Dense<>>();
      dense != nullptr && takes(dense->weight(), dense->bias())) {
    layer = Dense<>(dense->weight(), constant);
    return true;
  }
  if (const auto* conv = layer.target<Conv2d<>>();
      conv != nullptr && takes(conv->kernel(), conv->bias())) {
    layer = Conv2d<>(conv->geometry(), conv->kernel(), constant);
    return true;
  }
  return false;
}

/// What `node` gives: a value and a constant, added or multiplied.
inline void give_with_constant(OnnxBuilder& to, const OnnxNode& node, std::size_t n, bool is_sum,
                               const Array& constant) {
  const OnnxValue x = to.value(node, n);
  Tensor beside = constant_beside(to, x, constant);
  const std::string name = layer_name(node);
  if (!is_sum) {
    to.give_layer(node, name, MultiplyConstant(std::move(beside)), x);
  } else if (add_to_bias(to, x.node, beside)) {
    to.give(node, x);
  } else {
    to.give_layer(node, name, AddConstant(std::move(beside)), x);
  }
}

/// a + b or a b of two values, of which one may be of [C, 1, 1].
inline void give_joined(OnnxBuilder& to, const OnnxNode& node, bool is_sum) {
  OnnxValue a = to.value(node, 0);
  OnnxValue b = to.value(node, 1);
  if (a.shape.size() < b.shape.size()) {
    std::swap(a, b);
  }
  const std::string name = layer_name(node);
  if (a.shape == b.shape) {
    if (a.axes != b.axes || a.order != b.order || to.shape_of(a.node) != to.shape_of(b.node)) {
      a = to.arranged(std::move(a), axis_last(0, a.shape.rank()));
      b = to.arranged(std::move(b), a.order);
    }
    a.node =
        is_sum ? to.add(name, Add{}, {a.node, b.node}) : to.add(name, Multiply{}, {a.node, b.node});
  } else {
    const std::size_t rank = a.shape.rank();
    if (b.shape.rank() != rank) {
      throw Error("it combines values of shapes " + upset::to_string(a.shape) + " and " +
                  upset::to_string(b.shape) + ", batch omitted, which is not supported");
    }
    a = to.arranged(std::move(a), axis_last(0, rank));
    b = to.arranged(std::move(b), a.order);
    const Shape shape = Broadcast(a.shape, b.shape, node.type).shape();
    a.node = is_sum ? to.add(name, AddBroadcast{}, {a.node, b.node})
                    : to.add(name, Multiply{}, {a.node, b.node});
    a.shape = a.axes = shape;
  }
  to.give(node, std::move(a));
}

inline void import_add(OnnxBuilder& to, const OnnxNode& node) {
  for (const std::size_t n : {0U, 1U}) {
    if (to.is_constant(node, 1 - n)) {
      return give_with_constant(to, node, n, true, to.constant(node, 1 - n));
    }
  }
  give_joined(to, node, true);
}

inline void import_mul(OnnxBuilder& to, const OnnxNode& node) {
  for (const std::size_t n : {0U, 1U}) {
    if (to.is_constant(node, 1 - n)) {
      return give_with_constant(to, node, n, false, to.constant(node, 1 - n));
    }
  }
  give_joined(to, node, false);
}

/// `constant`, each value through `function`.
template <class Function>
[[nodiscard]] Array mapped(const Array& constant, Function function) {
  Tensor values = to_tensor(constant);
  std::ranges::transform(values.values(), values.data(), function);
  return to_array(values);
}

inline void import_sub(OnnxBuilder& to, const OnnxNode& node) {
  give_with_constant(to, node, 0, true,
                     mapped(to.constant(node, 1), [](float value) { return -value; }));
}

inline void import_div(OnnxBuilder& to, const OnnxNode& node) {
  give_with_constant(to, node, 0, false,
                     mapped(to.constant(node, 1), [](float value) { return 1 / value; }));
}

/// The larger one (`is_low`) or the smaller one of a value and a constant.
inline void give_bounded(OnnxBuilder& to, const OnnxNode& node, bool is_low) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const std::size_t n : {0U, 1U}) {
    if (node.inputs.size() != 2 || !to.is_constant(node, 1 - n)) {
      continue;
    }
    const OnnxValue x = to.value(node, n);
    Tensor bound = constant_beside(to, x, to.constant(node, 1 - n));
    const Shape shape = to.shape_of(x.node);
    if (bound.size() == 1) {
      const Clip clip = is_low ? Clip(bound[0], infinity) : Clip(-infinity, bound[0]);
      return to.give_layer(node, layer_name(node), clip, x);
    }
    if (bound.shape() == Shape{shape[shape.rank() - 1]}) {
      Tensor none(bound.shape(), is_low ? infinity : -infinity);
      return to.give_layer(node, layer_name(node),
                           is_low ? ChannelClip(std::move(bound), std::move(none))
                                  : ChannelClip(std::move(none), std::move(bound)),
                           x);
    }
  }
  throw Error(
      "it compares other things than a value and one constant for all or for each channel, which "
      "is not supported");
}

inline void import_sum(OnnxBuilder& to, const OnnxNode& node) {
  OnnxValue all = to.value(node, 0);
  all = to.arranged(all, axis_last(0, all.shape.rank()));
  std::vector<std::size_t> inputs;
  for (std::size_t n = 0; n < node.inputs.size(); ++n) {
    inputs.push_back(to.arranged(to.value(node, n), all.order).node);
  }
  if (inputs.size() > 1) {
    all.node = to.add(layer_name(node), Add{}, std::move(inputs));
  }
  to.give(node, std::move(all));
}

inline void import_prelu(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue x = to.channels_last(node);
  Array slopes = to.constant(node, 1);
  if (to.opset() < 7 && slopes.shape == Shape{x.shape[0]}) {  // which counts axes from the front
    std::vector<std::int64_t> extents(x.shape.rank(), 1);
    extents[0] = static_cast<std::int64_t>(x.shape[0]);
    slopes.shape = onnx_shape(extents);
  }
  to.give_layer(node, layer_name(node, {1}), PReLU<>(constant_beside(to, x, slopes)), x);
}

}  // namespace upset::detail
