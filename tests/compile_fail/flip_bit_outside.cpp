// SPDX-License-Identifier: BSL-1.0
// expect: flip<B>[(]x[)]: B is a bit of the format of x, so 0 <= B < width; bit 0 is the lowest
#include <upset/format/bit_access.hpp>
#include <upset/format/fixed.hpp>

#ifdef UPSET_VALID
const auto x = upset::flip<7>(upset::Fixed<8, 4>{});
#else
const auto x = upset::flip<8>(upset::Fixed<8, 4>{});
#endif

int main() { return static_cast<int>(x.bits()); }
