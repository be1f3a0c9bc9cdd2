// SPDX-License-Identifier: BSL-1.0
// expect: Minifloat<E, M>: M must be in 1[.][.]23, so that float holds every value
#include <upset/format/minifloat.hpp>

#ifdef UPSET_VALID
constexpr upset::Minifloat<5, 1> x{};
#else
constexpr upset::Minifloat<5, 0> x{};
#endif

int main() { return static_cast<int>(x.bits()); }
