// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "make_row.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

std::vector<Row> integer_rows() {
  // Weights lie within +-2, activations within +-8: the points stand where those ranges ask for.
  using W8 = Fixed<8, 6>;
  using A8 = Fixed<8, 4>;
  using W5 = Fixed<5, 4>;
  using A5 = Fixed<5, 2>;
  using Word = std::uint64_t;
  constexpr Training tuned = Training::fine_tuned;
  return {
      make_row<Int8Affine>("Int8Affine", "none"),
      make_row<ParityGuarded<Int8Affine, std::uint8_t>>("Int8Affine", "parity/weight"),
      make_row<ParityGuarded<Int8Affine, Word>>("Int8Affine", "parity/64"),
      make_row<W8, A8>("Fixed<8,6>", "none", tuned),
      make_row<MsbDuplicated<W8>, MsbDuplicated<A8>>("Fixed<8,6>", "MSB", tuned),
      make_row<Triplicated<W8>, Triplicated<A8>>("Fixed<8,6>", "TMR", tuned),
      make_row<ParityGuarded<W8, Word>, ParityGuarded<A8, Word>>("Fixed<8,6>", "parity/64", tuned),
      make_row<Secded<W8, Word>, Secded<A8, Word>>("Fixed<8,6>", "SECDED/64", tuned),
      make_row<W5, A5>("Fixed<5,4>", "none", tuned),
  };
}
