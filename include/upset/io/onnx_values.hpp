// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX that compute values: products, batch norms, sums, functions of one value.
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
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/broadcast.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/local_response_norm.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/prelu.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/nn/softmax.hpp>

namespace upset::detail {

// -- products

/// What `node` gives: the dense layer of `weight` [O, I], whose columns are put in the order that
/// the values of x have in the network.
inline void give_dense(OnnxBuilder& to, const OnnxNode& node, const OnnxValue& x,
                       const Array& weight, Tensor bias) {
  if (x.shape.rank() != 1 || weight.shape.rank() != 2 || weight.shape[1] != x.shape[0] ||
      bias.size() != weight.shape[0]) {
    throw Error("it multiplies values of shape " + upset::to_string(x.shape) +
                ", batch omitted, by weights [O, I] of " + upset::to_string(weight.shape) +
                " and adds " + std::to_string(bias.size()));
  }
  const std::size_t outputs = weight.shape[0];
  AxisOrder order{0};
  for (const std::size_t axis : x.order) {
    order.push_back(axis + 1);
  }
  const Array columns = reshaped(weight, x.axes.with_batch(outputs));
  Tensor matrix = to_tensor(permuted(columns, order)).reshaped(weight.shape);
  const Shape shape{outputs};
  to.give(node, {to.add(OnnxBuilder::name_of(node, {1, 2}),
                        Dense<>(std::move(matrix), std::move(bias)), {x.node}),
                 shape,
                 shape,
                 {0}});
}

/// Input 1, weights [I, O]. Throws `Error` where it is no matrix.
[[nodiscard]] inline const Array& weight_matrix(const OnnxBuilder& to, const OnnxNode& node) {
  const Array& weight = to.constant(node, 1);
  if (weight.shape.rank() != 2) {
    throw Error("its weights of shape " + upset::to_string(weight.shape) + " are no matrix");
  }
  return weight;
}

inline void import_gemm(OnnxBuilder& to, const OnnxNode& node) {
  if (node.get("transA", std::int64_t{0}) != 0) {
    throw Error("it transposes its first input, which moves the batch");
  }
  Array weight = weight_matrix(to, node);
  if (node.get("transB", std::int64_t{0}) == 0) {
    weight = permuted(weight, {1, 0});
  }
  const auto scaled = [](Tensor tensor, float factor) {
    for (float& value : tensor.values()) {
      value *= factor;
    }
    return tensor;
  };
  const Shape one_row{1, weight.shape[0]};
  Tensor bias = node.has_input(2)
                    ? to_tensor(expanded(to.constant(node, 2), one_row)).reshaped({one_row[1]})
                    : Tensor({one_row[1]});
  weight = reshaped(to_array(scaled(to_tensor(weight), node.get("alpha", 1.0F))), weight.shape);
  give_dense(to, node, to.value(node, 0), weight, scaled(std::move(bias), node.get("beta", 1.0F)));
}

inline void import_mat_mul(OnnxBuilder& to, const OnnxNode& node) {
  const Array weight = permuted(weight_matrix(to, node), {1, 0});
  give_dense(to, node, to.value(node, 0), weight, Tensor({weight.shape[0]}));
}

// -- normalisation

/// Input 0 with its channels, the first axis, last in the network.
[[nodiscard]] inline OnnxValue with_channels_last(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue& x = to.value(node, 0);
  return to.arranged(x, axis_last(0, x.shape.rank()));
}

// Of another epsilon the difference is added to the variance.
inline void import_batch_norm(OnnxBuilder& to, const OnnxNode& node) {
  if (node.get("training_mode", std::int64_t{0}) != 0 ||
      node.get("is_test", std::int64_t{1}) != 1 || node.get("spatial", std::int64_t{1}) != 1) {
    throw Error("it normalises by the batch or by the pixel, which is not supported");
  }
  Tensor variance = to.tensor(node, 4);
  const float epsilon = node.get("epsilon", 1e-5F);
  for (float& value : variance.values()) {
    value = static_cast<float>(static_cast<double>(value) + static_cast<double>(epsilon) -
                               static_cast<double>(BatchNorm<>::epsilon));
  }
  to.give_layer(
      node, OnnxBuilder::name_of(node, {1, 2}),
      BatchNorm<>(to.tensor(node, 1), to.tensor(node, 2), to.tensor(node, 3), std::move(variance)),
      with_channels_last(to, node));
}

inline void import_lrn(OnnxBuilder& to, const OnnxNode& node) {
  const std::size_t size = within(node.get("size", std::int64_t{0}), 1, 1 << 16, "size");
  to.give_layer(node, OnnxBuilder::name_of(node),
                LocalResponseNorm(size, node.get("alpha", 1e-4F), node.get("beta", 0.75F),
                                  node.get("bias", 1.0F)),
                with_channels_last(to, node));
}

// Up to opset 12 over all axes from `axis` on, since then over that axis.
inline void import_softmax(OnnxBuilder& to, const OnnxNode& node) {
  OnnxValue x = to.value(node, 0);
  const bool is_old = to.opset() < 13;
  const std::size_t rank = x.shape.rank();
  const std::size_t axis = onnx_axis(node.get("axis", std::int64_t{is_old ? 1 : -1}), rank + 1);
  if (axis == 0) {
    throw Error("its axis is that of the batch, which is not supported");
  }
  const bool of_all = rank == 1 || (is_old && axis == 1);
  if (!of_all && is_old && axis != rank) {
    throw Error("it is over the axes from " + std::to_string(axis) + " on, which is not supported");
  }
  const Shape in_network = to.shape_of(x.node);
  if (!of_all) {
    x = to.arranged(std::move(x), axis_last(axis - 1, rank));
  } else if (in_network.rank() != 1) {
    x.node = to.add("flatten", Flatten{}, {x.node});
  }
  x.node = to.add(OnnxBuilder::name_of(node), Softmax{}, {x.node});
  if (of_all && in_network.rank() != 1) {
    x.node = to.add("reshape", Reshape(in_network), {x.node});
  }
  to.give(node, std::move(x));
}

// -- sums and products

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

/// Adds `constant`, one for each channel, to the bias of the layer that alone gives `name`, where
/// it is a product that has none. False where it is not.
[[nodiscard]] inline bool add_to_bias(OnnxBuilder& to, const std::string& name, std::size_t node,
                                      const Tensor& constant) {
  if (node == Network::input || !to.is_read_once(name)) {
    return false;
  }
  AnyLayer& layer = to.network().layer(node);
  const auto takes = [&](const Tensor& bias) {
    return bias.shape() == constant.shape() && bias == Tensor(bias.shape());
  };
  if (const auto* dense = layer.target<Dense<>>(); dense != nullptr && takes(dense->bias())) {
    layer = Dense<>(dense->weight(), constant);
    return true;
  }
  if (const auto* conv = layer.target<Conv2d<>>(); conv != nullptr && takes(conv->bias())) {
    layer = Conv2d<>(conv->geometry(), conv->kernel(), constant);
    return true;
  }
  return false;
}

/// What `node` gives: a value and a constant, added or multiplied.
inline void give_with_constant(OnnxBuilder& to, const OnnxNode& node, std::size_t n, bool is_sum,
                               const Array& constant) {
  const OnnxValue& x = to.value(node, n);
  Tensor beside = constant_beside(to, x, constant);
  const std::string name = OnnxBuilder::name_of(node);
  if (!is_sum) {
    to.give_layer(node, name, MultiplyConstant(std::move(beside)), x);
  } else if (add_to_bias(to, node.inputs[n], x.node, beside)) {
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
  const std::string name = OnnxBuilder::name_of(node);
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

inline void import_sum(OnnxBuilder& to, const OnnxNode& node) {
  OnnxValue all = to.value(node, 0);
  all = to.arranged(all, axis_last(0, all.shape.rank()));
  std::vector<std::size_t> inputs;
  for (std::size_t n = 0; n < node.inputs.size(); ++n) {
    inputs.push_back(to.arranged(to.value(node, n), all.order).node);
  }
  if (inputs.size() > 1) {
    all.node = to.add(OnnxBuilder::name_of(node), Add{}, std::move(inputs));
  }
  to.give(node, std::move(all));
}

/// Means over the pixels of pictures.
inline void import_reduce_mean(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue x = to.picture(node, 0);
  std::vector<std::size_t> axes;
  for (const std::int64_t axis : to.integers(node, 1, "axes")) {
    axes.push_back(onnx_axis(axis, 4));
  }
  std::ranges::sort(axes);
  if (axes != std::vector<std::size_t>{2, 3}) {
    throw Error("it takes a mean over other axes than those of the pixels, which is not supported");
  }
  const std::size_t mean = to.add(OnnxBuilder::name_of(node), GlobalAveragePool{}, {x.node});
  const bool keeps = node.get("keepdims", std::int64_t{1}) != 0;
  const Shape shape = keeps ? Shape{x.shape[0], 1, 1} : Shape{x.shape[0]};
  to.give(node, {mean, shape, shape, axis_last(0, shape.rank())});
}

// -- functions of one value

inline void give_function(OnnxBuilder& to, const OnnxNode& node, AnyLayer function) {
  to.give_layer(node, OnnxBuilder::name_of(node), std::move(function), to.value(node, 0));
}

inline void import_clip(OnnxBuilder& to, const OnnxNode& node) {
  constexpr float most = std::numeric_limits<float>::infinity();
  const auto bound = [&](std::size_t n, const char* key, float otherwise) {
    return node.has_input(n) ? to.tensor(node, n).reshaped({1})[0] : node.get(key, otherwise);
  };
  give_function(to, node, Clip(bound(1, "min", -most), bound(2, "max", most)));
}

inline void import_prelu(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue x = with_channels_last(to, node);
  Array slopes = to.constant(node, 1);
  if (to.opset() < 7 && slopes.shape == Shape{x.shape[0]}) {  // which counts axes from the front
    std::vector<std::int64_t> extents(x.shape.rank(), 1);
    extents[0] = static_cast<std::int64_t>(x.shape[0]);
    slopes.shape = onnx_shape(extents);
  }
  to.give_layer(node, OnnxBuilder::name_of(node, {1}), PReLU<>(constant_beside(to, x, slopes)), x);
}

}  // namespace upset::detail
