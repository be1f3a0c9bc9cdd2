// SPDX-License-Identifier: BSL-1.0
#include "common/make_choice.hpp"

#include <upset/format/fixed.hpp>

using namespace upset;

std::vector<Choice> fixed_choices() {
  // Weights lie within +-2, activations within +-8: the points stand where those ranges ask for.
  std::vector<Choice> all = make_guarded_choices<Fixed<8, 6>, Fixed<8, 4>>("Fixed<8,6>");
  all.push_back(make_choice<Fixed<16, 12>, Fixed<16, 10>>("Fixed<16,12>", "none"));
  return all;
}
