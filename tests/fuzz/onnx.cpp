// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <upset/io/onnx.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return upset::test::fuzz(data, size, [](auto bytes) { (void)upset::parse_onnx(bytes, "x"); });
}
