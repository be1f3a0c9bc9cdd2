// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "common/make_choice.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

std::vector<Choice> integer_choices() {
  using Word = std::uint64_t;
  std::vector<Choice> all{
      make_choice<Int8Affine>("Int8Affine", "none"),
      make_choice<ParityGuarded<Int8Affine, std::uint8_t>>("Int8Affine", "parity"),
      make_choice<ParityGuarded<Int8Affine, Word>>("Int8Affine", "parity64"),
      make_choice<Secded<Int8Affine, Word>>("Int8Affine", "secded"),
      make_choice<Triplicated<Int8Affine>>("Int8Affine", "tmr"),
  };
  for (Choice& choice : all) {
    choice.is_calibrated = true;
  }
  return all;
}
