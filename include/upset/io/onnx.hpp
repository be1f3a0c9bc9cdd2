// SPDX-License-Identifier: BSL-1.0
/// Networks in ONNX files.
///
/// Operators that are read, of opset 7 to 21 (of older ones unless they have attributes that have
/// been dropped since: broadcast, consumed_inputs, ...), on 32-bit floats: Add, AveragePool,
/// BatchNormalization, Clip, Concat, Conv, ConvTranspose, Div and Sub (of constants), Dropout,
/// Flatten, Gemm, GlobalAveragePool, GlobalMaxPool, HardSigmoid, HardSwish, Identity, LRN,
/// LeakyRelu, MatMul, Max and Min (of a constant), MaxPool, Mul, PRelu, Pad, ReduceMean (over
/// pixels), Relu, Reshape, Resize, Sigmoid, Slice, Softmax, Split, Squeeze, Sum, Tanh, Transpose,
/// Unsqueeze, Upsample. On 8-bit integers: ConvInteger, DequantizeLinear, MatMulInteger,
/// QLinearConv, QLinearMatMul, QuantizeLinear, and of those above the ones that only move values,
/// Concat and MaxPool. What exporters compute from shapes and constants (Cast, Concat, Constant,
/// ConstantOfShape, Gather, Shape, arithmetic) is folded.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <upset/format/int8_affine.hpp>
#include <upset/io/bytes.hpp>
#include <upset/io/onnx_export.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/io/onnx_operators.hpp>
#include <upset/nn/network.hpp>

namespace upset {

/// The network in the bytes of an ONNX file, as `load_onnx` reads it; `where` begins errors.
template <Format W = Int8Affine, Format A = W>
requires std::same_as<typename W::Element, Int8Affine>
[[nodiscard]] Network parse_onnx(std::span<const std::uint8_t> bytes,
                                 const std::string& where = "ONNX model") {
  return detail::import_onnx<W, A>(detail::parse_onnx_graph(bytes, where), where);
}

/// Reads an ONNX model as a network of floats; `convert` puts it in a format.
///
/// Of a quantised model, convolutions and dense layers of 8-bit integers hold the very codes of the
/// file in `W`, a guarded or plain `Int8Affine`, under its scales; their sums are exact and scaled
/// in float. What is between them is rounded to the grid of its codes: by the product that reads
/// it, by `RoundTo` elsewhere. Codes that a model takes are given as they are; codes that it gives
/// come as the reals they stand for.
///
/// Layers are called as their weights without the last part ("layer1.0.conv1" where a convolution
/// reads layer1.0.conv1.weight), else as their node, so that weight files and fault lists that name
/// layers fit. Values are computed channels last: pictures come in and out as [B, H, W, C] where
/// the file has [B, C, H, W], and what has been flattened in the file's order finds its weights
/// permuted. A model whose input is transposed before all else, as converters from TensorFlow write
/// them, takes pictures as its file does. Dropout does nothing.
///
/// - errors: throws `Error` naming file, operator and node: no model, an operator, attribute or
/// type
///   that is not read, data in another file, extents that are open or larger than the data, a graph
///   that is not in order; nothing is allocated for what a file only claims to hold
/// - cost:   the file, its constants and the layers are in memory together
/// - source: ONNX 1.12, IR.md and Operators.md
template <Format W = Int8Affine, Format A = W>
[[nodiscard]] Network load_onnx(const std::filesystem::path& path) {
  return parse_onnx<W, A>(detail::read_bytes(path), path.string());
}

/// The bytes of the ONNX model of `network`, as `save_onnx` writes it.
[[nodiscard]] inline std::vector<std::uint8_t> onnx_bytes(const Network& network) {
  return detail::OnnxExporter(network).bytes();
}

/// Writes a network of floats as an ONNX model: opset 13, IR 7, one input "input" and one output
/// "logits", pictures [batch, C, H, W], weights named and shaped as `save_weights` does.
///
/// - errors: throws `Error` naming a layer that is in a format (save the network before it is
///   converted) or that ONNX has no operator for, and as `save_npz`
inline void save_onnx(const Network& network, const std::filesystem::path& path) {
  detail::write_bytes(path, onnx_bytes(network));
}

}  // namespace upset
