// SPDX-License-Identifier: BSL-1.0
// A stranger's program: the core of upset, with the standard library alone.
#include <cstdio>

#include <upset/upset.hpp>

int main() {
  const auto x = upset::Fixed<8, 4>::from_bits(0x18);
  const auto y = upset::flip<6>(x);
  std::printf("1.5 in Fixed<8,4> is %d/16; with bit 6 flipped, %d/16\n", x.bits(), y.bits());
  return x.bits() == 0x18 && y.bits() == 0x58 ? 0 : 1;
}
