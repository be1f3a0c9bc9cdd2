// SPDX-License-Identifier: BSL-1.0
#include "fuzz.hpp"

#include <upset/io/cifar10.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return upset::test::fuzz_files(data, size, {"test_batch.bin"}, [](const auto& folder) {
    (void)upset::load_cifar10(folder, upset::Split::test);
  });
}
