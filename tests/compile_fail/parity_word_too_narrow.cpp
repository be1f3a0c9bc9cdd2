// SPDX-License-Identifier: BSL-1.0
// expect: ParityGuarded<T, Word>: Word must hold one code of T at least; take a wider Word
#include <cstdint>

#include <upset/format/float32.hpp>
#include <upset/guard/parity_guarded.hpp>

#ifdef UPSET_VALID
using Guarded = upset::ParityGuarded<upset::Float32, std::uint32_t>;
#else
using Guarded = upset::ParityGuarded<upset::Float32, std::uint16_t>;
#endif

int main() { return Guarded::lanes == 1 ? 0 : 1; }
