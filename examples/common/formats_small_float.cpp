// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "common/make_choice.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

std::vector<Choice> small_float_choices() {
  return {
      make_choice<BFloat16>("BFloat16", "none"),
      make_choice<ParityGuarded<BFloat16, std::uint16_t>>("BFloat16", "parity"),
      make_choice<Secded<BFloat16, std::uint64_t>>("BFloat16", "secded"),
      make_choice<Float16>("Float16", "none"),
  };
}
