// SPDX-License-Identifier: BSL-1.0
// expect: Unsigned<Bits>: 1 to 64 bits; use WideWord<Bits> beyond
#include <upset/core/bits.hpp>

#ifdef UPSET_VALID
using Word = upset::Unsigned<64>;
#else
using Word = upset::Unsigned<65>;
#endif

int main() { return static_cast<int>(Word{0}); }
