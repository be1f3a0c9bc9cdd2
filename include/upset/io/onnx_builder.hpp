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

#include <upset/io/onnx_codes.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/io/onnx_layers.hpp>
#include <upset/io/onnx_value.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/rearrange.hpp>
#include <upset/nn/reshape.hpp>

namespace upset::detail {

class OnnxBuilder {
 public:
  /// Throws `Error` as `input_value`. The constants are moved from the graph; its nodes must
  /// outlive this.
  explicit OnnxBuilder(OnnxGraph& graph, const OnnxLayers& layers = {})
      : OnnxBuilder(graph, layers, input_value(graph)) {}

  // -- what operators read
  [[nodiscard]] std::int64_t opset() const { return opset_; }
  [[nodiscard]] std::size_t batch() const { return batch_; }
  [[nodiscard]] bool is_constant(const OnnxNode& node, std::size_t n) const {
    return node.has_input(n) && constants_.contains(node.inputs[n]);
  }
  /// Throws `Error` where input `n` is none.
  [[nodiscard]] const Array& constant(const OnnxNode& node, std::size_t n) const {
    if (!is_constant(node, n)) {
      throw Error("its input " + std::to_string(n) + " must be a constant of the file");
    }
    return constants_.at(node.inputs[n]);
  }
  [[nodiscard]] Tensor tensor(const OnnxNode& node, std::size_t n) const {
    return to_tensor(constant(node, n));
  }
  /// Input `n`, or where there is none the attribute `key`; empty where neither is given.
  [[nodiscard]] std::vector<std::int64_t> integers(const OnnxNode& node, std::size_t n,
                                                   const std::string& key) const {
    return node.has_input(n) ? integers_of(constant(node, n))
                             : node.get(key, std::vector<std::int64_t>{});
  }
  /// Input `n`, on the grid of its codes where it has one. Throws `Error` where it does not come
  /// from the network's input.
  [[nodiscard]] OnnxValue value(const OnnxNode& node, std::size_t n) {
    return rounded(unrounded(node, n));
  }
  /// The same, for layers that only rename axes, or round to that grid by themselves.
  [[nodiscard]] const OnnxValue& unrounded(const OnnxNode& node, std::size_t n) const {
    if (!is_value(node, n)) {
      throw Error("its input " + std::to_string(n) + " must depend on the input of the graph");
    }
    return values_.at(node.inputs[n]);
  }
  [[nodiscard]] bool is_value(const OnnxNode& node, std::size_t n) const {
    return node.has_input(n) && values_.contains(node.inputs[n]);
  }
  /// What input `n` is in the file.
  [[nodiscard]] OnnxElements elements(const OnnxNode& node, std::size_t n) const {
    const auto found = elements_.find(node.inputs.at(n));
    return found == elements_.end() ? OnnxElements{} : found->second;
  }
  void set_elements(const std::string& name, const OnnxElements& elements) {
    elements_.insert_or_assign(name, elements);
  }
  /// What the constant `n` was dequantised from; null where it never was in 8 bits.
  [[nodiscard]] const OnnxScales* scales(const OnnxNode& node, std::size_t n) const {
    const auto found = scales_.find(node.inputs.at(n));
    return found == scales_.end() ? nullptr : &found->second;
  }
  void set_scales(const std::string& constant, OnnxScales scales) {
    scales_.insert_or_assign(constant, std::move(scales));
  }
  /// Of the values that lie at `layer`, under whatever names.
  [[nodiscard]] bool is_read_once(std::size_t layer) const {
    return std::ranges::all_of(values_, [&](const auto& value) {
      const auto found = readers_.find(value.first);
      return value.second.node != layer || found == readers_.end() || found->second == 1;
    });
  }
  [[nodiscard]] const OnnxLayers& layers() const { return layers_; }
  [[nodiscard]] Network& network() { return network_; }

