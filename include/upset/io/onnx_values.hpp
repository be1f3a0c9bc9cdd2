// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX that compute values: batch norms, means, functions of one value.
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
#include <upset/nn/local_response_norm.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/nn/softmax.hpp>

namespace upset::detail {

// -- normalisation

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
      node, layer_name(node, {1, 2}),
      BatchNorm<>(to.tensor(node, 1), to.tensor(node, 2), to.tensor(node, 3), std::move(variance)),
      to.channels_last(node));
}

inline void import_lrn(OnnxBuilder& to, const OnnxNode& node) {
  const std::size_t size = within(node.get("size", std::int64_t{0}), 1, 1 << 16, "size");
  to.give_layer(node, layer_name(node),
                LocalResponseNorm(size, node.get("alpha", 1e-4F), node.get("beta", 0.75F),
                                  node.get("bias", 1.0F)),
                to.channels_last(node));
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
  x.node = to.add(layer_name(node), Softmax{}, {x.node});
  if (of_all && in_network.rank() != 1) {
    x.node = to.add("reshape", Reshape(in_network), {x.node});
  }
  to.give(node, std::move(x));
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
  const std::size_t mean = to.add(layer_name(node), GlobalAveragePool{}, {x.node});
  const bool keeps = node.get("keepdims", std::int64_t{1}) != 0;
  const Shape shape = keeps ? Shape{x.shape[0], 1, 1} : Shape{x.shape[0]};
  to.give(node, {mean, shape, shape, axis_last(0, shape.rank())});
}

// -- functions of one value

inline void give_function(OnnxBuilder& to, const OnnxNode& node, AnyLayer function) {
  to.give_layer(node, layer_name(node), std::move(function), to.value(node, 0));
}

inline void import_clip(OnnxBuilder& to, const OnnxNode& node) {
  constexpr float most = std::numeric_limits<float>::infinity();
  const auto bound = [&](std::size_t n, const char* key, float otherwise) {
    return node.has_input(n) ? to.tensor(node, n).reshaped({1})[0] : node.get(key, otherwise);
  };
  give_function(to, node, Clip(bound(1, "min", -most), bound(2, "max", most)));
}

}  // namespace upset::detail
