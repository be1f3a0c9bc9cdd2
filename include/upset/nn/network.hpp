// SPDX-License-Identifier: BSL-1.0
/// A network: layers as a graph, with skip connections, branches and joins.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/nn/any_layer.hpp>

namespace upset {

/// A directed acyclic graph of layers, in the order they are computed. The last node is the output.
class Network {
 public:
  /// The value that enters the network, as an input of a node.
  static constexpr std::size_t input = static_cast<std::size_t>(-1);

  struct Node {
    std::string name;
    AnyLayer layer;
    std::vector<std::size_t> inputs;  ///< nodes before this one, or `input`
    Shape shape;                      ///< of the output, batch omitted
    std::size_t parameter_count = 0;
  };

  /// - shape: `input_shape` of one picture, [H, W, C] or [I]
  explicit Network(const Shape& input_shape) : input_shape_(input_shape) {}

  /// Appends a layer that reads the node before it. Returns its index.
  std::size_t add(std::string name, AnyLayer layer) {
    return add(std::move(name), std::move(layer), {nodes_.size() - 1});  // input, for the first
  }

  /// Appends a layer that reads `inputs`. Returns its index, for others to read.
  /// Throws `Error` naming the layer when names repeat, an input does not exist yet or a shape does
  /// not fit.
  std::size_t add(std::string name, AnyLayer layer, std::vector<std::size_t> inputs);

