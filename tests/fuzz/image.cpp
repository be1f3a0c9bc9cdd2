// SPDX-License-Identifier: BSL-1.0
// stb_image is compiled in, so that sanitizers see it too.
#define STB_IMAGE_IMPLEMENTATION
#include "fuzz.hpp"
#include <stb/stb_image.h>
#undef STB_IMAGE_IMPLEMENTATION

#include <upset/io/image.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return upset::test::fuzz(data, size, [](auto bytes) { (void)upset::decode_image(bytes, "x"); });
}
