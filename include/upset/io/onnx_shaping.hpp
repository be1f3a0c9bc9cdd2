// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX that move values: shapes, borders, parts, joins.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/io/onnx_arguments.hpp>
#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/rearrange.hpp>
#include <upset/nn/reshape.hpp>

namespace upset::detail {

inline void import_identity(OnnxBuilder& to, const OnnxNode& node) {
  to.give(node, to.unrounded(node, 0));
}

inline void import_dropout(OnnxBuilder& to, const OnnxNode& node) {
  if (node.has_input(2) && integers_of(to.constant(node, 2)) != std::vector<std::int64_t>{0}) {
    throw Error("it is to drop values, as in training, which is not supported");
  }
  import_identity(to, node);
}

inline void import_shape(OnnxBuilder& to, const OnnxNode& node) {
  const std::vector<std::int64_t> all =
      extents_of(to.unrounded(node, 0).shape.with_batch(to.batch()));
  const auto rank = static_cast<std::int64_t>(all.size());
  const auto bound = [&](const char* key, std::int64_t otherwise) {
    const std::int64_t at = node.get(key, otherwise);
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = bound("start", 0);
  const std::int64_t end = std::max(bound("end", rank), start);
  to.give(node, onnx_integers({all.begin() + start, all.begin() + end}));
}

/// A shape with its batch without it. Throws `Error` where an operator has moved the batch.
[[nodiscard]] inline Shape without_batch(const OnnxBuilder& to, const Shape& shape) {
  if (shape.rank() == 1 && shape[0] == to.batch()) {
    throw Error("it gives each picture a value without an axis, which is not supported");
  }
  if (shape.rank() == 0 || shape[0] != to.batch()) {
    throw Error("it gives the shape " + upset::to_string(shape) +
                ", whose first extent is not the batch of " + std::to_string(to.batch()));
  }
  return shape.without_batch();
}

// Reshape, Flatten, Squeeze, Unsqueeze. A picture flattened keeps the order it has in the network,
// and the weights that read it are permuted instead.
inline void import_reshape(OnnxBuilder& to, const OnnxNode& node) {
  OnnxValue x = to.unrounded(node, 0);
  const Shape shape = without_batch(
      to, onnx_reshaped(node, x.shape.with_batch(to.batch()), to.integers(node, 1, "axes")));
  const std::string name = layer_name(node);
  if (shape == x.shape) {
    to.give(node, std::move(x));
  } else if (shape.rank() == 1) {
    if (to.shape_of(x.node).rank() != 1) {
      x.node = to.add(name, Flatten{}, {x.node});
    }
    x.shape = shape;
    to.give(node, std::move(x));
  } else if (shape == x.axes) {
    const Shape in_network = permuted(x.axes, x.order);
    if (to.shape_of(x.node) != in_network) {
      x.node = to.add(name, Reshape(in_network), {x.node});
    }
    x.shape = shape;
    to.give(node, std::move(x));
  } else {
    x = to.arranged(std::move(x), axes_in_order(x.shape.rank()));
    to.give(node, {to.add(name, Reshape(shape), {x.node}), shape, shape,
                   axes_in_order(shape.rank()), x.pending});
  }
}

/// `x` in the order it has, or the nearest in which each of its axes is one of the network's.
[[nodiscard]] inline OnnxValue with_own_axes(OnnxBuilder& to, const OnnxValue& x) {
  return to.arranged(x, x.axes == x.shape ? x.order : axes_in_order(x.shape.rank()));
}

// Nothing is moved: the network's value has another name for its axes.
inline void import_transpose(OnnxBuilder& to, const OnnxNode& node) {
  OnnxValue x = with_own_axes(to, to.unrounded(node, 0));
  const AxisOrder order = onnx_permutation(node, x.shape.rank() + 1);
  if (order.size() != x.shape.rank() + 1 || order[0] != 0) {
    throw Error("it moves the batch, which is not supported");
  }
  AxisOrder of_picture;  // axis k of the result is axis of_picture[k] of x
  for (std::size_t k = 1; k < order.size(); ++k) {
    of_picture.push_back(order[k] - 1);
  }
  static_cast<void>(Transpose(of_picture));  // throws where it is no permutation
  AxisOrder moved(of_picture.size());        // and the inverse
  for (std::size_t k = 0; k < of_picture.size(); ++k) {
    moved[of_picture[k]] = k;
  }
  x.shape = permuted(x.shape, of_picture);
  x.axes = x.shape;
  for (std::size_t& axis : x.order) {
    axis = moved[axis];
  }
  to.give(node, std::move(x));
}

/// Input 0 with `axis`, which counts the batch, last in the network.
[[nodiscard]] inline OnnxValue with_axis_last(OnnxBuilder& to, const OnnxValue& x,
                                              std::size_t axis) {
  if (axis == 0) {
    throw Error("its axis is that of the batch, which is not supported");
  }
  return to.arranged(x, axis_last(axis - 1, x.shape.rank()));
}

inline void import_concat(OnnxBuilder& to, const OnnxNode& node) {
  const std::size_t rank = to.value(node, 0).shape.rank();
  const std::size_t axis = onnx_axis(node.get("axis", std::int64_t{1}), rank + 1);
  OnnxValue all;
  std::vector<std::size_t> inputs;
  std::size_t extent = 0;
  for (std::size_t n = 0; n < node.inputs.size(); ++n) {
    all = with_axis_last(to, to.value(node, n), axis);
    if (all.shape.rank() != rank) {
      throw Error("it joins values of different rank");
    }
    inputs.push_back(all.node);
    extent += all.shape[axis - 1];
  }
  if (inputs.size() > 1) {
    all.node = to.add(layer_name(node), Concatenate{}, std::move(inputs));
  }
  std::vector<std::int64_t> extents = extents_of(all.shape);
  extents[axis - 1] = static_cast<std::int64_t>(extent);
  all.shape = all.axes = onnx_shape(extents);
  to.give(node, std::move(all));
}

/// Input 0 with axes that are those of its shape, and the numbers of `by_axis`, which counts the
/// batch, for each axis of the network's value.
template <class Number>
[[nodiscard]] std::vector<Number> in_network(const OnnxValue& x,
                                             const std::vector<Number>& by_axis) {
  std::vector<Number> result;
  for (const std::size_t axis : x.order) {
    result.push_back(by_axis[axis + 1]);
  }
  return result;
}

inline void import_slice(OnnxBuilder& to, const OnnxNode& node) {
  OnnxValue x = with_own_axes(to, to.value(node, 0));
  const std::vector<Range> ranges = onnx_ranges(
      x.shape.with_batch(to.batch()), to.integers(node, 1, "starts"), to.integers(node, 2, "ends"),
      to.integers(node, 3, "axes"), to.integers(node, 4, "steps"));
  if (ranges[0].count != to.batch() || ranges[0].step != 1) {
    throw Error("it takes a part of the batch, which is not supported");
  }
  x.node = to.add(layer_name(node), Slice(in_network(x, ranges)), {x.node});
  Shape shape;
  for (std::size_t axis = 1; axis < ranges.size(); ++axis) {
    shape.push_back(ranges[axis].count);
  }
  x.shape = x.axes = shape;
  to.give(node, std::move(x));
}

inline void import_pad(OnnxBuilder& to, const OnnxNode& node) {
  static const std::map<std::string_view, Border> borders{
      {"constant", Border::constant}, {"edge", Border::edge}, {"reflect", Border::reflect}};
  OnnxValue x = with_own_axes(to, to.value(node, 0));
  const std::size_t rank = x.shape.rank() + 1;
  const auto pads = to.integers(node, 1, "pads");
  const auto border = borders.find(node.get("mode", std::string("constant")));
  if (border == borders.end() || node.has_input(3)) {
    throw Error("its mode is none of constant, edge and reflect, or it names axes");
  }
  if (pads.size() != 2 * rank || pads[0] != 0 || pads[rank] != 0) {
    throw Error("it has " + std::to_string(pads.size()) + " pads where " +
                std::to_string(2 * rank) + " are expected, or pads the batch");
  }
  std::vector<std::size_t> before;
  std::vector<std::size_t> after;
  std::vector<std::int64_t> extents = extents_of(x.shape);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    before.push_back(within(pads[axis], 0, most_onnx_values, "padding"));
    after.push_back(within(pads[axis + rank], 0, most_onnx_values, "padding"));
    if (axis > 0) {
      extents[axis - 1] += pads[axis] + pads[axis + rank];
    }
  }
  x.shape = x.axes = onnx_shape(extents);
  const float value =
      node.has_input(2) ? to.tensor(node, 2).reshaped({1})[0] : node.get("value", 0.0F);
  x.node =
      to.add(layer_name(node),
             Pad(in_network(x, before), in_network(x, after), value, border->second), {x.node});
  to.give(node, std::move(x));
}

inline void import_split(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue x = with_own_axes(to, to.value(node, 0));
  const Shape whole = x.shape.with_batch(to.batch());
  const std::size_t axis = onnx_axis(node.get("axis", std::int64_t{0}), whole.rank());
  std::vector<std::int64_t> parts = to.integers(node, 1, "split");
  const auto count = static_cast<std::int64_t>(node.outputs.size());
  if (parts.empty() && count > 0 && static_cast<std::int64_t>(whole[axis]) % count == 0) {
    parts.assign(node.outputs.size(), static_cast<std::int64_t>(whole[axis]) / count);
  }
  if (axis == 0 || parts.size() != node.outputs.size()) {
    throw Error("it splits the batch, or not into as many parts as it gives");
  }
  std::int64_t start = 0;
  for (std::size_t n = 0; n < parts.size(); ++n) {
    const auto left = static_cast<std::int64_t>(whole[axis]) - start;
    const std::int64_t end = start + static_cast<std::int64_t>(within(parts[n], 1, left, "split"));
    const std::vector<Range> ranges =
        onnx_ranges(whole, {start}, {end}, {static_cast<std::int64_t>(axis)}, {});
    std::vector<std::int64_t> extents = extents_of(x.shape);
    extents[axis - 1] = end - start;
    const Shape shape = onnx_shape(extents);
    to.give(node.outputs[n], {to.add(layer_name(node), Slice(in_network(x, ranges)), {x.node}),
                              shape, shape, x.order});
    start = end;
  }
  if (start != static_cast<std::int64_t>(whole[axis])) {
    throw Error("its parts are " + std::to_string(start) + " long together, and axis " +
                std::to_string(axis) + " is " + std::to_string(whole[axis]));
  }
}

}  // namespace upset::detail
