// SPDX-License-Identifier: BSL-1.0
// expect: Fixed<N, F>: N must be in 2[.][.]32, as in Fixed<16, 8>
#include <upset/format/fixed.hpp>

#ifdef UPSET_VALID
constexpr upset::Fixed<32, 8> x{};
#else
constexpr upset::Fixed<33, 8> x{};
#endif

int main() { return static_cast<int>(x.bits()); }
