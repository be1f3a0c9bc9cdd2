// SPDX-License-Identifier: BSL-1.0
// expect: GammaScale<Count>: Count must be in 1[.][.]16
#include <upset/format/gamma.hpp>

#ifdef UPSET_VALID
constexpr upset::GammaScale<16> x{};
#else
constexpr upset::GammaScale<17> x{};
#endif

int main() { return x.test(0) ? 1 : 0; }
