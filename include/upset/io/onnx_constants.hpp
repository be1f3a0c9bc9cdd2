// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX applied to constants: what exporters compute shapes and weights with.
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

// -- what operators ask for, of constants and of values with their batch

/// The shape that Reshape, Flatten, Squeeze and Unsqueeze give `from`; `argument` is the shape or
/// the axes, where they have one.
///
/// - errors: throws `Error` where it has another number of values
/// - source: ONNX 1.12, Operators.md
[[nodiscard]] inline Shape onnx_reshaped(const OnnxNode& node, const Shape& from,
                                         const std::vector<std::int64_t>& argument) {
  std::vector<std::int64_t> extents;
  if (node.type == "Reshape") {
    extents = argument;
    const bool copies_zero = node.get("allowzero", std::int64_t{0}) == 0;
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
      if (extents[axis] == 0 && copies_zero && axis < from.rank()) {
        extents[axis] = static_cast<std::int64_t>(from[axis]);
      }
    }
    const auto open = std::ranges::find(extents, -1);
    if (open != extents.end()) {
      *open = 1;
      *open = static_cast<std::int64_t>(from.size() / onnx_shape(extents).size());
    }
  } else if (node.type == "Flatten") {
    const auto rank = static_cast<std::int64_t>(from.rank());
    const std::int64_t axis = node.get("axis", std::int64_t{1});
    const std::size_t split = within(axis < 0 ? axis + rank : axis, 0, rank, "axis");
    extents = {1, 1};
    for (std::size_t k = 0; k < from.rank(); ++k) {
      extents[k < split ? 0 : 1] *= static_cast<std::int64_t>(from[k]);
    }
  } else {
    const bool adds = node.type == "Unsqueeze";
    const std::size_t rank = from.rank() + (adds ? argument.size() : 0);
    std::vector<bool> chosen(rank, false);
    for (const std::int64_t axis : argument) {
      chosen[onnx_axis(axis, rank)] = true;
    }
    std::size_t next = 0;  // axis of `from`
    for (std::size_t axis = 0; axis < rank; ++axis) {
      if (adds && chosen[axis]) {
        extents.push_back(1);
        continue;
      }
      const std::size_t extent = next < from.rank() ? from[next] : 0;
      ++next;
      if (adds || (argument.empty() ? extent != 1 : !chosen[axis])) {
        extents.push_back(static_cast<std::int64_t>(extent));
      }
    }
  }
  const Shape shape = onnx_shape(extents);
  if (shape.size() != from.size()) {
    throw Error("it gives values of shape " + upset::to_string(from) + " the shape " +
                upset::to_string(shape));
  }
  return shape;
}

/// The attribute perm of Transpose, by default the axes in reverse.
[[nodiscard]] inline AxisOrder onnx_permutation(const OnnxNode& node, std::size_t rank) {
  AxisOrder order;
  for (const std::int64_t axis : node.get("perm", std::vector<std::int64_t>{})) {
    order.push_back(onnx_axis(axis, rank));
  }
  if (order.empty()) {
    order = axes_in_order(rank);
    std::ranges::reverse(order);
  }
  return order;
}

/// Where Slice begins and ends, and what it steps over, along each axis of `from`.
///
/// - errors: throws `Error` where they do not fit together, or nothing is left
[[nodiscard]] inline std::vector<Range> onnx_ranges(const Shape& from,
                                                    const std::vector<std::int64_t>& starts,
                                                    const std::vector<std::int64_t>& ends,
                                                    std::vector<std::int64_t> axes,
                                                    std::vector<std::int64_t> steps) {
  if (axes.empty()) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), std::int64_t{0});
  }
  if (steps.empty()) {
    steps.assign(starts.size(), 1);
  }
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    throw Error("its starts, ends, axes and steps are not of one number");
  }
  std::vector<Range> ranges;
  for (const std::int64_t extent : extents_of(from)) {
    ranges.push_back({0, static_cast<std::size_t>(extent), 1});
  }
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t axis = onnx_axis(axes[i], from.rank());
    const auto extent = static_cast<std::int64_t>(from[axis]);
    const std::int64_t step = std::clamp(steps[i], -most_onnx_values, most_onnx_values);
    const auto clamped = [&](std::int64_t at) {
      return std::clamp<std::int64_t>(at < 0 ? at + extent : at, step < 0 ? -1 : 0,
                                      step < 0 ? extent - 1 : extent);
    };
    const std::int64_t start = std::max<std::int64_t>(clamped(starts[i]), 0);
    const std::int64_t length = step < 0 ? start - clamped(ends[i]) : clamped(ends[i]) - start;
    if (step == 0 || length <= 0) {
      throw Error("it leaves nothing of axis " + std::to_string(axis));
    }
    const std::int64_t stride = std::abs(step);
    ranges[axis] = {static_cast<std::size_t>(start),
                    static_cast<std::size_t>((length + stride - 1) / stride), step};
  }
  return ranges;
}

}  // namespace upset::detail
