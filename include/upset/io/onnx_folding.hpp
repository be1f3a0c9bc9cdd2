// SPDX-License-Identifier: BSL-1.0
/// Nodes of ONNX graphs whose inputs are constants: computed while the graph is read.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/nn/broadcast.hpp>
#include <upset/nn/rearrange.hpp>

namespace upset::detail {

/// The constants that a node reads; null where an input is left out.
using OnnxConstants = std::vector<const Array*>;

/// Constant `n`. Throws `Error` where it is left out.
[[nodiscard]] inline const Array& constant_of(const OnnxConstants& inputs, std::size_t n) {
  if (n >= inputs.size() || inputs[n] == nullptr) {
    throw Error("its input " + std::to_string(n) + " is missing");
  }
  return *inputs[n];
}

/// Constant `n`, or where there is none the attribute `key`.
[[nodiscard]] inline std::vector<std::int64_t> integers_of(const OnnxNode& node,
                                                           const OnnxConstants& inputs,
                                                           std::size_t n, const std::string& key) {
  return n < inputs.size() && inputs[n] != nullptr ? integers_of(*inputs[n])
                                                   : node.get(key, std::vector<std::int64_t>{});
}

/// Throws `Error` for a constant that is far larger than any a file computes.
inline void expect_small(const Shape& shape, const Array& from) {
  constexpr std::size_t enough = std::size_t{1} << 22;
  if (onnx_shape(extents_of(shape)).size() > std::max(enough, from.shape.size())) {
    throw Error("it computes a constant of shape " + upset::to_string(shape) +
                ", which is more than can be meant");
  }
}

/// `a` combined with `b` by `operation`, each repeated to the shape of the larger one.
template <class Operation>
[[nodiscard]] Array combined(const Array& a, const Array& b, Operation operation) {
  const Shape shape = Broadcast(a.shape, b.shape, "An operator on constants").shape();
  expect_small(shape, a.shape.size() < b.shape.size() ? b : a);
  Array result = expanded(a, shape);
  std::visit(
      [&](auto& values) {
        using Values = std::decay_t<decltype(values)>;
        const Array others = expanded(b, shape);
        const Values* const second = std::get_if<Values>(&others.values);
        if (second == nullptr) {
          throw Error("its inputs are of different types");
        }
        using T = typename Values::value_type;
        for (std::size_t i = 0; i < values.size(); ++i) {
          if constexpr (std::is_floating_point_v<T>) {
            values[i] = operation(values[i], (*second)[i]);
          } else {  // in double: exact for whatever is a shape, and nothing overflows
            const double value = std::trunc(
                operation(static_cast<double>(values[i]), static_cast<double>((*second)[i])));
            constexpr double most = 1LL << 53;
            if (!(std::fabs(value) <= most) ||
                value != static_cast<double>(static_cast<T>(static_cast<std::int64_t>(value)))) {
              throw Error("it computes an integer that is too large, or divides by zero");
            }
            values[i] = static_cast<T>(static_cast<std::int64_t>(value));
          }
        }
      },
      result.values);
  return result;
}

/// The values of `from` as type T. Throws `Error` for integers out of range.
template <class T>
[[nodiscard]] Array cast_to(const Array& from) {
  std::vector<T> result;
  std::visit(
      [&](const auto& values) {
        for (const auto value : values) {
          if constexpr (!std::is_floating_point_v<T>) {
            if (!(std::fabs(static_cast<double>(value)) <= 9e18)) {
              throw Error("it casts " + std::to_string(value) + " to an integer");
            }
          }
          result.push_back(static_cast<T>(value));
        }
      },
      from.values);
  return {from.shape, std::move(result)};
}

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

// (code - zero point) scale, for all values or along `axis`
[[nodiscard]] inline Array fold_dequantize_linear(const OnnxNode& node,
                                                  const OnnxConstants& inputs) {
  const Array& from = constant_of(inputs, 0);
  const Array& scale = constant_of(inputs, 1);
  std::vector<std::int64_t> extents(from.shape.rank(), 1);
  if (scale.shape.size() != 1) {
    extents[onnx_axis(node.get("axis", std::int64_t{1}), from.shape.rank())] =
        static_cast<std::int64_t>(scale.shape.size());
  }
  const Array codes = cast_to<float>(from);
  const Array zero = inputs.size() > 2 ? cast_to<float>(constant_of(inputs, 2))
                                       : Array{scale.shape, std::vector<float>(scale.shape.size())};
  const auto along_axis = [&](const Array& values) {
    const Shape shape = onnx_shape(extents);
    if (values.shape.size() != shape.size()) {
      throw Error("it has " + std::to_string(values.shape.size()) + " scales or zero points for " +
                  std::to_string(shape.size()));
    }
    return reshaped(values, shape);
  };
  const Array levels =
      combined(codes, along_axis(zero), [](auto code, auto point) { return code - point; });
  return combined(levels, along_axis(scale), [](auto level, auto step) { return level * step; });
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
