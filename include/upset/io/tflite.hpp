// SPDX-License-Identifier: BSL-1.0
/// Networks of TensorFlow Lite graphs, of floats or of 8-bit integers taken as they are.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/io/tflite_graph.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/nn/resize.hpp>
#include <upset/nn/round_to.hpp>

namespace upset {

namespace detail {

/// Appends the layers of a graph to a network, operator by operator.
template <Format W, Format A>
class TfliteBuilder {
 public:
  explicit TfliteBuilder(const TfliteGraph& graph)
      : graph_(graph), net_(tflite_picture(graph.tensors[graph.input])) {
    nodes_.emplace(graph.input, Network::input);
  }

  [[nodiscard]] Network build() {
    std::size_t scores = graph_.output;
    for (const TfliteOperator& op : graph_.operators) {
      if (op.kind == "SOFTMAX" || op.kind == "ARG_MAX") {
        scores = op.inputs[0];
        break;
      }
      try {
        add(op);
      } catch (const Error& error) {
        throw Error(op.kind + " that makes tensor " + tensor(op.outputs[0]).name + ": " +
                    error.what());
      }
    }
    if (net_.size() == 0) {
      throw Error("has no operator to compute");
    }
    if (rounded(scores) + 1 != net_.size()) {
      throw Error("its last operator does not give its output, " + tensor(scores).name);
    }
    return std::move(net_);
  }

 private:
  [[nodiscard]] const TfliteTensor& tensor(std::size_t number) const {
    return graph_.tensors[number];
  }
  [[nodiscard]] const TfliteTensor& constant(const TfliteOperator& op, std::size_t n,
                                             std::size_t rank) const {
    if (op.inputs.size() <= n || !tensor(op.inputs[n]).is_constant() ||
        tensor(op.inputs[n]).shape.rank() != rank) {
      throw Error("input " + std::to_string(n) + " should be a constant of " +
                  std::to_string(rank) + " extents");
    }
    return tensor(op.inputs[n]);
  }
  /// "conv0", "conv1", ...: of its kind in the order of the graph.
  [[nodiscard]] std::string name(const std::string& kind) {
    return kind + std::to_string(count_[kind]++);
  }
  [[nodiscard]] std::size_t node(std::size_t number) const {
    const auto found = nodes_.find(number);
    if (found == nodes_.end()) {
      throw Error("tensor " + tensor(number).name + " is read before it is computed");
    }
    return found->second;
  }
  /// The node of a tensor as memory holds it: on its grid, where it has one.
  [[nodiscard]] std::size_t rounded(std::size_t number) {
    const std::size_t from = node(number);
    if (!tflite_is_code(tensor(number)) || on_grid_.contains(number)) {
      return from;
    }
    on_grid_.insert(number);
    return nodes_[number] =
               net_.add(name("round"), RoundTo<A>(tflite_grid(tensor(number))), {from});
  }

  /// Integers times the scales of input and weights; empty where there is no bias.
  [[nodiscard]] Tensor real_bias(const TfliteOperator& op) const {
    if (op.inputs.size() < 3) {
      return {};
    }
    const TfliteTensor& bias = constant(op, 2, 1);
    if (bias.constant.shape.size() == 0) {
      throw Error("its bias holds no values; leave the input out where there is none");
    }
    if (bias.scales.size() > 1 && bias.scales.size() != bias.constant.shape.size()) {
      throw Error("its bias needs one scale, or one for each value");
    }
    Tensor real = to_tensor(bias.constant);
    for (std::size_t i = 0; i < real.size() && !bias.scales.empty(); ++i) {
      const auto scale = static_cast<double>(bias.scales[bias.scales.size() == 1 ? 0 : i]);
      real[i] = static_cast<float>(scale * static_cast<double>(real[i]));
    }
    return real;
  }

  [[nodiscard]] WindowGeometry geometry(const TfliteOperator& op, std::size_t height,
                                        std::size_t width) const {
    const Shape picture = tflite_picture(tensor(op.inputs[0]));
    if (picture.rank() != 3 || picture.size() == 0) {
      throw Error("it takes pictures, not " + to_string(picture));
    }
    WindowGeometry geometry{.kernel_height = height,
                            .kernel_width = width,
                            .stride = {op.stride[0], op.stride[1]},
                            .dilation = {op.dilation[0], op.dilation[1]}};
    if (op.same_padding) {
      const auto padded = [&](std::size_t taps, std::size_t dilation) {
        return same_window((taps - 1) * dilation + 1, geometry.stride, picture[0], picture[1]);
      };
      const WindowGeometry down = padded(height, op.dilation[0]);
      const WindowGeometry across = padded(width, op.dilation[1]);
      geometry.pad_top = down.pad_top;
      geometry.pad_bottom = down.pad_bottom;
      geometry.pad_left = across.pad_left;
      geometry.pad_right = across.pad_right;
    }
    return geometry;
  }

  template <class Quantised, class Real, class... Geometry>
  [[nodiscard]] AnyLayer product(const TfliteOperator& op, const TfliteTensor& weights,
                                 std::size_t axis, const Geometry&... geometry) const {
    Tensor real = tflite_weights(weights, axis);
    Tensor bias = real_bias(op);
    if (!tflite_is_code(weights)) {
      return Real(geometry..., std::move(real), std::move(bias));
    }
    Quantised layer(geometry..., std::move(real), std::move(bias), tflite_scales(weights));
    layer.set_input_scale(tflite_grid(tensor(op.inputs[0])));
    return layer;
  }

