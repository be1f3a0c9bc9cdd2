// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX that give pictures another size.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/nn/resize.hpp>

namespace upset::detail {

// Resize of opset 10 and Upsample have scales where Resize of opset 11 has a region of interest.
inline void import_resize(OnnxBuilder& to, const OnnxNode& node) {
  static const std::map<std::string_view, Coordinates> coordinates{
      {"half_pixel", Coordinates::half_pixel},
      {"pytorch_half_pixel", Coordinates::pytorch_half_pixel},
      {"align_corners", Coordinates::align_corners},
      {"asymmetric", Coordinates::asymmetric}};
  static const std::map<std::string_view, Nearest> roundings{
      {"round_prefer_floor", Nearest::ties_down},
      {"round_prefer_ceil", Nearest::ties_up},
      {"floor", Nearest::down},
      {"ceil", Nearest::up}};
  const OnnxValue x = to.picture(node, 0);
  const bool is_old = node.type == "Upsample" || to.opset() < 11;
  const auto mode = node.get("mode", std::string("nearest"));
  const auto coordinate = coordinates.find(node.get(
      "coordinate_transformation_mode", std::string(is_old ? "asymmetric" : "half_pixel")));
  const auto rounding = roundings.find(
      node.get("nearest_mode", std::string(is_old ? "floor" : "round_prefer_floor")));
  if ((mode != "nearest" && mode != "linear" && mode != "bilinear") ||
      coordinate == coordinates.end() || rounding == roundings.end() ||
      node.get("exclude_outside", std::int64_t{0}) != 0) {
    throw Error("its mode " + mode + ", or how it places or rounds pixels, is not supported");
  }
  Sampling sampling{mode == "nearest" ? Interpolation::nearest : Interpolation::bilinear,
                    coordinate->second, rounding->second, 0, 0};
  const std::size_t at = is_old ? 1 : 2;
  std::vector<std::int64_t> sizes = extents_of(x.shape.with_batch(to.batch()));
  if (node.has_input(3)) {
    sizes = integers_of(to.constant(node, 3));
  } else {
    const std::vector<float> given = node.get("scales", std::vector<float>{});
    const Tensor scales = node.has_input(at) ? to.tensor(node, at) : Tensor({given.size()}, given);
    if (scales.size() != 4) {
      throw Error("it has " + std::to_string(scales.size()) + " scales; four are expected");
    }
    for (std::size_t axis = 0; axis < 4; ++axis) {
      const double size =
          std::floor(static_cast<double>(sizes[axis]) * static_cast<double>(scales[axis]));
      sizes[axis] = size >= 1 && size <= most_onnx_values ? static_cast<std::int64_t>(size) : 0;
    }
    sampling.scale_height = static_cast<double>(scales[2]);
    sampling.scale_width = static_cast<double>(scales[3]);
  }
  const Shape y = onnx_shape(sizes);
  if (y.rank() != 4 || y[0] != to.batch() || y[1] != x.shape[0]) {
    throw Error("it resizes batch or channels, which is not supported");
  }
  to.give_picture(node, layer_name(node), Resize(y[2], y[3], sampling), x);
}

}  // namespace upset::detail
