// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX that put values on a grid of 8 bits, and take them off it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <upset/format/int8_affine.hpp>
#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/nn/round_to.hpp>

namespace upset::detail {

/// The grid that inputs 1 and 2 of `node` describe, one scale and one zero point for all values;
/// unsigned codes are moved by 128. Throws `Error` for other grids.
[[nodiscard]] inline AffineScale onnx_grid(const OnnxBuilder& to, const OnnxNode& node) {
  const Array zero =
      node.has_input(2) ? to.constant(node, 2) : Array{{1}, std::vector<std::uint8_t>{0}};
  const Tensor scale = to.tensor(node, 1);
  const bool is_unsigned = std::holds_alternative<std::vector<std::uint8_t>>(zero.values);
  if (scale.size() != 1 || zero.shape.size() != 1 || !(scale[0] > 0) ||
      !(is_unsigned || std::holds_alternative<std::vector<std::int8_t>>(zero.values))) {
    throw Error("it has no positive scale for all values with a zero point of 8 bits");
  }
  const std::int64_t code = integers_of(zero)[0] - (is_unsigned ? 128 : 0);
  return {scale[0], static_cast<std::int8_t>(code)};
}

inline void import_quantize_linear(OnnxBuilder& to, const OnnxNode& node) {
  const AffineScale grid = onnx_grid(to, node);
  to.set_grid(node, grid);
  to.give_layer(node, OnnxBuilder::name_of(node), RoundTo<Int8Affine>(grid), to.value(node, 0));
}

// What is on the grid already is real here.
inline void import_dequantize_linear(OnnxBuilder& to, const OnnxNode& node) {
  const AffineScale* const grid = to.grid(node, 0);
  if (grid == nullptr || !(*grid == onnx_grid(to, node))) {
    throw Error("its input does not come from a QuantizeLinear of the same scale");
  }
  to.give(node, to.value(node, 0));
}

}  // namespace upset::detail
