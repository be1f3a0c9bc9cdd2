// SPDX-License-Identifier: BSL-1.0
// expect: WideWord<Bits>: up to 64 bits use Unsigned<Bits>
#include <upset/core/bits.hpp>

#ifdef UPSET_VALID
constexpr upset::WideWord<65> word{};
#else
constexpr upset::WideWord<64> word{};
#endif

int main() { return static_cast<int>(word.limbs[0]); }
