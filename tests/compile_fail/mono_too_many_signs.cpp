// SPDX-License-Identifier: BSL-1.0
// expect: Mono<M>: M must be in 1[.][.]16 signs, as in Mono<8>
#include <upset/format/mono.hpp>

#ifdef UPSET_VALID
constexpr upset::Mono<16> x{};
#else
constexpr upset::Mono<17> x{};
#endif

int main() { return static_cast<int>(x.bits()); }
