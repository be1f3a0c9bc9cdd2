// SPDX-License-Identifier: BSL-1.0
/// Constants of ONNX graphs computed with, value by value.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/nn/broadcast.hpp>

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

}  // namespace upset::detail
