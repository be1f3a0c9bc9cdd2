// SPDX-License-Identifier: BSL-1.0
#include "common/make_choice.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

std::vector<Choice> sign_choices() {
  std::vector<Choice> all = make_guarded_choices<Mono<8>>("Mono<8>");
  all.push_back(make_choice<Mono<5>>("Mono<5>", "none"));
  all.push_back(make_choice<MultiLevelBinary<4>>("MultiLevelBinary<4>", "none"));
  for (Choice& choice : all) {
    choice.is_calibrated = true;
    choice.is_centred = true;
  }
  return all;
}
