// SPDX-License-Identifier: BSL-1.0
/// Networks in ONNX files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include <upset/io/bytes.hpp>
#include <upset/io/onnx_graph.hpp>
#include <upset/io/onnx_operators.hpp>
#include <upset/nn/network.hpp>

namespace upset {

/// The network in the bytes of an ONNX file; `where` begins errors. As `load_onnx`.
[[nodiscard]] inline Network parse_onnx(std::span<const std::uint8_t> bytes,
                                        const std::string& where = "ONNX model") {
  return detail::import_onnx(detail::parse_onnx_graph(bytes, where), where);
}

/// Reads an ONNX model of opset 7 to 21 as a network of floats; `convert` puts it in a format.
[[nodiscard]] inline Network load_onnx(const std::filesystem::path& path) {
  return parse_onnx(detail::read_bytes(path), path.string());
}

}  // namespace upset
