// SPDX-License-Identifier: BSL-1.0
/// The operators of ONNX that are read, and the attributes that each may have.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>  // ssize
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_folding.hpp>
#include <upset/io/onnx_layers.hpp>
#include <upset/io/onnx_products.hpp>
#include <upset/io/onnx_quantized.hpp>
#include <upset/io/onnx_resize.hpp>
#include <upset/io/onnx_shaping.hpp>
#include <upset/io/onnx_sums.hpp>
#include <upset/io/onnx_values.hpp>
#include <upset/io/onnx_windows.hpp>

namespace upset::detail {

/// What an operator may read besides reals.
enum class OnnxReads : std::uint8_t {
  reals,     ///< nothing
  integers,  ///< codes of 8 bits or sums of 32
  anything   ///< the same; what it gives are codes of what it reads, which it only moves
};

struct OnnxOperator {
  void (*import)(OnnxBuilder& to, const OnnxNode& node);
  std::string_view attributes;  ///< those that are known, each with a space behind it
  OnnxReads reads = OnnxReads::reals;
};

/// Null where `type` is not supported.
[[nodiscard]] inline const OnnxOperator* find_operator(std::string_view type) {
  using enum OnnxReads;
  static const std::map<std::string_view, OnnxOperator> operators{
      {"Add", {import_add, ""}},
      {"AveragePool",
       {import_average_pool,
        "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides "}},
      {"BatchNormalization",
       {import_batch_norm, "epsilon is_test momentum spatial training_mode "}},
      {"Cast", {import_cast, "to ", integers}},
      {"Clip", {import_clip, "max min "}},
      {"Concat", {import_concat, "axis ", anything}},
      {"Conv", {import_conv, "auto_pad dilations group kernel_shape pads strides "}},
      {"ConvInteger",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_sums(to, node, "Conv", 0); },
        "auto_pad dilations group kernel_shape pads strides ", integers}},
      {"ConvTranspose",
       {import_conv_transpose,
        "auto_pad dilations group kernel_shape output_padding output_shape pads strides "}},
      {"DequantizeLinear", {import_dequantize_linear, "axis ", integers}},
      {"Div", {import_div, ""}},
      {"Dropout", {import_dropout, "is_test ratio seed "}},
      {"Flatten", {import_reshape, "axis ", anything}},
      {"Gemm", {import_gemm, "alpha beta broadcast transA transB "}},
      {"GlobalAveragePool", {import_global_average_pool, ""}},
      {"GlobalMaxPool", {import_global_max_pool, ""}},
      {"HardSigmoid",
       {[](OnnxBuilder& to, const OnnxNode& node) {
          give_function(to, node, HardSigmoid(node.get("alpha", 0.2F), node.get("beta", 0.5F)));
        },
        "alpha beta "}},
      {"HardSwish",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_function(to, node, HardSwish{}); }, ""}},
      {"Identity", {import_identity, "", anything}},
      {"LRN", {import_lrn, "alpha beta bias size "}},
      {"LeakyRelu",
       {[](OnnxBuilder& to, const OnnxNode& node) {
          give_function(to, node, LeakyReLU(node.get("alpha", 0.01F)));
        },
        "alpha "}},
      {"MatMul", {import_mat_mul, ""}},
      {"MatMulInteger",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_sums(to, node, "MatMul", 1); }, "",
        integers}},
      {"MaxPool",
       {import_max_pool, "auto_pad ceil_mode dilations kernel_shape pads storage_order strides ",
        anything}},
      {"Max", {[](OnnxBuilder& to, const OnnxNode& node) { give_bounded(to, node, true); }, ""}},
      {"Min", {[](OnnxBuilder& to, const OnnxNode& node) { give_bounded(to, node, false); }, ""}},
      {"Mul", {import_mul, ""}},
      {"PRelu", {import_prelu, ""}},
      {"Pad", {import_pad, "mode pads value "}},
      {"QLinearConv",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_qlinear(to, node, "Conv", 0); },
        "auto_pad dilations group kernel_shape pads strides ", integers}},
      {"QLinearMatMul",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_qlinear(to, node, "MatMul", 1); }, "",
        integers}},
      {"QuantizeLinear", {import_quantize_linear, "axis saturate "}},
      {"ReduceMean", {import_reduce_mean, "axes keepdims "}},
      {"Relu",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_function(to, node, ReLU{}); }, ""}},
      {"Reshape", {import_reshape, "allowzero ", anything}},
      {"Resize",
       {import_resize,
        "coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value mode "
        "nearest_mode "}},
      {"Shape", {import_shape, "end start ", integers}},
      {"Sigmoid",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_function(to, node, Sigmoid{}); }, ""}},
      {"Slice", {import_slice, "axes ends starts ", anything}},
      {"Softmax", {import_softmax, "axis "}},
      {"Split", {import_split, "axis num_outputs split ", anything}},
      {"Squeeze", {import_reshape, "axes ", anything}},
      {"Sub", {import_sub, ""}},
      {"Sum", {import_sum, ""}},
      {"Tanh",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_function(to, node, Tanh{}); }, ""}},
      {"Transpose", {import_transpose, "perm ", anything}},
      {"Unsqueeze", {import_reshape, "axes ", anything}},
      {"Upsample", {import_resize, "mode scales "}}};
  const auto found = operators.find(type);
  return found == operators.end() ? nullptr : &found->second;
}

