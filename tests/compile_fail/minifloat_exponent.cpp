// SPDX-License-Identifier: BSL-1.0
// expect: Minifloat<E, M>: E must be in 2[.][.]8, so that float holds every value
#include <upset/format/minifloat.hpp>

#ifdef UPSET_VALID
constexpr upset::Minifloat<8, 3> x{};
#else
constexpr upset::Minifloat<9, 3> x{};
#endif

int main() { return static_cast<int>(x.bits()); }
