// SPDX-License-Identifier: BSL-1.0
// expect: Triplicated<T>: T must be a format without a guard; wrap the format itself
#include <upset/format/fixed.hpp>
#include <upset/guard/triplicated.hpp>

#ifdef UPSET_VALID
using Guarded = upset::Triplicated<upset::Fixed<8, 6>>;
#else
using Guarded = upset::Triplicated<upset::Triplicated<upset::Fixed<8, 6>>>;
#endif

int main() { return Guarded::word_bits == 24 ? 0 : 1; }
