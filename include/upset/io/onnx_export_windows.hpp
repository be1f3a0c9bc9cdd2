// SPDX-License-Identifier: BSL-1.0
/// Nodes of ONNX models for layers that slide windows over pictures, or give them another size.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <upset/io/onnx_nodes.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/resize.hpp>
#include <upset/nn/transposed_conv2d.hpp>

namespace upset::detail {

class OnnxWindowNodes : public OnnxNodes {
 protected:
  using OnnxNodes::OnnxNodes;

  /// False where layer `n` is another, or one that ONNX has no operator for.
  bool add_window(std::size_t n) {
    const AnyLayer& layer = network_.nodes()[n].layer;
    if (const auto* conv = layer.target<Conv2d<>>()) {
      return conv->geometry().input_dilation == 1 ? add_conv(n, *conv) : add_transposed(n, *conv);
    }
    if (const auto* largest = layer.target<MaxPool>()) {
      add(n, "MaxPool", {input(n, 0)}, window(largest->geometry()));
      return true;
    }
    if (const auto* average = layer.target<AveragePool>()) {
      return add_average(n, *average);
    }
    if (layer.target<GlobalAveragePool>() != nullptr && has_channels_first(n)) {
      const std::string mean = name(n) + ".mean";
      writer_.add_node("GlobalAveragePool", mean, {input(n, 0)}, mean);
      add(n, "Flatten", {mean});
      return true;
    }
    const auto* resize = layer.target<Resize>();
    return resize != nullptr && add_resize(n, *resize);
  }

 private:
  [[nodiscard]] static Attributes window(const WindowGeometry& geometry) {
    return {{"kernel_shape", integers({geometry.kernel_height, geometry.kernel_width})},
            {"strides", integers({geometry.stride.rows, geometry.stride.columns})},
            {"dilations", integers({geometry.dilation.rows, geometry.dilation.columns})},
            {"pads", integers({geometry.pad_top, geometry.pad_left, geometry.pad_bottom,
                               geometry.pad_right})}};
  }

  bool add_conv(std::size_t n, const Conv2d<>& conv) {
    Attributes attributes = window(conv.geometry());
    attributes.push_back({"group", integer(conv.geometry().groups)});
    add(n, "Conv", with_weights(n, {"weight"}, conv.bias()), attributes);
    return true;
  }

  // What `transposed` and `transposed_kernel` do, undone.
  bool add_transposed(std::size_t n, const Conv2d<>& conv) {
    const WindowGeometry& given = conv.geometry();
    const std::size_t down = (given.kernel_height - 1) * given.dilation.rows;
    const std::size_t across = (given.kernel_width - 1) * given.dilation.columns;
    if (given.stride != 1 || given.pad_top > down || given.pad_left > across) {
      return false;
    }
    const std::size_t bottom = std::min(given.pad_bottom, down);
    const std::size_t right = std::min(given.pad_right, across);
    WindowGeometry geometry = given;
    geometry.stride = given.input_dilation;
    geometry.pad_top = down - given.pad_top;
    geometry.pad_left = across - given.pad_left;
    geometry.pad_bottom = down - bottom;
    geometry.pad_right = across - right;
    Attributes attributes = window(geometry);
    attributes.push_back({"group", integer(geometry.groups)});
    attributes.push_back(
        {"output_padding", integers({given.pad_bottom - bottom, given.pad_right - right})});
    rewritten_[name(n) + ".weight"] = transposed_weights(conv.kernel(), geometry.groups);
    add(n, "ConvTranspose", with_weights(n, {"weight"}, conv.bias()), attributes);
    return true;
  }

  bool add_average(std::size_t n, const AveragePool& average) {
    if (average.geometry().dilation != 1) {
      return false;  // an attribute of opset 19
    }
    Attributes attributes = window(average.geometry());
    std::erase_if(attributes, [](const auto& attribute) { return attribute.name == "dilations"; });
    attributes.push_back(
        {"count_include_pad", std::int64_t{average.divides_by() == Divisor::taps ? 1 : 0}});
    add(n, "AveragePool", {input(n, 0)}, attributes);
    return true;
  }

  // By scales, where the layer has them; else by sizes, behind a batch that is looked up.
  bool add_resize(std::size_t n, const Resize& resize) {
    static constexpr const char* modes[] = {"nearest", "linear"};
    static constexpr const char* coordinates[] = {"half_pixel", "pytorch_half_pixel",
                                                  "align_corners", "asymmetric"};
    static constexpr const char* roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                                "ceil"};
    const Sampling& sampling = resize.sampling();
    const Shape& x = shape_of(n, 0);
    const Shape& y = network_.nodes()[n].shape;
    std::vector<std::string> from{input(n, 0), "", ""};
    if (sampling.scale_height == 0 && sampling.scale_width == 0) {
      const std::string part = name(n) + ".batch";
      writer_.add_node("Shape", name(n) + ".shape", {input(n, 0)}, name(n) + ".shape");
      add_slice(name(n), name(n) + ".shape", part, {0}, {1}, {0}, {1});
      from.push_back(name(n) + ".sizes");
      writer_.add_node(
          "Concat", from[3],
          {part, writer_.add_constant(name(n) + ".extents", integers(channels_first(y)))}, from[3],
          {{"axis", std::int64_t{0}}});
    } else {
      const auto is_of_file = [](double scale, std::size_t before, std::size_t after) {
        return static_cast<double>(static_cast<float>(scale)) == scale &&
               std::floor(static_cast<double>(before) * scale) == static_cast<double>(after);
      };
      if (!is_of_file(sampling.scale_height, x[0], y[0]) ||
          !is_of_file(sampling.scale_width, x[1], y[1])) {
        return false;
      }
      const float scales[] = {1, 1, static_cast<float>(sampling.scale_height),
                              static_cast<float>(sampling.scale_width)};
      from[2] = name(n) + ".scales";
      writer_.add_constant(from[2], {4}, scales);
    }
    add(n, "Resize", from,
        {{"mode", modes[static_cast<std::size_t>(sampling.interpolation)]},
         {"coordinate_transformation_mode",
          coordinates[static_cast<std::size_t>(sampling.coordinates)]},
         {"nearest_mode", roundings[static_cast<std::size_t>(sampling.nearest)]}});
    return true;
  }
};

}  // namespace upset::detail
