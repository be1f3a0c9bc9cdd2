// SPDX-License-Identifier: BSL-1.0
#include "common/make_choice.hpp"

#include <upset/format/formats.hpp>

using namespace upset;

std::vector<Choice> small_float_choices() {
  std::vector<Choice> all = make_guarded_choices<BFloat16>("BFloat16");
  all.push_back(make_choice<Float16>("Float16", "none"));
  return all;
}
