// SPDX-License-Identifier: BSL-1.0
/// What operators of ONNX that move values ask for, of constants and of values with their batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/nn/rearrange.hpp>

namespace upset::detail {

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
