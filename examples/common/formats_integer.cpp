// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <utility>

#include "common/make_choice.hpp"

#include <upset/format/int8_affine.hpp>
#include <upset/pass/guard.hpp>

using namespace upset;

std::vector<Choice> integer_choices() {
  return under_every_guard<Int8Affine, Int8Affine>([]<Format F, Format>(std::string guard) {
    Choice choice = make_choice<F>("Int8Affine", std::move(guard));
    choice.is_calibrated = true;
    choice.guard_stored = [](const Network& net) {
      return upset::guard<Int8Affine, F, Int8Affine, BiasFormat<Int8Affine>, F>(net);
    };
    return choice;
  });
}
