// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "common/make_choice.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

std::vector<Choice> float_choices() {
  return {
      make_choice<Float32>("Float32", "none"),
      make_choice<ParityGuarded<Float32, std::uint32_t>>("Float32", "parity"),
      make_choice<ParityGuarded<Float32, std::uint64_t>>("Float32", "parity64"),
      make_choice<Secded<Float32, std::uint64_t>>("Float32", "secded"),
      make_choice<Triplicated<Float32>>("Float32", "tmr"),
  };
}
