// SPDX-License-Identifier: BSL-1.0
/// The ONNX model that a network becomes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <upset/io/onnx_export_shaping.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/broadcast.hpp>
#include <upset/nn/channel_clip.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/local_response_norm.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/prelu.hpp>
#include <upset/nn/softmax.hpp>

namespace upset::detail {

/// Writes the layers of a network one by one: values [C, H, W] where the network has [H, W, C].
class OnnxExporter : OnnxShapingNodes {
 public:
  explicit OnnxExporter(Network network) : OnnxShapingNodes(std::move(network)) {
    if (network_.size() == 0) {
      throw Error("A network without layers is no ONNX model");
    }
    writer_.add_input("input", channels_first(network_.input_shape()));
    for (std::size_t n = 0; n < network_.size(); ++n) {
      const Network::Node& node = network_.nodes()[n];
      output_ = n + 1 == network_.size() ? "logits" : node.name + ".output";
      if (!(add_product(n) || add_function(n) || add_join(n) || add_window(n) || add_shaping(n))) {
        throw Error("Layer " + node.name + ", " + node.layer.kind() +
                    ", is none that ONNX files take; save the network of floats, before it is "
                    "converted");
      }
      values_.push_back(output_);
    }
    if (network_.output_shape().rank() == 1 && pixels_.back() != 1) {
      throw Error("The network ends in a flattened picture, whose order is another in ONNX files");
    }
    for (const auto& [name, array] : weights_of(network_)) {
      const auto found = rewritten_.find(name);
      const Tensor values = found == rewritten_.end() ? to_tensor(array) : found->second;
      writer_.add_constant(name, values.shape(), values.values());
    }
    writer_.add_output("logits", channels_first(network_.output_shape()));
  }

  [[nodiscard]] std::vector<std::uint8_t> bytes() const { return writer_.bytes(); }

 private:
  // -- layers as nodes; false where the layer is another
  bool add_product(std::size_t n) {
    const AnyLayer& layer = network_.nodes()[n].layer;
    if (const auto* dense = layer.target<Dense<>>()) {
      std::vector<std::string> from = with_weights(n, {"weight"}, dense->bias());
      if (shape_of(n, 0).rank() != 1) {
        const std::string flat = name(n) + ".flatten";
        writer_.add_node("Flatten", flat, {from[0]}, flat);
        from[0] = flat;
      }
      add(n, "Gemm", from, {{"transB", std::int64_t{1}}});
    } else if (layer.target<BatchNorm<>>() != nullptr && has_channels_first(n)) {
      add(n, "BatchNormalization",
          with_weights(n, {"weight", "bias", "running_mean", "running_var"}),
          {{"epsilon", BatchNorm<>::epsilon}});
    } else if (const auto* slopes = layer.target<PReLU<>>()) {
      if (network_.nodes()[n].shape.rank() == 3) {
        const Tensor& values = slopes->slopes();
        rewritten_[name(n) + ".weight"] = values.reshaped(channel_shape(values.size()));
      }
      add(n, "PRelu", with_weights(n, {"weight"}));
    } else {
      return false;
    }
    return true;
  }

  bool add_function(std::size_t n) {
    const AnyLayer& layer = network_.nodes()[n].layer;
    const auto clip = [&](float low, float high) {
      add(n, "Clip",
          {input(n, 0), writer_.add_constant(name(n) + ".min", low),
           writer_.add_constant(name(n) + ".max", high)});
    };
    if (layer.target<ReLU>() != nullptr) {
      add(n, "Relu");
    } else if (const auto* leaky = layer.target<LeakyReLU>()) {
      add(n, "LeakyRelu", {input(n, 0)}, {{"alpha", leaky->leak}});
    } else if (layer.target<Sigmoid>() != nullptr) {
      add(n, "Sigmoid");
    } else if (const auto* hard = layer.target<HardSigmoid>()) {
      add(n, "HardSigmoid", {input(n, 0)}, {{"alpha", hard->factor}, {"beta", hard->offset}});
    } else if (layer.target<Tanh>() != nullptr) {
      add(n, "Tanh");
    } else if (layer.target<HardTanh>() != nullptr) {
      clip(-1, 1);
    } else if (const auto* clipped = layer.target<Clip>()) {
      clip(clipped->low, clipped->high);
    } else if (layer.target<HardSwish>() != nullptr) {  // an operator of opset 14
      const std::string gate = name(n) + ".gate";
      writer_.add_node("HardSigmoid", gate, {input(n, 0)}, gate,
                       {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
      add(n, "Mul", {input(n, 0), gate});
    } else if (layer.target<Softmax>() != nullptr) {
      add(n, "Softmax", {input(n, 0)}, {{"axis", last_axis(n)}});
    } else if (const auto* norm = layer.target<LocalResponseNorm>();
               norm != nullptr && shape_of(n, 0).rank() == 3) {
      add(n, "LRN", {input(n, 0)},
          {{"size", integer(norm->size())},
           {"alpha", norm->alpha()},
           {"beta", norm->beta()},
           {"bias", norm->bias()}});
    } else {
      return false;
    }
    return true;
  }

  bool add_join(std::size_t n) {
    const AnyLayer& layer = network_.nodes()[n].layer;
    if (layer.target<Add>() != nullptr) {
      add(n, network_.nodes()[n].inputs.size() == 2 ? "Add" : "Sum", inputs(n));
    } else if (layer.target<AddBroadcast>() != nullptr) {
      add(n, "Add", beside_pictures(n));
    } else if (layer.target<Multiply>() != nullptr) {
      add(n, "Mul", beside_pictures(n));
    } else if (const auto* sum = layer.target<AddConstant>()) {
      add(n, "Add", {input(n, 0), constant(n, sum->constant())});
    } else if (const auto* product = layer.target<MultiplyConstant>()) {
      add(n, "Mul", {input(n, 0), constant(n, product->constant())});
    } else if (const auto* clip = layer.target<ChannelClip>()) {
      const std::string raised = name(n) + ".raised";
      writer_.add_node("Max", raised, {input(n, 0), constant(n, clip->low(), "min")}, raised);
      add(n, "Min", {raised, constant(n, clip->high(), "max")});
    } else if (layer.target<Concatenate>() != nullptr) {
      add(n, "Concat", inputs(n), {{"axis", last_axis(n)}});
    } else {
      return false;
    }
    return true;
  }
};

}  // namespace upset::detail
