// SPDX-License-Identifier: BSL-1.0
/// The operators of ONNX that are read, and the attributes that each may have.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_folding.hpp>
#include <upset/io/onnx_shaping.hpp>
#include <upset/io/onnx_values.hpp>
#include <upset/io/onnx_windows.hpp>

namespace upset::detail {

struct OnnxOperator {
  void (*import)(OnnxBuilder& to, const OnnxNode& node);
  std::string_view attributes;  ///< those that are known, each with a space behind it
};

/// Null where `type` is not supported.
[[nodiscard]] inline const OnnxOperator* find_operator(std::string_view type) {
  static const std::map<std::string_view, OnnxOperator> operators{
      {"Add", {import_add, ""}},
      {"AveragePool",
       {import_average_pool,
        "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides "}},
      {"BatchNormalization",
       {import_batch_norm, "epsilon is_test momentum spatial training_mode "}},
      {"Cast", {import_cast, "to "}},
      {"Clip", {import_clip, "max min "}},
      {"Concat", {import_concat, "axis "}},
      {"Conv", {import_conv, "auto_pad dilations group kernel_shape pads strides "}},
      {"ConvTranspose",
       {import_conv_transpose,
        "auto_pad dilations group kernel_shape output_padding output_shape pads strides "}},
      {"Div", {import_div, ""}},
      {"Dropout", {import_dropout, "is_test ratio seed "}},
      {"Flatten", {import_reshape, "axis "}},
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
      {"Identity", {import_identity, ""}},
      {"LRN", {import_lrn, "alpha beta bias size "}},
      {"LeakyRelu",
       {[](OnnxBuilder& to, const OnnxNode& node) {
          give_function(to, node, LeakyReLU(node.get("alpha", 0.01F)));
        },
        "alpha "}},
      {"MatMul", {import_mat_mul, ""}},
      {"MaxPool",
       {import_max_pool, "auto_pad ceil_mode dilations kernel_shape pads storage_order strides "}},
      {"Mul", {import_mul, ""}},
      {"PRelu", {import_prelu, ""}},
      {"Pad", {import_pad, "mode pads value "}},
      {"ReduceMean", {import_reduce_mean, "axes keepdims "}},
      {"Relu",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_function(to, node, ReLU{}); }, ""}},
      {"Reshape", {import_reshape, "allowzero "}},
      {"Resize",
       {import_resize,
        "coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value mode "
        "nearest_mode "}},
      {"Shape", {import_shape, "end start "}},
      {"Sigmoid",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_function(to, node, Sigmoid{}); }, ""}},
      {"Slice", {import_slice, "axes ends starts "}},
      {"Softmax", {import_softmax, "axis "}},
      {"Split", {import_split, "axis num_outputs split "}},
      {"Squeeze", {import_reshape, "axes "}},
      {"Sub", {import_sub, ""}},
      {"Sum", {import_sum, ""}},
      {"Tanh",
       {[](OnnxBuilder& to, const OnnxNode& node) { give_function(to, node, Tanh{}); }, ""}},
      {"Transpose", {import_transpose, "perm "}},
      {"Unsqueeze", {import_reshape, "axes "}},
      {"Upsample", {import_resize, "mode scales "}}};
  const auto found = operators.find(type);
  return found == operators.end() ? nullptr : &found->second;
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
      return to.give(node, fold(node, constants));
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
  found->import(to, node);
}

/// The network of `graph`, whose constants are taken from it; `where` begins errors.
[[nodiscard]] inline Network import_onnx(OnnxGraph graph, const std::string& where) {
  try {
    OnnxBuilder builder(graph);
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
