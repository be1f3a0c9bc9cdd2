// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX that multiply by a matrix, of floats or, on grids of 8 bits, of integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/nn/dense.hpp>

namespace upset::detail {

/// The grids of input 1, weights whose outputs lie along `axis`, and of input 0; none where either
/// has none, or the weights have theirs along another axis: then they are multiplied as reals.
[[nodiscard]] inline std::optional<OnnxGrids> product_grids(const OnnxBuilder& to,
                                                            const OnnxNode& node,
                                                            std::size_t axis) {
  const OnnxScales* const weights = to.scales(node, 1);
  const std::optional<AffineScale> values = to.elements(node, 0).grid;
  if (weights == nullptr || !values || (weights->grids.size() > 1 && weights->axis != axis)) {
    return std::nullopt;
  }
  return OnnxGrids{weights->grids, *values};
}

/// Input 0 of a product, which rounds it to the grid that it has.
[[nodiscard]] inline OnnxValue product_input(OnnxBuilder& to, const OnnxNode& node,
                                             const std::optional<OnnxGrids>& grids) {
  return grids ? to.unrounded(node, 0) : to.value(node, 0);
}

/// What `node` gives: the dense layer of `weight` [O, I], whose columns are put in the order that
/// the values of x have in the network.
inline void give_dense(OnnxBuilder& to, const OnnxNode& node, const Array& weight, Tensor bias,
                       const std::optional<OnnxGrids>& grids) {
  const OnnxValue x = product_input(to, node, grids);
  if (x.shape.rank() != 1 || weight.shape.rank() != 2 || weight.shape[1] != x.shape[0]) {
    throw Error("it multiplies values of shape " + upset::to_string(x.shape) +
                ", batch omitted, by weights [O, I] of " + upset::to_string(weight.shape));
  }
  const std::size_t outputs = weight.shape[0];
  AxisOrder order{0};
  for (const std::size_t axis : x.order) {
    order.push_back(axis + 1);
  }
  const Array columns = reshaped(weight, x.axes.with_batch(outputs));
  Tensor matrix = to_tensor(permuted(columns, order)).reshaped(weight.shape);
  const Shape shape{outputs};
  AnyLayer layer = grids ? to.layers().dense(std::move(matrix), std::move(bias), *grids)
                         : Dense<>(std::move(matrix), std::move(bias));
  to.give(node, {to.add(layer_name(node, {1, 2}), std::move(layer), {x.node}), shape, shape, {0}});
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
  const bool is_transposed = node.get("transB", std::int64_t{0}) != 0;
  if (!is_transposed) {
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
                    : Tensor();
  const float factor = node.get("alpha", 1.0F);
  const auto grids = factor == 1 ? product_grids(to, node, is_transposed ? 0 : 1) : std::nullopt;
  weight = reshaped(to_array(scaled(to_tensor(weight), factor)), weight.shape);
  give_dense(to, node, weight, scaled(std::move(bias), node.get("beta", 1.0F)), grids);
}

inline void import_mat_mul(OnnxBuilder& to, const OnnxNode& node) {
  const Array weight = permuted(weight_matrix(to, node), {1, 0});
  give_dense(to, node, weight, Tensor(), product_grids(to, node, 1));
}

}  // namespace upset::detail
