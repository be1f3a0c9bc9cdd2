// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "common/make_choice.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

std::vector<Choice> fixed_choices() {
  // Weights lie within +-2, activations within +-8: the points stand where those ranges ask for.
  using W = Fixed<8, 6>;
  using A = Fixed<8, 4>;
  using Word = std::uint64_t;
  return {
      make_choice<W, A>("Fixed<8,6>", "none"),
      make_choice<ParityGuarded<W, Word>, ParityGuarded<A, Word>>("Fixed<8,6>", "parity64"),
      make_choice<Secded<W, Word>, Secded<A, Word>>("Fixed<8,6>", "secded"),
      make_choice<Triplicated<W>, Triplicated<A>>("Fixed<8,6>", "tmr"),
      make_choice<MsbDuplicated<W>, MsbDuplicated<A>>("Fixed<8,6>", "msb"),
      make_choice<Fixed<16, 12>, Fixed<16, 10>>("Fixed<16,12>", "none"),
  };
}