  // -- how values lie
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
  /// What `node` gives.
  void give(const OnnxNode& node, OnnxValue value) { give(node.outputs.at(0), std::move(value)); }
  void give(const std::string& name, OnnxValue value) {
    expect_new(name);
    values_.emplace(name, std::move(value));
  }
  void give(const OnnxNode& node, Array constant) {
    expect_new(node.outputs.at(0));
    constants_.emplace(node.outputs[0], std::move(constant));
  }
  /// `name` with a number, which nothing has yet.
  [[nodiscard]] std::string unused(const std::string& name) const {
    std::size_t count = 2;
    while (is_known(name + "_" + std::to_string(count))) {
      ++count;
    }
    return name + "_" + std::to_string(count);
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
  [[nodiscard]] const std::vector<const OnnxNode*>& needed() const { return needed_; }
  /// Throws `Error` unless every input of `node` is known, or left out.
  void expect_inputs(const OnnxNode& node) const {
    for (const std::string& name : node.inputs) {
      if (!name.empty() && !is_known(name)) {
        throw Error("reads " + name +
                    ", which no node before it gives; the graph is cut, cyclic or not in order");
      }
    }
  }
  /// The network, its output as pictures [H, W, C] or in the order of ONNX.
  [[nodiscard]] Network finish(const std::string& output) && {
    const auto found = values_.find(output);
    if (found == values_.end()) {
      throw Error("the file's output " + output + " does not depend on its input");
    }
    const std::size_t rank = found->second.shape.rank();
    const OnnxValue last =
        arranged(rounded(found->second), rank == 3 ? axis_last(0, rank) : axes_in_order(rank));
    if (last.node + 1 != network_.size() || last.node == Network::input) {
      add("output", Reshape(shape_of(last.node)), {last.node});
    }
    return std::move(network_);
  }

 private:
  OnnxBuilder(OnnxGraph& graph, const OnnxLayers& layers, const OnnxValue& input)
      : layers_(layers),
        opset_(graph.opset),
        batch_(static_cast<std::size_t>(std::max<std::int64_t>(graph.inputs[0].extents[0], 1))),
        constants_(std::move(graph.constants)),
        values_{{graph.inputs[0].name, input}},
        network_(permuted(input.axes, input.order)) {
    const OnnxType type = graph.inputs[0].type;
    if (type != OnnxType::real) {  // its codes are whole numbers, there is nothing to round
      elements_.emplace(graph.inputs[0].name, OnnxElements{type, grid_of_codes(type)});
    }
    std::set<std::string> wanted{graph.outputs[0]};
    ++readers_[graph.outputs[0]];
    for (std::size_t n = graph.nodes.size(); n-- > 0;) {
      const OnnxNode& node = graph.nodes[n];
      if (std::ranges::any_of(node.outputs,
                              [&](const std::string& name) { return wanted.contains(name); })) {
        needed_.push_back(&node);
        for (const std::string& name : node.inputs) {
          wanted.insert(name);
          ++readers_[name];
        }
      }
    }
    std::ranges::reverse(needed_);
  }

  [[nodiscard]] bool is_known(const std::string& name) const {
    return values_.contains(name) || constants_.contains(name);
  }
  void expect_new(const std::string& name) const {
    if (is_known(name)) {
      throw Error("gives " + name + ", which is there already");
    }
  }

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
  std::int64_t opset_;
  std::size_t batch_;
  std::map<std::string, Array> constants_;
  std::map<std::string, OnnxValue> values_;
  Network network_;
  std::vector<const OnnxNode*> needed_;
  std::map<std::string, std::size_t> readers_;
  std::map<std::string, OnnxElements> elements_;  // of values that are not plain reals
  std::map<std::string, OnnxScales> scales_;      // of constants
  std::map<std::tuple<std::size_t, float, std::int8_t>, std::size_t> rounded_;
  std::set<std::string> names_;
};

}  // namespace upset::detail
