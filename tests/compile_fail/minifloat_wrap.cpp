// SPDX-License-Identifier: BSL-1.0
// expect: Minifloat<E, M>: a float cannot wrap; use Saturate or ToInfinity
#include <upset/format/minifloat.hpp>
#include <upset/format/quantize.hpp>

#ifdef UPSET_VALID
const auto x = upset::quantize<upset::Minifloat<4, 3>>(9e9, upset::nearest_even, upset::saturate);
#else
const auto x = upset::quantize<upset::Minifloat<4, 3>>(9e9, upset::nearest_even, upset::wrap);
#endif

int main() { return static_cast<int>(x.bits()); }
