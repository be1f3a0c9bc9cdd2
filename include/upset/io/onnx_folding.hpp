// SPDX-License-Identifier: BSL-1.0
/// Nodes of ONNX graphs whose inputs are constants: computed while the graph is read.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <upset/io/onnx_arguments.hpp>
#include <upset/io/onnx_arithmetic.hpp>
#include <upset/io/onnx_codes.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/nn/rearrange.hpp>

namespace upset::detail {

[[nodiscard]] inline Array fold_cast(const OnnxNode& node, const OnnxConstants& inputs) {
  const Array& from = constant_of(inputs, 0);
  switch (node.get("to", std::int64_t{0})) {
    case onnx::TensorProto::FLOAT:
      return cast_to<float>(from);
    case onnx::TensorProto::DOUBLE:
      return cast_to<double>(from);
    case onnx::TensorProto::INT32:
      return cast_to<std::int32_t>(cast_to<std::int64_t>(from));
    case onnx::TensorProto::INT64:
      return cast_to<std::int64_t>(from);
    default:
      throw Error("it casts to a type that is not read");
  }
}

[[nodiscard]] inline Array fold_constant(const OnnxNode& node, const OnnxConstants& /*inputs*/) {
  using Integers = std::vector<std::int64_t>;
  using Reals = std::vector<float>;
  const auto has = [&](const char* key) { return node.attributes.contains(key); };
  if (has("value_int")) {
    return {Shape(), Integers{node.get("value_int", std::int64_t{0})}};
  }
  if (has("value_float")) {
    return {Shape(), Reals{node.get("value_float", 0.0F)}};
  }
  if (has("value_ints")) {
    const auto values = node.get("value_ints", Integers{});
    return {{values.size()}, values};
  }
  if (has("value_floats")) {
    const auto values = node.get("value_floats", Reals{});
    return {{values.size()}, values};
  }
  if (!has("value")) {
    throw Error("it has no value of numbers");
  }
  return node.get("value", Array{});
}

[[nodiscard]] inline Array fold_constant_of_shape(const OnnxNode& node,
                                                  const OnnxConstants& inputs) {
  const Shape shape = onnx_shape(integers_of(constant_of(inputs, 0)));
  const Array value = node.get("value", Array{{1}, std::vector<float>{0}});
  expect_small(shape, value);
  return expanded(value, shape);
}

[[nodiscard]] inline Array fold_gather(const OnnxNode& node, const OnnxConstants& inputs) {
  const Array& from = constant_of(inputs, 0);
  const Array& chosen = constant_of(inputs, 1);
  const std::size_t axis = onnx_axis(node.get("axis", std::int64_t{0}), from.shape.rank());
  std::vector<std::size_t> indices;
  for (const std::int64_t index : integers_of(chosen)) {
    indices.push_back(onnx_axis(index, from.shape[axis]));
  }
  const std::vector<std::size_t> strides = strides_of(from.shape);
  Sources sources;
  Shape shape;
  for (std::size_t k = 0; k < from.shape.rank(); ++k) {
    const std::size_t extent = k == axis ? indices.size() : from.shape[k];
    sources.add_axis(extent,
                     [&](std::size_t i) { return (k == axis ? indices[i] : i) * strides[k]; });
    for (std::size_t c = 0; c < (k == axis ? chosen.shape.rank() : 0); ++c) {
      shape.push_back(chosen.shape[c]);
    }
    if (k != axis) {
      shape.push_back(extent);
    }
  }
  expect_small(sources.shape(), from);
  return reshaped(rearranged(from, sources), shape);
}

[[nodiscard]] inline Array fold_concat(const OnnxNode& node, const OnnxConstants& inputs) {
  Array result = constant_of(inputs, 0);
  const std::size_t axis = onnx_axis(node.get("axis", std::int64_t{0}), result.shape.rank());
  if (axis != 0) {
    throw Error("it joins constants along another axis than the first, which is not supported");
  }
  for (std::size_t n = 1; n < inputs.size(); ++n) {
    const Array& more = constant_of(inputs, n);
    if (more.shape.rank() != result.shape.rank() ||
        more.shape.without_batch() != result.shape.without_batch()) {
      throw Error("it joins constants of different shapes");
    }
    std::visit(
        [&](auto& values) {
          const auto* const others = std::get_if<std::decay_t<decltype(values)>>(&more.values);
          if (others == nullptr) {
            throw Error("it joins constants of different types");
          }
          values.insert(values.end(), others->begin(), others->end());
        },
        result.values);
    result.shape = result.shape.without_batch().with_batch(result.shape[0] + more.shape[0]);
    expect_small(result.shape, more);
  }
  return result;
}

[[nodiscard]] inline Array fold_reshape(const OnnxNode& node, const OnnxConstants& inputs) {
  const Array& from = constant_of(inputs, 0);
  return reshaped(from, onnx_reshaped(node, from.shape, integers_of(node, inputs, 1, "axes")));
}

[[nodiscard]] inline Array fold_slice(const OnnxNode& node, const OnnxConstants& inputs) {
  const Array& from = constant_of(inputs, 0);
  const auto list = [&](std::size_t n, const char* key) {
    return integers_of(node, inputs, n, key);
  };
  return rearranged(from, Slice(onnx_ranges(from.shape, list(1, "starts"), list(2, "ends"),
                                            list(3, "axes"), list(4, "steps")))
                              .sources(from.shape));
}

[[nodiscard]] inline Array fold_transpose(const OnnxNode& node, const OnnxConstants& inputs) {
  const Array& from = constant_of(inputs, 0);
  return permuted(from, onnx_permutation(node, from.shape.rank()));
}

/// What `node` computes from constants; null where it is none of the operators that are folded.
using OnnxFold = Array (*)(const OnnxNode& node, const OnnxConstants& inputs);
[[nodiscard]] inline OnnxFold find_fold(std::string_view type) {
  static const std::map<std::string_view, OnnxFold> folds{
      {"Cast", fold_cast},
      {"Concat", fold_concat},
      {"Constant", fold_constant},
      {"ConstantOfShape", fold_constant_of_shape},
      {"DequantizeLinear", fold_dequantize_linear},
      {"Flatten", fold_reshape},
      {"Gather", fold_gather},
      {"QuantizeLinear", fold_quantize_linear},
      {"Reshape", fold_reshape},
      {"Slice", fold_slice},
      {"Squeeze", fold_reshape},
      {"Transpose", fold_transpose},
      {"Unsqueeze", fold_reshape},
      {"Identity", [](const OnnxNode&, const OnnxConstants& x) { return constant_of(x, 0); }},
      {"Shape",
       [](const OnnxNode&, const OnnxConstants& x) {
         return onnx_integers(extents_of(constant_of(x, 0).shape));
       }},
      {"Floor",
       [](const OnnxNode&, const OnnxConstants& x) {
         return combined(constant_of(x, 0), constant_of(x, 0),
                         [](auto a, auto) { return std::floor(a); });
       }},
      {"Add",
       [](const OnnxNode&, const OnnxConstants& x) {
         return combined(constant_of(x, 0), constant_of(x, 1),
                         [](auto a, auto b) { return a + b; });
       }},
      {"Sub",
       [](const OnnxNode&, const OnnxConstants& x) {
         return combined(constant_of(x, 0), constant_of(x, 1),
                         [](auto a, auto b) { return a - b; });
       }},
      {"Mul",
       [](const OnnxNode&, const OnnxConstants& x) {
         return combined(constant_of(x, 0), constant_of(x, 1),
                         [](auto a, auto b) { return a * b; });
       }},
      {"Div", [](const OnnxNode&, const OnnxConstants& x) {
         return combined(constant_of(x, 0), constant_of(x, 1),
                         [](auto a, auto b) { return a / b; });
       }}};
  const auto found = folds.find(type);
  return found == folds.end() ? nullptr : found->second;
}

}  // namespace upset::detail
