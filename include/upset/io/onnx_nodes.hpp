// SPDX-License-Identifier: BSL-1.0
/// Nodes of the ONNX model that a network becomes: their names, inputs, shapes and constants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <upset/io/onnx_writer.hpp>
#include <upset/io/weights.hpp>  // flattened_pixels, transpose
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>

namespace upset::detail {

/// What writers of layers share. Layer n of the network is "node n"; the one being written gives
/// `output_`, those before it `values_`.
class OnnxNodes {
 public:
  explicit OnnxNodes(Network network)
      : network_(std::move(network)), pixels_(flattened_pixels(network_)) {}

 protected:
  using Attributes = std::vector<OnnxWriter::Attribute>;

  // -- parts of nodes
  void add(std::size_t n, const std::string& type) { add(n, type, {input(n, 0)}); }
  void add(std::size_t n, const std::string& type, const std::vector<std::string>& from,
           const Attributes& attributes = {}) {
    writer_.add_node(type, name(n), from, output_, attributes);
  }
  void add_slice(const std::string& layer, const std::string& from, const std::string& to,
                 const OnnxIntegers& starts, const OnnxIntegers& ends, const OnnxIntegers& axes,
                 const OnnxIntegers& steps) {
    writer_.add_node(
        "Slice", layer + ".slice",
        {from, writer_.add_constant(layer + ".starts", starts),
         writer_.add_constant(layer + ".ends", ends), writer_.add_constant(layer + ".axes", axes),
         writer_.add_constant(layer + ".steps", steps)},
        to);
  }
  void add_pad(std::size_t n, const std::string& from, const OnnxIntegers& pads, float value,
               const std::string& mode) {
    add(n, "Pad",
        {from, writer_.add_constant(name(n) + ".pads", pads),
         writer_.add_constant(name(n) + ".value", value)},
        {{"mode", mode}});
  }
  /// Input 0 of node `n` and its weights; an empty bias is none.
  [[nodiscard]] std::vector<std::string> with_weights(std::size_t n,
                                                      const std::vector<std::string>& sets,
                                                      const Tensor& bias = {}) const {
    std::vector<std::string> result{input(n, 0)};
    for (const std::string& set : sets) {
      result.push_back(name(n) + "." + set);
    }
    if (bias.size() > 0) {
      result.push_back(name(n) + ".bias");
    }
    return result;
  }
  /// The constant beside input 0 of node `n`, of one value, of one per channel or of its shape.
  std::string constant(std::size_t n, const Tensor& values, const std::string& role = "constant") {
    const Shape x = shape_of(n, 0);
    const std::size_t last =
        values.shape().rank() == 0 ? 1 : values.shape()[values.shape().rank() - 1];
    const bool is_of_channels =
        values.size() == 1 || (values.size() == last && last == x[x.rank() - 1]);
    const bool is_in_order =
        x.rank() == 3 || values.size() == 1 || pixels_of(network_.nodes()[n].inputs[0]) == 1;
    if (!is_in_order || (!is_of_channels && (values.shape() != x || x.rank() != 3))) {
      throw Error("Layer " + name(n) + ": a constant of shape " + upset::to_string(values.shape()) +
                  " beside " + upset::to_string(x) + " is none that ONNX files take");
    }
    Tensor transposed(values.shape());
    transpose(values.values(), transposed.values(), is_of_channels ? 1 : x[0] * x[1],
              is_of_channels ? values.size() : x[2]);
    const Shape shape = is_of_channels && x.rank() == 3 ? channel_shape(values.size())
                        : is_of_channels                ? Shape{values.size()}
                                                        : channels_first(x);
    const std::string called = name(n) + "." + role;
    writer_.add_constant(called, shape, transposed.values());
    return called;
  }
  /// The inputs of node `n`; vectors beside pictures become pictures of one pixel. Throws `Error`
  /// for others of different rank.
  [[nodiscard]] std::vector<std::string> beside_pictures(std::size_t n) {
    std::vector<std::string> result = inputs(n);
    const std::size_t rank = network_.nodes()[n].shape.rank();
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (shape_of(n, i).rank() != rank && (shape_of(n, i).rank() != 1 || rank != 3)) {
        throw Error("Layer " + name(n) + " combines " + upset::to_string(shape_of(n, 0)) + " and " +
                    upset::to_string(shape_of(n, 1)) + ", whose axes have another order in files");
      }
      if (shape_of(n, i).rank() != rank) {
        const std::string picture = name(n) + ".picture" + std::to_string(i);
        writer_.add_node("Unsqueeze", picture,
                         {result[i], writer_.add_constant(picture + ".axes", OnnxIntegers{2, 3})},
                         picture);
        result[i] = picture;
      }
    }
    return result;
  }

  // -- names and shapes
  static constexpr std::int64_t most = std::int64_t{1} << 40;  // beyond the end of any axis

  [[nodiscard]] static std::int64_t integer(std::size_t value) {
    return static_cast<std::int64_t>(value);
  }
  [[nodiscard]] static OnnxIntegers integers(const Shape& values) {
    OnnxIntegers result;
    for (std::size_t axis = 0; axis < values.rank(); ++axis) {
      result.push_back(integer(values[axis]));
    }
    return result;
  }
  [[nodiscard]] static Shape channel_shape(std::size_t channels) { return {channels, 1, 1}; }
  [[nodiscard]] static Shape channels_first(const Shape& shape) {
    return shape.rank() == 3 ? Shape{shape[2], shape[0], shape[1]} : shape;
  }
  [[nodiscard]] const std::string& name(std::size_t n) const { return network_.nodes()[n].name; }
  [[nodiscard]] std::string input(std::size_t n, std::size_t i) const {
    const std::size_t from = network_.nodes()[n].inputs[i];
    return from == Network::input ? "input" : values_[from];
  }
  [[nodiscard]] std::vector<std::string> inputs(std::size_t n) const {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < network_.nodes()[n].inputs.size(); ++i) {
      result.push_back(input(n, i));
    }
    return result;
  }
  [[nodiscard]] const Shape& shape_of(std::size_t n, std::size_t i) const {
    const std::size_t from = network_.nodes()[n].inputs[i];
    return from == Network::input ? network_.input_shape() : network_.nodes()[from].shape;
  }
  /// The axis in ONNX of what is the last one here, where the batch is counted.
  [[nodiscard]] std::int64_t last_axis(std::size_t n) const {
    const std::size_t rank = network_.nodes()[n].shape.rank();
    return rank == 3 ? 1 : integer(rank);
  }
  /// Whether its inputs and node `n` are pictures or vectors, whose channels come first in ONNX.
  [[nodiscard]] bool has_channels_first(std::size_t n) const {
    const auto is_usual = [](const Shape& shape) { return shape.rank() == 1 || shape.rank() == 3; };
    bool all = is_usual(network_.nodes()[n].shape);
    for (std::size_t i = 0; i < network_.nodes()[n].inputs.size(); ++i) {
      all = all && is_usual(shape_of(n, i));
    }
    return all;
  }
  /// Where this is more than one, values lie in another order in ONNX.
  [[nodiscard]] std::size_t pixels_of(std::size_t node) const {
    return node == Network::input ? pixels_in(network_.input_shape()) : pixels_[node];
  }

  Network network_;
  std::vector<std::size_t> pixels_;  // one per node
  OnnxWriter writer_;
  std::string output_;                       // of the node being written
  std::vector<std::string> values_;          // one per node
  std::map<std::string, Tensor> rewritten_;  // weights that files hold otherwise than `weights_of`
};

}  // namespace upset::detail
