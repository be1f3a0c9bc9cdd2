// SPDX-License-Identifier: BSL-1.0
// expect: Fixed<N, F>: F counts bits behind the point, so 0 <= F < N
#include <upset/format/fixed.hpp>

#ifdef UPSET_VALID
constexpr upset::Fixed<8, 7> x{};
#else
constexpr upset::Fixed<8, 8> x{};
#endif

int main() { return static_cast<int>(x.bits()); }
