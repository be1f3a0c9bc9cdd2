// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "common/make_choice.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

std::vector<Choice> sign_choices() {
  std::vector<Choice> all{
      make_choice<Mono<8>>("Mono<8>", "none"),
      make_choice<ParityGuarded<Mono<8>, std::uint64_t>>("Mono<8>", "parity64"),
      make_choice<Mono<5>>("Mono<5>", "none"),
      make_choice<MultiLevelBinary<4>>("MultiLevelBinary<4>", "none"),
  };
  for (Choice& choice : all) {
    choice.is_calibrated = true;
    choice.is_centred = true;
  }
  return all;
}