  [[nodiscard]] const Shape& input_shape() const { return input_shape_; }
  [[nodiscard]] const Shape& output_shape() const { return nodes_.back().shape; }
  [[nodiscard]] std::span<const Node> nodes() const { return nodes_; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  /// Layer `node`, to be changed; its output shape must stay.
  [[nodiscard]] AnyLayer& layer(std::size_t node) { return nodes_[node].layer; }

  /// y [B, output_shape] from x [B, input_shape]. Values are dropped, or overwritten, when their
  /// last reader is done.
  [[nodiscard]] Tensor forward(const Tensor& x, Pass pass = {}) const;

  /// The output, when the values of nodes before `start` are known: what `forward_all` returned for
  /// this x. Equals `forward` bit for bit.
  [[nodiscard]] Tensor forward_from(std::size_t start, const Tensor& x,
                                    std::span<const Tensor> known, Pass pass = {}) const;

  /// Everything a backward pass needs, in node order.
  [[nodiscard]] std::vector<Tensor> forward_all(const Tensor& x, Pass pass = {}) const;

  /// Adds to `gradients` (one per `parameters()`) those of a loss whose gradient at the output is
  /// `d_y`; `values` are what `forward_all` returned for x.
  void backward(const Tensor& x, std::span<const Tensor> values, Tensor d_y,
                std::span<Tensor> gradients) const;

  /// Parameters of all layers, named "layer.set".
  [[nodiscard]] std::vector<Parameter> parameters();
  /// Memory images of all layers, named "layer.set": the fault space of the weights.
  [[nodiscard]] std::vector<NamedImage> images();

  /// Writes every memory image from the real values.
  void encode() {
    for (Node& node : nodes_) {
      node.layer.encode();
    }
  }
  /// Lets flips made in `images()` take effect.
  void refresh() {
    for (Node& node : nodes_) {
      node.layer.refresh();
    }
  }
  /// Lets every layer choose its activation scale from a batch, each after those before it have.
  void calibrate(const Tensor& x);

 private:
  [[nodiscard]] AlignedVector<const Tensor*> inputs_of(const Node& node, const Tensor& x,
                                                       std::span<const Tensor> values) const {
    AlignedVector<const Tensor*> result;
    for (const std::size_t from : node.inputs) {
      result.push_back(from == input ? &x : &values[from]);
    }
    return result;
  }
  void check_input(const Tensor& x) const {
    if (nodes_.empty() || x.shape().rank() == 0 || x.shape().without_batch() != input_shape_) {
      throw Error("The network takes pictures of " + to_string(input_shape_) + ", not " +
                  to_string(x.shape()));
    }
  }

  Shape input_shape_;
  std::vector<Node> nodes_;
};

static_assert(std::copyable<Network>);

inline std::size_t Network::add(std::string name, AnyLayer layer, std::vector<std::size_t> inputs) {
  std::vector<Shape> shapes;
  for (const Node& node : nodes_) {
    if (node.name == name) {
      throw Error("Two layers are called " + name + "; name them differently");
    }
  }
  for (const std::size_t from : inputs) {
    if (from != input && from >= nodes_.size()) {
      throw Error("Layer " + name + " reads node " + std::to_string(from) +
                  ", which does not exist yet");
    }
    shapes.push_back(from == input ? input_shape_ : nodes_[from].shape);
  }
  Shape shape;
  try {
    shape = layer.output_shape(shapes);
  } catch (const Error& error) {
    throw Error("Layer " + name + ": " + error.what());
  }
  const std::size_t parameter_count = layer.parameters().size();
  nodes_.push_back({std::move(name), std::move(layer), std::move(inputs), shape, parameter_count});
  return nodes_.size() - 1;
}

inline Tensor Network::forward(const Tensor& x, Pass pass) const {
  return forward_from(0, x, {}, pass);
}

inline Tensor Network::forward_from(std::size_t start, const Tensor& x,
                                    std::span<const Tensor> known, Pass pass) const {
  check_input(x);
  if (start == nodes_.size()) {
    return known.back();
  }
  AlignedVector<std::size_t> readers(nodes_.size(), 0);
  AlignedVector<std::size_t> last_reader(nodes_.size(), 0);
  for (std::size_t n = start; n < nodes_.size(); ++n) {
    for (const std::size_t from : nodes_[n].inputs) {
      if (from != input) {
        ++readers[from];
        last_reader[from] = n;
      }
    }
  }
  AlignedVector<Tensor> values(nodes_.size());
  for (std::size_t n = start; n < nodes_.size(); ++n) {
    const Node& node = nodes_[n];
    const auto is_done = [&](std::size_t from) {
      return from != input && from >= start && last_reader[from] == n;
    };
    pass.layer = n;
    if (node.inputs.size() == 1 && is_done(node.inputs[0]) && node.layer.in_place()) {
      values[n] = node.layer.transform(std::move(values[node.inputs[0]]), pass);
      continue;
    }
    AlignedVector<const Tensor*> inputs;
    inputs.reserve(node.inputs.size());
    for (const std::size_t from : node.inputs) {
      inputs.push_back(from == input ? &x : from < start ? &known[from] : &values[from]);
    }
    // An activation function that alone reads this node is applied to it part by part.
    std::size_t result = n;
    ValueFunction then;
    if (readers[n] == 1 && last_reader[n] == n + 1 && node.layer.fuses()) {
      then = nodes_[n + 1].layer.value_function();
      result = then ? n + 1 : n;
    }
    pass.then = then ? &then : nullptr;
    values[result] = node.layer.forward(inputs, pass);
    pass.then = nullptr;
    for (const std::size_t from : node.inputs) {
      if (is_done(from)) {
        values[from] = Tensor();
      }
    }
    n = result;
  }
  return std::move(values.back());
}

inline std::vector<Tensor> Network::forward_all(const Tensor& x, Pass pass) const {
  check_input(x);
  std::vector<Tensor> values(nodes_.size());
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    pass.layer = n;
    values[n] = nodes_[n].layer.forward(inputs_of(nodes_[n], x, values), pass);
  }
  return values;
}

inline void Network::backward(const Tensor& x, std::span<const Tensor> values, Tensor d_y,
                              std::span<Tensor> gradients) const {
  std::vector<Tensor> d_values(nodes_.size());
  d_values.back() = std::move(d_y);
  std::size_t end = gradients.size();
  for (std::size_t n = nodes_.size(); n-- > 0;) {
    const Node& node = nodes_[n];
    end -= node.parameter_count;
    if (d_values[n].size() == 0) {
      continue;  // nobody downstream reads this node
    }
    std::vector<Tensor*> d_inputs;
    for (const std::size_t from : node.inputs) {
      d_inputs.push_back(from == input ? nullptr : &d_values[from]);
    }
    Gradients sinks{gradients.subspan(end, node.parameter_count), d_inputs};
    node.layer.backward(inputs_of(node, x, values), values[n], std::move(d_values[n]), sinks);
  }
}

inline std::vector<Parameter> Network::parameters() {
  std::vector<Parameter> all;
  for (Node& node : nodes_) {
    for (Parameter parameter : node.layer.parameters()) {
      parameter.name = node.name + "." + parameter.name;
      all.push_back(std::move(parameter));
    }
  }
  return all;
}

inline std::vector<NamedImage> Network::images() {
  std::vector<NamedImage> all;
  for (Node& node : nodes_) {
    for (NamedImage image : node.layer.images()) {
      image.name = node.name + "." + image.name;
      all.push_back(std::move(image));
    }
  }
  return all;
}

inline void Network::calibrate(const Tensor& x) {
  check_input(x);
  std::vector<Tensor> values(nodes_.size());
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const AlignedVector<const Tensor*> inputs = inputs_of(nodes_[n], x, values);
    nodes_[n].layer.calibrate(inputs);
    nodes_[n].layer.encode();
    Pass pass;
    pass.layer = n;
    values[n] = nodes_[n].layer.forward(inputs, pass);
  }
}

}  // namespace upset
