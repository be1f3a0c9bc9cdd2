// SPDX-License-Identifier: BSL-1.0
/// Shapes and constants of ONNX graphs, and their values in other places.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <upset/io/onnx_graph.hpp>
#include <upset/nn/rearrange.hpp>

namespace upset::detail {

// -- shapes

using AxisOrder = std::vector<std::size_t>;

/// 0, 1, ..., rank - 1
[[nodiscard]] inline AxisOrder axes_in_order(std::size_t rank) {
  AxisOrder order(rank);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

/// The order in which `axis` is the last and the others stay as they are.
[[nodiscard]] inline AxisOrder axis_last(std::size_t axis, std::size_t rank) {
  AxisOrder order = axes_in_order(rank);
  const auto at = order.begin() + static_cast<std::ptrdiff_t>(axis);
  std::rotate(at, at + 1, order.end());
  return order;
}

[[nodiscard]] inline Shape permuted(const Shape& shape, const AxisOrder& order) {
  Shape result;
  for (const std::size_t axis : order) {
    result.push_back(shape[axis]);
  }
  return result;
}

/// `value`, which must be from `least` to `most`; `what` names it in errors.
[[nodiscard]] inline std::size_t within(std::int64_t value, std::int64_t least, std::int64_t most,
                                        const std::string& what) {
  if (value < least || value > most) {
    throw Error("its " + what + " is " + std::to_string(value) + ", and can be from " +
                std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<std::size_t>(value);
}

/// `axis` of `rank`, where negative ones are counted from the end.
[[nodiscard]] inline std::size_t onnx_axis(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  return within(axis < 0 ? axis + count : axis, 0, count - 1, "axis");
}

/// Values of one picture that a layer may give: more are refused before they are computed.
inline constexpr std::int64_t most_onnx_values = std::int64_t{1} << 28;

/// The shape of these extents. Throws `Error` where it is empty or too large.
[[nodiscard]] inline Shape onnx_shape(const std::vector<std::int64_t>& extents) {
  Shape shape;
  for (const std::int64_t extent : extents) {
    const std::int64_t most = most_onnx_values / static_cast<std::int64_t>(shape.size());
    shape.push_back(within(extent, 1, most, "extent"));
  }
  return shape;
}
[[nodiscard]] inline std::vector<std::int64_t> extents_of(const Shape& shape) {
  std::vector<std::int64_t> extents;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    extents.push_back(static_cast<std::int64_t>(shape[axis]));
  }
  return extents;
}

// -- values in other places

/// The values of `from` that `sources` names.
[[nodiscard]] inline Array rearranged(const Array& from, const Sources& sources) {
  return {sources.shape(),
          std::visit(
              [&](const auto& values) -> Array::Values {
                std::decay_t<decltype(values)> result(sources.shape().size());
                sources.for_each([&](std::size_t to, std::size_t at) { result[to] = values[at]; });
                return result;
              },
              from.values)};
}

[[nodiscard]] inline Array permuted(const Array& from, const AxisOrder& order) {
  return rearranged(from, Transpose(order).sources(from.shape));
}

[[nodiscard]] inline Array reshaped(Array from, const Shape& shape) {
  from.shape = shape;
  return from;
}

/// `from` repeated to `shape`, its extents being those of the last axes, or 1.
[[nodiscard]] inline Array expanded(const Array& from, const Shape& shape) {
  const std::vector<std::size_t> strides = strides_of(from.shape);
  const std::size_t missing = shape.rank() - std::min(shape.rank(), from.shape.rank());
  Sources sources;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const std::size_t own = axis < missing ? 1 : from.shape[axis - missing];
    if (from.shape.rank() > shape.rank() || (own != 1 && own != shape[axis])) {
      throw Error("a constant of shape " + upset::to_string(from.shape) +
                  " cannot be repeated to " + upset::to_string(shape));
    }
    sources.add_axis(shape[axis],
                     [&](std::size_t i) { return own == 1 ? 0 : i * strides[axis - missing]; });
  }
  return rearranged(from, sources);
}

[[nodiscard]] inline std::vector<std::int64_t> integers_of(const Array& array) {
  return std::visit(
      [](const auto& values) -> std::vector<std::int64_t> {
        if constexpr (std::is_floating_point_v<
                          typename std::decay_t<decltype(values)>::value_type>) {
          throw Error("a constant of reals stands where integers should");
        } else {
          return {values.begin(), values.end()};
        }
      },
      array.values);
}

[[nodiscard]] inline Array onnx_integers(std::vector<std::int64_t> values) {
  const Shape shape{values.size()};
  return {shape, std::move(values)};
}

}  // namespace upset::detail
