// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <upset/io/tflite.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return upset::test::fuzz(data, size, [](auto bytes) {
    (void)upset::network_of(upset::parse_tflite_graph({bytes.begin(), bytes.end()}, {}, "x"));
  });
}