  void add(const TfliteOperator& op) {
    const TfliteTensor& output = tensor(op.outputs[0]);
    std::size_t made = 0;
    if (op.kind == "CONV_2D" || op.kind == "DEPTHWISE_CONV_2D") {
      const bool is_depthwise = op.kind == "DEPTHWISE_CONV_2D";
      const TfliteTensor& weights = constant(op, 1, 4);
      WindowGeometry window = geometry(op, weights.shape[1], weights.shape[2]);
      window.groups = is_depthwise ? tensor(op.inputs[0]).shape[3] : 1;
      made = net_.add(
          name(is_depthwise ? "depthwise" : "conv"),
          product<Conv2d<W, A>, Conv2d<Float32>>(op, weights, is_depthwise ? 3 : 0, window),
          {node(op.inputs[0])});
    } else if (op.kind == "FULLY_CONNECTED") {
      made =
          net_.add(name("dense"), product<Dense<W, A>, Dense<Float32>>(op, constant(op, 1, 2), 0),
                   {node(op.inputs[0])});
    } else if (op.kind == "AVERAGE_POOL_2D") {
      made = net_.add(name("pool"), AveragePool(geometry(op, op.filter[0], op.filter[1])),
                      {rounded(op.inputs[0])});
    } else if (op.kind == "MAX_POOL_2D") {
      made = net_.add(name("pool"), MaxPool(geometry(op, op.filter[0], op.filter[1])),
                      {rounded(op.inputs[0])});
    } else if (op.kind == "ADD" || op.kind == "CONCATENATION") {
      std::vector<std::size_t> inputs;
      for (const std::size_t input : op.inputs) {
        inputs.push_back(rounded(input));
      }
      made = op.kind == "ADD" ? net_.add(name("add"), Add{}, inputs)
                              : net_.add(name("concatenate"), Concatenate{}, inputs);
    } else if (op.kind == "RESIZE_BILINEAR" && output.shape.rank() == 4) {
      made = net_.add(name("resize"),
                      Resize(output.shape[1], output.shape[2],
                             {.interpolation = Interpolation::bilinear,
                              .coordinates = op.align_corners        ? Coordinates::align_corners
                                             : op.half_pixel_centers ? Coordinates::half_pixel
                                                                     : Coordinates::asymmetric}),
                      {rounded(op.inputs[0])});
    } else if (op.kind == "RESHAPE" && output.shape.rank() == 2) {
      made = net_.add(name("flatten"), Flatten{}, {node(op.inputs[0])});
    } else {
      throw Error("this operator is not supported");
    }
    nodes_[op.outputs[0]] = activated(op.activation, output, made);
    if (net_.nodes()[made].shape != tflite_picture(output)) {
      throw Error("gives " + to_string(net_.nodes()[made].shape) + ", and the file says " +
                  to_string(tflite_picture(output)));
    }
  }

  /// Rounding to a grid that starts at zero is a ReLU.
  [[nodiscard]] std::size_t activated(const std::string& function, const TfliteTensor& output,
                                      std::size_t from) {
    if (function.empty() ||
        (function == "RELU" && tflite_is_code(output) && tflite_grid(output).zero_point == -128)) {
      return from;
    }
    if (function == "RELU") {
      return net_.add(name("relu"), ReLU{}, {from});
    }
    if (function == "RELU6") {
      return net_.add(name("relu"), Clip(0, 6), {from});
    }
    throw Error("activation function " + function + " is not supported");
  }

  const TfliteGraph& graph_;
  Network net_;
  std::map<std::size_t, std::size_t> nodes_;  // of tensors computed so far
  std::set<std::size_t> on_grid_;
  std::map<std::string, std::size_t> count_;
};

}  // namespace detail

/// The network of a graph of CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, ADD, CONCATENATION,
/// AVERAGE_POOL_2D, MAX_POOL_2D, RESIZE_BILINEAR and RESHAPE (to vectors) operators, up to SOFTMAX
/// or ARG_MAX, which are left out: it ends in scores.
///
/// 8-bit weights are stored in `W`, a guarded or plain `Int8Affine`, as the very codes of the file
/// under its scales; sums are exact and scaled in float. What passes between operators is rounded
/// to the 8-bit grid of its tensor: by the convolution or dense layer that reads it, by `RoundTo`
/// elsewhere. TFLite itself rescales in fixed point, so its outputs differ by a step or two.
/// Pictures are given as real values: scale (q - zero_point) of the input tensor.
/// - errors: throws `Error` naming the operator and its tensor
template <Format W = Int8Affine, Format A = W>
requires std::same_as<typename W::Element, Int8Affine>
[[nodiscard]] Network network_of(const TfliteGraph& graph) {
  return detail::TfliteBuilder<W, A>(graph).build();
}

/// `network_of` the graph in x.json and x.npz. Throws as that and as `load_tflite_graph`.
template <Format W = Int8Affine, Format A = W>
[[nodiscard]] Network load_tflite(const std::filesystem::path& json) {
  const TfliteGraph graph = load_tflite_graph(json);
  try {
    return network_of<W, A>(graph);
  } catch (const Error& error) {
    throw Error(json.string() + ": " + error.what());
  }
}

}  // namespace upset
