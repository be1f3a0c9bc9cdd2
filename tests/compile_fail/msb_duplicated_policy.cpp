// SPDX-License-Identifier: BSL-1.0
// expect: MsbDuplicated<T, OnMismatch>: OnMismatch must be ZeroOnMismatch or ClearOnMismatch
#include <upset/format/fixed.hpp>
#include <upset/guard/msb_duplicated.hpp>

#ifdef UPSET_VALID
using Guarded = upset::MsbDuplicated<upset::Fixed<8, 6>, upset::ClearOnMismatch>;
#else
using Guarded = upset::MsbDuplicated<upset::Fixed<8, 6>, int>;
#endif

int main() { return Guarded::word_bits == 9 ? 0 : 1; }
