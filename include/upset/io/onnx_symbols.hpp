// SPDX-License-Identifier: BSL-1.0
/// What the names in an ONNX graph stand for: constants and values of the network.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <upset/io/onnx_codes.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/io/onnx_value.hpp>

namespace upset::detail {

class OnnxSymbols {
 public:
  /// The constants are moved from the graph, whose input is `input`; its nodes must outlive this.
  OnnxSymbols(OnnxGraph& graph, const OnnxValue& input)
      : opset_(graph.opset),
        batch_(static_cast<std::size_t>(std::max<std::int64_t>(graph.inputs[0].extents[0], 1))),
        constants_(std::move(graph.constants)),
        values_{{graph.inputs[0].name, input}} {
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
  /// Input `n`, on whatever grid it has yet to be rounded to. Throws `Error` where it does not come
  /// from the network's input.
  [[nodiscard]] const OnnxValue& unrounded(const OnnxNode& node, std::size_t n) const {
    if (!is_value(node, n)) {
      throw Error("its input " + std::to_string(n) + " must depend on the input of the graph");
    }
    return values_.at(node.inputs[n]);
  }
  [[nodiscard]] bool is_value(const OnnxNode& node, std::size_t n) const {
    return node.has_input(n) && values_.contains(node.inputs[n]);
  }
  /// What input `n` is in the file; reals where there is none.
  [[nodiscard]] OnnxElements elements(const OnnxNode& node, std::size_t n) const {
    const auto found = node.has_input(n) ? elements_.find(node.inputs[n]) : elements_.end();
    return found == elements_.end() ? OnnxElements{} : found->second;
  }
  void set_elements(const std::string& name, const OnnxElements& elements) {
    elements_.insert_or_assign(name, elements);
  }
  /// What the constant `n` was dequantised from; null where it never was in 8 bits, or is none.
  [[nodiscard]] const OnnxScales* scales(const OnnxNode& node, std::size_t n) const {
    const auto found = node.has_input(n) ? scales_.find(node.inputs[n]) : scales_.end();
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
  /// Null where `name` is no value.
  [[nodiscard]] const OnnxValue* find_value(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }

  // -- what operators give
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

 private:
  [[nodiscard]] bool is_known(const std::string& name) const {
    return values_.contains(name) || constants_.contains(name);
  }
  void expect_new(const std::string& name) const {
    if (is_known(name)) {
      throw Error("gives " + name + ", which is there already");
    }
  }

  std::int64_t opset_;
  std::size_t batch_;
  std::map<std::string, Array> constants_;
  std::map<std::string, OnnxValue> values_;
  std::vector<const OnnxNode*> needed_;
  std::map<std::string, std::size_t> readers_;
  std::map<std::string, OnnxElements> elements_;  // of values that are not plain reals
  std::map<std::string, OnnxScales> scales_;      // of constants
};

}  // namespace upset::detail
