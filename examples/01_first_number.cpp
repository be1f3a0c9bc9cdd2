// SPDX-License-Identifier: BSL-1.0
// What does one flipped bit do to a number, and who notices?
#include <array>
#include <iostream>

#include <upset/upset.hpp>

using namespace upset;

int main() {
  constexpr Fixed<8, 4> x{1.5};  // 8 bits in all, 4 behind the point
  constexpr BFloat16 y{1.5F};
  std::cout << "Fixed<8,4>  " << x.value() << " -> " << flip<7>(x).value() << '\n';
  std::cout << "BFloat16    " << float{y} << " -> " << float{flip<14>(y)} << '\n';
  // flip<8>(x);  does not compile: bit 8 of an 8-bit format does not exist

  // The compiler knows what each flip costs: all bits of Mono<8> weigh the same.
  static_assert(flip_profile<Mono<8>>()[0].worst == flip_profile<Mono<8>>()[7].worst);

  // In a word of four numbers under parity the flip is noticed, and the word reads as zero.
  constexpr std::array values{1.5F, -2.0F, 0.25F, 3.0F};
  Memory<ParityGuarded<Fixed<8, 4>, std::uint32_t>> memory(values, {{}});
  memory.flip(memory.bit_index(0, 7));
  std::array<float, 4> read{};
  memory.decode(read);
  std::cout << "guarded     " << values[0] << " -> " << read[0] << '\n';
}
