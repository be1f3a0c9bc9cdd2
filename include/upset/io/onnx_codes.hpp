// SPDX-License-Identifier: BSL-1.0
/// 8-bit codes of ONNX graphs: the grids they lie on, and constants put on a grid and taken off it.
///
/// Source: ONNX 1.12, Operators.md, QuantizeLinear and DequantizeLinear.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <upset/format/int8_affine.hpp>
#include <upset/io/onnx_arithmetic.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_graph.hpp>

namespace upset::detail {

[[nodiscard]] inline OnnxType type_of(const Array& array) {
  return std::holds_alternative<std::vector<float>>(array.values)          ? OnnxType::real
         : std::holds_alternative<std::vector<std::int8_t>>(array.values)  ? OnnxType::int8
         : std::holds_alternative<std::vector<std::uint8_t>>(array.values) ? OnnxType::uint8
         : std::holds_alternative<std::vector<std::int32_t>>(array.values) ? OnnxType::int32
                                                                           : OnnxType::other;
}

[[nodiscard]] inline bool is_code(OnnxType type) {
  return type == OnnxType::int8 || type == OnnxType::uint8;
}

/// What is taken off codes of this type, so that they are those of `Int8Affine`.
[[nodiscard]] inline std::int64_t code_offset(OnnxType type) {
  return type == OnnxType::uint8 ? 128 : 0;
}

/// The grid of codes that stand for themselves.
[[nodiscard]] inline AffineScale grid_of_codes(OnnxType type) {
  return {1, static_cast<std::int8_t>(-code_offset(type))};
}

/// The grids of codes of `type` that a node's scales and zero points describe: one, or one for each
/// along an axis. Without zero points, null, they are zero.
///
/// - errors: throws `Error` for scales that are not positive, another type, unequal numbers
[[nodiscard]] inline std::vector<AffineScale> onnx_grids(const Array& scales, const Array* zeros,
                                                         OnnxType type) {
  if (!is_code(type) || (zeros != nullptr && type_of(*zeros) != type)) {
    throw Error("its codes and zero points are not of one type of 8 bits");
  }
  const Tensor steps = to_tensor(scales);
  const std::vector<std::int64_t> points =
      zeros != nullptr ? integers_of(*zeros) : std::vector<std::int64_t>{0};
  const std::size_t count = std::max(steps.size(), points.size());
  if (steps.size() * points.size() != count && steps.size() != points.size()) {
    throw Error("it has " + std::to_string(steps.size()) + " scales and " +
                std::to_string(points.size()) + " zero points");
  }
  std::vector<AffineScale> grids;
  for (std::size_t i = 0; i < count; ++i) {
    grids.push_back(AffineScale::checked(
        steps[steps.size() == 1 ? 0 : i],
        static_cast<std::int8_t>(points[points.size() == 1 ? 0 : i] - code_offset(type))));
  }
  return grids;
}

/// `values`, one or one for each along the axis that Q and DQ name, as they stand beside `shape`.
[[nodiscard]] inline Array along_axis(const OnnxNode& node, const Shape& shape,
                                      const Array& values) {
  std::vector<std::int64_t> extents(shape.rank(), 1);
  if (values.shape.size() != 1) {
    extents[onnx_axis(node.get("axis", std::int64_t{1}), shape.rank())] =
        static_cast<std::int64_t>(values.shape.size());
  }
  return reshaped(values, onnx_shape(extents));
}

// (code - zero point) scale, in double: biases have 32 bits
[[nodiscard]] inline Array fold_dequantize_linear(const OnnxNode& node,
                                                  const OnnxConstants& inputs) {
  const Array& from = constant_of(inputs, 0);
  Array real = cast_to<double>(from);
  if (inputs.size() > 2 && inputs[2] != nullptr) {
    real = combined(real, along_axis(node, from.shape, cast_to<double>(*inputs[2])),
                    [](auto code, auto zero) { return code - zero; });
  }
  real = combined(real, along_axis(node, from.shape, cast_to<double>(constant_of(inputs, 1))),
                  [](auto level, auto scale) { return level * scale; });
  if (real.shape != from.shape) {
    throw Error("its scales or zero points are not one for each along its axis");
  }
  return cast_to<float>(real);
}

// without a zero point the codes are unsigned
[[nodiscard]] inline Array fold_quantize_linear(const OnnxNode& node, const OnnxConstants& inputs) {
  const Array& from = constant_of(inputs, 0);
  const Array* const zeros = inputs.size() > 2 ? inputs[2] : nullptr;
  const OnnxType type = zeros == nullptr ? OnnxType::uint8 : type_of(*zeros);
  const std::vector<AffineScale> grids = onnx_grids(constant_of(inputs, 1), zeros, type);
  std::vector<std::int64_t> numbers(grids.size());
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  const Array chosen =
      expanded(along_axis(node, from.shape, onnx_integers(std::move(numbers))), from.shape);
  const std::vector<std::int64_t> grid = integers_of(chosen);
  const Tensor values = to_tensor(from);
  std::vector<std::int64_t> codes(values.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const AffineScale& own = grids[static_cast<std::size_t>(grid[i])];
    const auto code = static_cast<std::int8_t>(Int8Affine::encode(values[i], own));
    codes[i] = code + code_offset(type);
  }
  const Array all{from.shape, std::move(codes)};
  return type == OnnxType::int8 ? cast_to<std::int8_t>(all) : cast_to<std::uint8_t>(all);
}

}  // namespace upset::detail
