// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <vector>

#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_tensor.hpp>

using namespace upset;
using onnx::TensorProto;

namespace {

TensorProto tensor(TensorProto::DataType type, std::int64_t extent, const std::string& raw = "") {
  TensorProto result;
  result.set_data_type(type);
  result.add_dims(extent);
  if (!raw.empty()) {
    result.set_raw_data(raw);
  }
  return result;
}

}  // namespace

TEST_CASE("ONNX: tensors of every type that is read, raw and in their field") {
  using detail::onnx_array;
  const std::string raw("\x01\x00\x00\x80\xFE\xFF\xFF\xFF", 8);
  CHECK(onnx_array(tensor(TensorProto::INT32, 2, raw)).values ==
        Array::Values(std::vector<std::int32_t>{-0x7FFFFFFF, -2}));
  CHECK(onnx_array(tensor(TensorProto::INT64, 1, raw)).values ==
        Array::Values(std::vector<std::int64_t>{-0x17FFFFFFF}));
  CHECK(onnx_array(tensor(TensorProto::UINT8, 8, raw)).values ==
        Array::Values(std::vector<std::uint8_t>{1, 0, 0, 0x80, 0xFE, 0xFF, 0xFF, 0xFF}));
  TensorProto bytes = tensor(TensorProto::INT8, 2);
  bytes.add_int32_data(-128);
  bytes.add_int32_data(127);
  CHECK(onnx_array(bytes).values == Array::Values(std::vector<std::int8_t>{-128, 127}));
  TensorProto reals = tensor(TensorProto::FLOAT, 1);
  reals.add_float_data(0.5F);
  CHECK(onnx_array(reals).values == Array::Values(std::vector<float>{0.5F}));
  TensorProto wide = tensor(TensorProto::DOUBLE, 1);
  wide.add_double_data(0.1);
  CHECK(onnx_array(wide).values == Array::Values(std::vector<double>{0.1}));
}

TEST_CASE("ONNX: tensors whose data are not those of their shape are refused") {
  const auto says = [](const TensorProto& proto) {
    return complaint([&] { static_cast<void>(detail::onnx_array(proto)); });
  };
  CHECK(contains(says(tensor(TensorProto::FLOAT, 1 << 30, "abcd")), "holds 4 bytes"));
  CHECK(contains(says(tensor(TensorProto::FLOAT, 1, "abcde")), "holds 5 bytes"));
  CHECK(contains(says(tensor(TensorProto::FLOAT, 1)), "holds 0 values"));
  CHECK(contains(says(tensor(TensorProto::FLOAT, -1)), "an extent of -1"));
  CHECK(contains(says(tensor(TensorProto::STRING, 1)), "STRING, which is not read"));
}
