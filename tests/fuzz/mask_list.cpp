// SPDX-License-Identifier: BSL-1.0
// Three files of one length: a list, and the pictures "a" and "b" it may name. seeds/mask_list has
// a few to begin with.
#include "fuzz.hpp"

#include <upset/io/mask_list.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return upset::test::fuzz_files(data, size, {"list", "a", "b"}, [](const auto& folder) {
    (void)upset::load_mask_list(folder / "list");
  });
}
