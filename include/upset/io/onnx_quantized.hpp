// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX that put values on a grid of 8 bits, take them off it, and compute with codes.
///
/// Source: ONNX 1.12, Operators.md; a QLinear operator is the operator of its name between
/// DequantizeLinear and QuantizeLinear, and is read as that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <upset/format/int8_affine.hpp>
#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_codes.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_sums.hpp>
#include <upset/nn/broadcast.hpp>

namespace upset::detail {

// -- onto a grid and off it

/// The grids that inputs 1 and 2 describe, see `onnx_grids`.
[[nodiscard]] inline std::vector<AffineScale> grids_of(const OnnxBuilder& to, const OnnxNode& node,
                                                       OnnxType type) {
  return onnx_grids(to.constant(node, 1), node.has_input(2) ? &to.constant(node, 2) : nullptr,
                    type);
}

inline void import_quantize_linear(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxType type = node.has_input(2) ? type_of(to.constant(node, 2)) : OnnxType::uint8;
  const std::vector<AffineScale> grids = grids_of(to, node, type);
  if (grids.size() != 1) {
    throw Error("it quantises values by channel, which is supported for weights alone");
  }
  OnnxValue x = to.value(node, 0);
  x.pending = grids[0];
  to.give(node, std::move(x));
  to.set_elements(node.outputs[0], {type, grids[0]});
}

/// What `node` gives: the codes of input 0 read on `grids`, one or one for each along an axis.
inline void give_real(OnnxBuilder& to, const OnnxNode& node,
                      const std::vector<AffineScale>& grids) {
  const AffineScale from = to.elements(node, 0).grid.value();
  const bool has_one = grids.size() == 1;
  OnnxElements elements;
  if (has_one) {
    elements.grid = grids[0];
  }
  if (has_one && grids[0] == from) {
    to.give(node, to.unrounded(node, 0));
  } else {
    OnnxValue x = to.value(node, 0);
    std::vector<float> shifts;
    std::vector<float> scales;
    for (const AffineScale& grid : grids) {
      shifts.push_back(static_cast<float>(from.zero_point - grid.zero_point));
      scales.push_back(grid.scale);
    }
    if (!has_one && from.scale != 1) {
      throw Error("it takes by channel what was quantised by another scale");
    }
    const std::string name = layer_name(node);
    const auto beside = [&](std::vector<float> values) {
      const Shape shape{values.size()};
      const Array array{shape, std::move(values)};
      return constant_beside(to, x, along_axis(node, x.shape.with_batch(1), array));
    };
    if (from.scale != 1) {
      x.node = to.add(name, MultiplyConstant(Tensor({1}, 1 / from.scale)), {x.node});
    }
    x.node = to.add(name, AddConstant(beside(std::move(shifts))), {x.node});
    x.node = to.add(name, MultiplyConstant(beside(std::move(scales))), {x.node});
    x.pending = elements.grid;
    to.give(node, std::move(x));
  }
  to.set_elements(node.outputs[0], elements);
}

inline void import_dequantize_linear(OnnxBuilder& to, const OnnxNode& node) {
  give_real(to, node, grids_of(to, node, to.elements(node, 0).type));
}

/// Remembers the codes that the constant of a DequantizeLinear was made from, if they have 8 bits.
inline void note_scales(OnnxBuilder& to, const OnnxNode& node) {
  const Array& codes = to.constant(node, 0);
  if (is_code(type_of(codes))) {
    std::vector<AffineScale> grids = grids_of(to, node, type_of(codes));
    const std::size_t axis =
        grids.size() == 1 ? 0 : onnx_axis(node.get("axis", std::int64_t{1}), codes.shape.rank());
    to.set_scales(node.outputs[0], {std::move(grids), axis});
  }
}

// Integers become floats: codes as what they are, sums of products as they come.
inline void import_cast(OnnxBuilder& to, const OnnxNode& node) {
  if (node.get("to", std::int64_t{0}) != onnx::TensorProto::FLOAT) {
    throw Error("it casts to another type than 32-bit floats");
  }
  const OnnxType type = to.elements(node, 0).type;
  if (is_code(type)) {
    give_real(to, node, {grid_of_codes(type)});
  } else {
    to.give(node, to.value(node, 0));
  }
}

// -- codes in, codes or their sums out

inline void import_node(OnnxBuilder& to, const OnnxNode& node);  // which knows these as well

/// The name of input `n` of `node`, integers, in reals; `axis` is that of several scales.
[[nodiscard]] inline std::string in_reals(OnnxBuilder& to, const OnnxNode& node, std::size_t n,
                                          const std::string& scale, const std::string& zero,
                                          std::int64_t axis) {
  const std::string real = to.unused(node.inputs[n]);
  import_node(
      to, {"DequantizeLinear", node.name, {node.inputs[n], scale, zero}, {real}, {{"axis", axis}}});
  return real;
}

/// QLinearConv and QLinearMatMul, as the operator `type` of reals; weights have their outputs along
/// `axis`. Inputs are x, w and y, each the first two with scale and zero point behind, of y these
/// alone, and a bias in steps of both scales.
inline void give_qlinear(OnnxBuilder& to, const OnnxNode& node, const std::string& type,
                         std::int64_t axis) {
  const std::vector<std::string>& in = node.inputs;
  if (in.size() < 8) {
    throw Error("it has " + std::to_string(in.size()) + " inputs, and takes 8 or 9");
  }
  OnnxNode product{type, node.name, {}, {to.unused(node.outputs.at(0))}, node.attributes};
  product.inputs = {in_reals(to, node, 0, in[1], in[2], 1),
                    in_reals(to, node, 3, in[4], in[5], axis)};
  if (node.has_input(8)) {
    const std::string scale = to.unused(in[8]);
    import_node(to, {"Mul", node.name, {in[1], in[4]}, {scale}, {}});
    product.inputs.push_back(in_reals(to, node, 8, scale, "", 0));
  }
  import_node(to, product);
  import_node(to,
              {"QuantizeLinear", node.name, {product.outputs[0], in[6], in[7]}, node.outputs, {}});
}

/// ConvInteger and MatMulInteger likewise, with scales of 1: sums of products, as 32-bit integers.
inline void give_sums(OnnxBuilder& to, const OnnxNode& node, const std::string& type,
                      std::int64_t axis) {
  if (node.inputs.size() < 2) {
    throw Error("it has " + std::to_string(node.inputs.size()) + " inputs, and takes 2 to 4");
  }
  const auto zero = [&](std::size_t n) { return node.has_input(n) ? node.inputs[n] : ""; };
  const std::string one = to.unused("one");
  to.give({"Constant", "", {}, {one}, {}}, {Shape(), std::vector<float>{1}});
  import_node(to,
              {type,
               node.name,
               {in_reals(to, node, 0, one, zero(2), 1), in_reals(to, node, 1, one, zero(3), axis)},
               node.outputs,
               node.attributes});
  to.set_elements(node.outputs[0], {OnnxType::int32, {}});
}

}  // namespace upset::detail

#include <upset/io/onnx_operators.hpp>
