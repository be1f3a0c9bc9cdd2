// SPDX-License-Identifier: BSL-1.0
/// A network: layers as a graph, with skip connections, branches and joins.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
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
  /// Of one picture. Throws `Error` where there are no layers.
  [[nodiscard]] const Shape& output_shape() const {
    require_layers();
    return nodes_.back().shape;
  }
  [[nodiscard]] std::span<const Node> nodes() const { return nodes_; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  /// Layer `node`, to be changed; its output shape must stay.
  [[nodiscard]] AnyLayer& layer(std::size_t node);

  /// Throws `Error` unless x is [B, input_shape] and there are layers.
  void check_input(const Tensor& x) const {
    require_layers();
    if (x.shape().rank() == 0 || x.shape().without_batch() != input_shape_) {
      throw Error("The network takes pictures [B, " + to_string(input_shape_).substr(1) + ", not " +
                  to_string(x.shape()));
    }
  }

  /// y [B, output_shape] from x [B, input_shape]: slice by slice of the pictures, so that values
  /// stay in the cache from one layer to the next; dropped, or overwritten, when their last reader
  /// is done. A training pass, which looks at all pictures at once, is not sliced.
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

  /// Bits that each node reads from memory of one picture, the fault space of the activations; 0
  /// where it reads none. One inference of a blank picture.
  [[nodiscard]] std::vector<std::uint64_t> activation_bits() const;

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
  /// - cost: one inference of the batch; memory for what is still to be read of all its pictures
  void calibrate(const Tensor& x);
  /// For each node the last one that reads its value; 0 where none does.
  [[nodiscard]] AlignedVector<std::size_t> last_readers() const;

 private:
  /// `forward_from` of all pictures at once.
  [[nodiscard]] Tensor compute(std::size_t start, const Tensor& x, std::span<const Tensor> known,
                               Pass pass) const;
  /// Pictures whose values stay in the cache from one layer to the next, nodes from `start` on.
  [[nodiscard]] std::size_t slice(std::size_t start) const {
    std::size_t largest = 1;
    for (const Node& node : std::span(nodes_).subspan(start)) {
      largest = std::max(largest, node.shape.size());
      for (const std::size_t from : node.inputs) {
        largest = std::max(largest, (from == input ? input_shape_ : nodes_[from].shape).size());
      }
    }
    return std::max<std::size_t>(1, cached_values / largest);
  }

  [[nodiscard]] AlignedVector<const Tensor*> inputs_of(const Node& node, const Tensor& x,
                                                       std::span<const Tensor> values) const {
    AlignedVector<const Tensor*> result;
    for (const std::size_t from : node.inputs) {
      result.push_back(from == input ? &x : &values[from]);
    }
    return result;
  }
  void require_layers() const {
    if (nodes_.empty()) {
      throw Error("The network has no layers; add one");
    }
  }

  // Of one layer: 256 KiB, of which a 1 MiB cache holds input, output and shortcut.
  static constexpr std::size_t cached_values = 65536;

  Shape input_shape_;
  std::vector<Node> nodes_;
};

static_assert(std::copyable<Network>);

}  // namespace upset

#include <upset/nn/network_impl.hpp>