/// Of the values that `node` reads, where they are the same. Throws `Error` where some are integers
/// and others are not, or are codes of another grid.
[[nodiscard]] inline OnnxElements common_elements(const OnnxBuilder& to, const OnnxNode& node) {
  std::vector<OnnxElements> all;
  for (std::size_t n = 0; n < node.inputs.size(); ++n) {
    if (to.is_value(node, n)) {
      all.push_back(to.elements(node, n));
    }
  }
  if (all.empty() || std::ranges::count(all, all[0]) == std::ssize(all)) {
    return all.empty() ? OnnxElements{} : all[0];
  }
  const auto is_real = [](const OnnxElements& read) { return read.type == OnnxType::real; };
  if (!std::ranges::all_of(all, is_real)) {
    throw Error("it reads integers of different grids, which is not supported");
  }
  return {};
}

/// Computes `node` where all that it reads is constant, else appends its layers.
inline void import_node(OnnxBuilder& to, const OnnxNode& node) {
  to.expect_inputs(node);
  if (const OnnxFold fold = find_fold(node.type)) {
    OnnxConstants constants;
    for (std::size_t n = 0; n < node.inputs.size(); ++n) {
      constants.push_back(to.is_constant(node, n) ? &to.constant(node, n) : nullptr);
      if (node.has_input(n) && constants.back() == nullptr) {
        constants.clear();
        break;
      }
    }
    if (!constants.empty() || node.inputs.empty()) {
      to.give(node, fold(node, constants));
      if (node.type == "DequantizeLinear") {
        note_scales(to, node);
      }
      return;
    }
  }
  const OnnxOperator* const found = find_operator(node.type);
  if (found == nullptr) {
    throw Error("this operator is not supported; see the list in io/onnx.hpp");
  }
  for (const auto& [key, value] : node.attributes) {
    if ((" " + std::string(found->attributes)).find(" " + key + " ") == std::string::npos) {
      throw Error("its attribute " + key + " is not supported");
    }
  }
  const OnnxElements read =
      found->reads == OnnxReads::integers ? OnnxElements{} : common_elements(to, node);
  if (found->reads == OnnxReads::reals && read.type != OnnxType::real) {
    throw Error("it computes with integers, which is not supported of this operator");
  }
  found->import(to, node);
  if (found->reads == OnnxReads::anything) {
    for (const std::string& name : node.outputs) {
      to.set_elements(name, read);
    }
  }
}

/// The network of `graph`, whose constants are taken from it; `where` begins errors. Products of
/// codes have weights in `W` and values in `A`.
template <Format W = Int8Affine, Format A = W>
[[nodiscard]] Network import_onnx(OnnxGraph graph, const std::string& where) {
  try {
    OnnxBuilder builder(graph, onnx_layers<W, A>);
    for (const OnnxNode* const node : builder.needed()) {
      try {
        import_node(builder, *node);
      } catch (const Error& error) {
        throw Error(to_string(*node) + ": " + error.what());
      }
    }
    return std::move(builder).finish(graph.outputs[0]);
  } catch (const Error& error) {
    throw Error(where + ": " + error.what());
  }
}

}  // namespace upset::detail
