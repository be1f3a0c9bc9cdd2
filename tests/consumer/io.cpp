// SPDX-License-Identifier: BSL-1.0
// A stranger's program that uses a part with a third party of its own.
#include <cstdio>

#include <upset/io/idx.hpp>

int main() {
  try {
    (void)upset::load_idx("no/such/directory", upset::Split::test);
  } catch (const upset::Error& error) {
    std::printf("%s\n", error.what());
    return 0;
  }
  return 1;
}
