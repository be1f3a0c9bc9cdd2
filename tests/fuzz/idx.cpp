// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <upset/io/idx.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return upset::test::fuzz_files(
      data, size, {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
      [](const auto& folder) { (void)upset::load_idx(folder, upset::Split::test); });
}
