// SPDX-License-Identifier: BSL-1.0
// expect: ParityGuarded<T, Word>: T must be a format without a guard
#include <cstdint>

#include <upset/format/mono.hpp>
#include <upset/guard/guards.hpp>

#ifdef UPSET_VALID
using Guarded = upset::ParityGuarded<upset::Mono<8>, std::uint64_t>;
#else
using Guarded = upset::ParityGuarded<upset::Triplicated<upset::Mono<8> >, std::uint64_t>;
#endif

int main() { return Guarded::word_bits == 64 ? 0 : 1; }
