// SPDX-License-Identifier: BSL-1.0
/// Tensors in ONNX files, and the messages of Protocol Buffers that they are.
///
/// Source: ONNX 1.12, onnx.proto and docs/IR.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

#include <upset/core/error.hpp>
#include <upset/io/bytes.hpp>
#include <upset/io/npy.hpp>

namespace upset::detail {

/// The values of `tensor`, of which there must be `count`, raw or in the field `typed`.
template <class T, class Typed>
[[nodiscard]] std::vector<T> onnx_values(const onnx::TensorProto& tensor, const Typed& typed,
                                         std::size_t count) {
  const std::string& raw = tensor.raw_data();
  const bool is_raw = tensor.has_raw_data();
  if (is_raw ? raw.size() / sizeof(T) != count || raw.size() % sizeof(T) != 0
             : static_cast<std::size_t>(typed.size()) != count) {
    throw Error("holds " +
                (is_raw ? std::to_string(raw.size()) + " bytes"
                        : std::to_string(typed.size()) + " values") +
                ", and its shape asks for " + std::to_string(count) + " values of " +
                std::to_string(sizeof(T)) + " bytes");
  }
  std::vector<T> values(count);
  if (is_raw) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size());
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = from_bytes<T>(std::span(bytes).subspan(i * sizeof(T), sizeof(T)));
    }
  } else {
    std::ranges::transform(typed, values.begin(), [](auto value) { return static_cast<T>(value); });
  }
  return values;
}

/// Throws `Error` where data are missing, elsewhere or of a type that is not read; nothing is
/// allocated for extents that the data do not fill.
[[nodiscard]] inline Array onnx_array(const onnx::TensorProto& tensor) {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    throw Error("lies in another file; save the model with its data inside");
  }
  Array array{Shape(), {}};
  std::size_t count = 1;
  for (const std::int64_t extent : tensor.dims()) {
    constexpr std::int64_t most = std::int64_t{1} << 31;  // bytes in a Protocol Buffer
    if (extent < 0 || extent > most || count > std::size_t{1} << 31) {
      throw Error("has an extent of " + std::to_string(extent) +
                  ", or more values than a file holds");
    }
    array.shape.push_back(static_cast<std::size_t>(extent));
    count *= static_cast<std::size_t>(extent);
  }
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      array.values = onnx_values<float>(tensor, tensor.float_data(), count);
      break;
    case onnx::TensorProto::DOUBLE:
      array.values = onnx_values<double>(tensor, tensor.double_data(), count);
      break;
    case onnx::TensorProto::INT8:
      array.values = onnx_values<std::int8_t>(tensor, tensor.int32_data(), count);
      break;
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
      array.values = onnx_values<std::uint8_t>(tensor, tensor.int32_data(), count);
      break;
    case onnx::TensorProto::INT32:
      array.values = onnx_values<std::int32_t>(tensor, tensor.int32_data(), count);
      break;
    case onnx::TensorProto::INT64:
      array.values = onnx_values<std::int64_t>(tensor, tensor.int64_data(), count);
      break;
    default:
      throw Error("is of type " + onnx::TensorProto::DataType_Name(tensor.data_type()) +
                  ", which is not read; export the model in 32-bit floats");
  }
  return array;
}

/// A message of type `Proto` in `bytes`.
template <class Proto>
[[nodiscard]] Proto parse_proto(std::span<const std::uint8_t> bytes, const std::string& where) {
  Proto proto;
  if (bytes.size() > std::numeric_limits<int>::max() ||
      !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Error(where + ": is no ONNX model, or is damaged; fetch the file again");
  }
  return proto;
}

}  // namespace upset::detail
