// SPDX-License-Identifier: BSL-1.0
/// The ONNX model that a network becomes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <upset/io/onnx_nodes.hpp>
#include <upset/io/onnx_writer.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/broadcast.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/prelu.hpp>
#include <upset/nn/rearrange.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/nn/softmax.hpp>
#include <upset/nn/subsample.hpp>

namespace upset::detail {

/// Writes the layers of a network one by one: values [C, H, W] where the network has [H, W, C].
class OnnxExporter : OnnxNodes {
 public:
  explicit OnnxExporter(Network network) : OnnxNodes(std::move(network)) {
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
      pixels_.push_back(pixels_after(n));
      values_.push_back(output_);
    }
    if (network_.output_shape().rank() == 1 && pixels_.back() != 1) {
      throw Error("The network ends in a flattened picture, whose order is another in ONNX files");
    }
    for (const auto& [name, array] : weights_of(network_)) {
      const auto slope = slopes_.find(name);  // beside the channels of pictures
      const Tensor values = to_tensor(array);
      writer_.add_constant(name,
                           slope == slopes_.end() ? array.shape : channel_shape(values.size()),
                           values.values());
    }
    writer_.add_output("logits", channels_first(network_.output_shape()));
  }

  [[nodiscard]] std::vector<std::uint8_t> bytes() const { return writer_.bytes(); }

 private:
  // -- layers as nodes; false where the layer is another
  bool add_product(std::size_t n) {
    const AnyLayer& layer = network_.nodes()[n].layer;
    if (const auto* conv = layer.target<Conv2d<>>()) {
      if (conv->geometry().input_dilation != 1) {
        return false;
      }
      Attributes attributes = window(conv->geometry());
      attributes.push_back({"group", integer(conv->geometry().groups)});
      add(n, "Conv", with_weights(n, {"weight"}, conv->bias()), attributes);
    } else if (layer.target<Dense<>>() != nullptr) {
      std::string x = input(n, 0);
      if (shape_of(n, 0).rank() != 1) {
        writer_.add_node("Flatten", name(n) + ".flatten", {x}, name(n) + ".flatten");
        x = name(n) + ".flatten";
      }
      add(n, "Gemm", {x, name(n) + ".weight", name(n) + ".bias"}, {{"transB", std::int64_t{1}}});
    } else if (layer.target<BatchNorm<>>() != nullptr) {
      add(n, "BatchNormalization",
          with_weights(n, {"weight", "bias", "running_mean", "running_var"}),
          {{"epsilon", BatchNorm<>::epsilon}});
    } else if (layer.target<PReLU<>>() != nullptr) {
      if (network_.nodes()[n].shape.rank() == 3) {
        slopes_.insert(name(n) + ".weight");
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
      add(n, "Softmax", {input(n, 0)}, {{"axis", std::int64_t{1}}});
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
    } else if (layer.target<Concatenate>() != nullptr) {
      for (const std::size_t from : network_.nodes()[n].inputs) {
        if (network_.nodes()[n].shape.rank() == 1 && pixels_of(from) != 1) {
          throw Error("Layer " + name(n) +
                      " joins flattened pictures, whose order is another in ONNX files");
        }
      }
      add(n, "Concat", inputs(n), {{"axis", std::int64_t{1}}});
    } else {
      return false;
    }
    return true;
  }

  bool add_window(std::size_t n) {
    const AnyLayer& layer = network_.nodes()[n].layer;
    if (const auto* largest = layer.target<MaxPool>()) {
      add(n, "MaxPool", {input(n, 0)}, window(largest->geometry()));
    } else if (const auto* average = layer.target<AveragePool>()) {
      Attributes attributes = window(average->geometry());
      if (average->geometry().dilation != 1) {
        return false;  // an attribute of opset 19
      }
      std::erase_if(attributes,
                    [](const auto& attribute) { return attribute.name == "dilations"; });
      attributes.push_back(
          {"count_include_pad", std::int64_t{average->divides_by() == Divisor::taps ? 1 : 0}});
      add(n, "AveragePool", {input(n, 0)}, attributes);
    } else if (layer.target<GlobalAveragePool>() != nullptr) {
      const std::string mean = name(n) + ".mean";
      writer_.add_node("GlobalAveragePool", mean, {input(n, 0)}, mean);
      add(n, "Flatten", {mean});
    } else {
      return false;
    }
    return true;
  }

  bool add_shaping(std::size_t n) {
    const AnyLayer& layer = network_.nodes()[n].layer;
    if (layer.target<Flatten>() != nullptr) {
      add(n, "Flatten");
    } else if (layer.target<Reshape>() != nullptr) {
      const Shape to = network_.nodes()[n].shape;
      const bool keeps_order = to.rank() == 3 ? to[0] * to[1] == 1 || to[2] == 1 : to.rank() == 1;
      if (!keeps_order || pixels_of(network_.nodes()[n].inputs[0]) != 1) {
        return false;
      }
      OnnxIntegers extents{0};
      for (const std::int64_t extent : integers(channels_first(to))) {
        extents.push_back(extent);
      }
      add(n, "Reshape", {input(n, 0), writer_.add_constant(name(n) + ".shape", extents)});
    } else if (const auto* subsample = layer.target<Subsample>()) {
      const auto stride = integer(subsample->stride());
      const std::string part = name(n) + ".part";
      add_slice(name(n), input(n, 0), part, {0, 0}, {most, most}, {2, 3}, {stride, stride});
      add_pad(
          n, part,
          {0, integer(subsample->zeros_before()), 0, 0, 0, integer(subsample->zeros_after()), 0, 0},
          0, "constant");
    } else if (const auto* pad = layer.target<Pad>()) {
      static constexpr const char* borders[] = {"constant", "edge", "reflect"};
      if (pad->before().size() != 3) {
        return false;
      }
      OnnxIntegers pads{0};
      for (const auto* side : {&pad->before(), &pad->after()}) {
        for (const std::size_t axis : {2U, 0U, 1U}) {
          pads.push_back(integer((*side)[axis]));
        }
        pads.push_back(0);  // of the batch, for the second half
      }
      pads.pop_back();
      add_pad(n, input(n, 0), pads, pad->fill, borders[static_cast<std::size_t>(pad->border())]);
    } else if (const auto* slice = layer.target<Slice>()) {
      if (slice->ranges().size() != 3) {
        return false;
      }
      OnnxIntegers starts;
      OnnxIntegers ends;
      OnnxIntegers steps;
      for (const std::size_t axis : {2U, 0U, 1U}) {
        const Range& range = slice->ranges()[axis];
        const std::int64_t end = integer(range.start) + integer(range.count) * range.step;
        starts.push_back(integer(range.start));
        ends.push_back(end < 0 ? -most : end);
        steps.push_back(range.step);
      }
      add_slice(name(n), input(n, 0), output_, starts, ends, {1, 2, 3}, steps);
    } else {
      return false;
    }
    return true;
  }
};

}  // namespace upset::detail
