// SPDX-License-Identifier: BSL-1.0
// expect: Fixed<N, F>: fixed point has no infinity; use Saturate or Wrap
#include <upset/format/fixed.hpp>
#include <upset/format/quantize.hpp>

#ifdef UPSET_VALID
const auto x = upset::quantize<upset::Fixed<8, 4>>(99.0, upset::nearest_even, upset::saturate);
#else
const auto x = upset::quantize<upset::Fixed<8, 4>>(99.0, upset::nearest_even, upset::to_infinity);
#endif

int main() { return static_cast<int>(x.bits()); }
