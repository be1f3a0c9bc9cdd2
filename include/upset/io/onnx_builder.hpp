// SPDX-License-Identifier: BSL-1.0
/// The network that an ONNX graph becomes, under construction: its values and how they lie.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/io/onnx_layers.hpp>
#include <upset/io/onnx_symbols.hpp>
#include <upset/io/onnx_value.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/rearrange.hpp>
#include <upset/nn/reshape.hpp>

namespace upset::detail {

class OnnxBuilder : public OnnxSymbols {
 public:
  /// Throws `Error` as `input_value`. The constants are moved from the graph; its nodes must
  /// outlive this.
  explicit OnnxBuilder(OnnxGraph& graph, const OnnxLayers& layers = {})
      : OnnxBuilder(graph, layers, input_value(graph)) {}

  [[nodiscard]] const OnnxLayers& layers() const { return layers_; }
  [[nodiscard]] Network& network() { return network_; }

  // -- how values lie
  /// Input `n`, on the grid of its codes where it has one. Throws `Error` as `unrounded`.
  [[nodiscard]] OnnxValue value(const OnnxNode& node, std::size_t n) {
    return rounded(unrounded(node, n));
  }
  /// Of the network's value.
  [[nodiscard]] const Shape& shape_of(std::size_t node) const {
    return node == Network::input ? network_.input_shape() : network_.nodes()[node].shape;
  }
  /// The same value with its axes in `order` in the network; through layers that move values only
  /// where they have to be moved.
  [[nodiscard]] OnnxValue arranged(OnnxValue value, const AxisOrder& order) {
    if (value.axes != value.shape) {
      if (!std::ranges::is_sorted(in_memory(value, value.order))) {
        value = arranged_axes(std::move(value), axes_in_order(value.axes.rank()));
      }
      value.axes = value.shape;
      value.order = axes_in_order(value.axes.rank());
    }
    return arranged_axes(std::move(value), order);
  }
  /// Input `n` as pictures [H, W, C] in the network.
  [[nodiscard]] OnnxValue picture(const OnnxNode& node, std::size_t n) {
    return as_picture(value(node, n));
  }
  [[nodiscard]] OnnxValue as_picture(OnnxValue from) {
    if (from.shape.rank() != 3) {
      throw Error("it takes pictures [batch, C, H, W]; without the batch, its input is " +
                  upset::to_string(from.shape));
    }
    return arranged(std::move(from), axis_last(0, 3));
  }
  /// Input 0 with its channels, the first axis, last in the network.
  [[nodiscard]] OnnxValue channels_last(const OnnxNode& node) {
    const OnnxValue x = value(node, 0);
    return arranged(x, axis_last(0, x.shape.rank()));
  }
  /// Input `n` in the order of ONNX.
  [[nodiscard]] OnnxValue plain(const OnnxNode& node, std::size_t n) {
    const OnnxValue from = value(node, n);
    return arranged(from, axes_in_order(from.shape.rank()));
  }

  // -- what operators give
  /// Appends a layer, its name made unique by a number; throws `Error` as `Network::add`.
  std::size_t add(const std::string& name, AnyLayer layer, std::vector<std::size_t> inputs) {
    std::string unique = name;
    for (std::size_t count = 2; !names_.insert(unique).second; ++count) {
      unique = name + "_" + std::to_string(count);
    }
    const std::size_t node = network_.add(unique, std::move(layer), std::move(inputs));
    static_cast<void>(onnx_shape(extents_of(shape_of(node))));
    return node;
  }
  /// What `node` gives: a layer that reads `from` and changes neither shape nor order.
  void give_layer(const OnnxNode& node, const std::string& name, AnyLayer layer, OnnxValue from) {
    from.node = add(name, std::move(layer), {from.node});
    give(node, std::move(from));
  }
  /// What `node` gives: pictures from a layer whose last axis is the channels, ONNX's first.
  void give_picture(const OnnxNode& node, const std::string& name, AnyLayer layer,
                    const OnnxValue& from) {
    const std::size_t at = add(name, std::move(layer), {from.node});
    const Shape& y = shape_of(at);
    const Shape shape{y[2], y[0], y[1]};
    give(node, {at, shape, shape, axis_last(0, 3)});
  }

  // -- the whole
  /// The network, its output as pictures [H, W, C] or in the order of ONNX.
  [[nodiscard]] Network finish(const std::string& output) && {
    const OnnxValue* const found = find_value(output);
    if (found == nullptr) {
      throw Error("the file's output " + output + " does not depend on its input");
    }
    const std::size_t rank = found->shape.rank();
    const OnnxValue last =
        arranged(rounded(*found), rank == 3 ? axis_last(0, rank) : axes_in_order(rank));
    if (last.node + 1 != network_.size() || last.node == Network::input) {
      add("output", Reshape(shape_of(last.node)), {last.node});
    }
    return std::move(network_);
  }

 private:
  OnnxBuilder(OnnxGraph& graph, const OnnxLayers& layers, const OnnxValue& input)
      : OnnxSymbols(graph, input), layers_(layers), network_(permuted(input.axes, input.order)) {}

  /// Without axes of one value, which lie anywhere.
  [[nodiscard]] static AxisOrder in_memory(const OnnxValue& value, AxisOrder order) {
    std::erase_if(order, [&](std::size_t axis) { return value.axes[axis] == 1; });
    return order;
  }
  [[nodiscard]] OnnxValue arranged_axes(OnnxValue value, const AxisOrder& order) {
    const auto reshape = [&](const Shape& shape) {
      if (shape_of(value.node) != shape) {
        value.node = add("reshape", Reshape(shape), {value.node});
      }
    };
    if (in_memory(value, value.order) != in_memory(value, order)) {
      reshape(permuted(value.axes, value.order));
      AxisOrder from;
      for (const std::size_t axis : order) {
        from.push_back(
            static_cast<std::size_t>(std::ranges::find(value.order, axis) - value.order.begin()));
      }
      value.node = add("transpose", Transpose(std::move(from)), {value.node});
    }
    reshape(permuted(value.axes, order));
    value.order = order;
    return value;
  }

  /// `value` on the grid that it has yet to be rounded to, by one layer for all that read it.
  [[nodiscard]] OnnxValue rounded(OnnxValue value) {
    if (value.pending) {
      const auto key = std::tuple(value.node, value.pending->scale, value.pending->zero_point);
      if (!rounded_.contains(key)) {
        rounded_.emplace(key, add("round", layers_.round(*value.pending), {value.node}));
      }
      value.node = rounded_.at(key);
      value.pending.reset();
    }
    return value;
  }

  OnnxLayers layers_;
  Network network_;
  std::map<std::tuple<std::size_t, float, std::int8_t>, std::size_t> rounded_;
  std::set<std::string> names_;
};

}  // namespace upset::detail
