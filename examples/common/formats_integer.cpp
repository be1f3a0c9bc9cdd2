// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <utility>

#include "common/make_choice.hpp"

#include <upset/format/formats.hpp>
#include <upset/pass/guard.hpp>

using namespace upset;

namespace {

template <Format F>
Choice make_integer_choice(std::string guard) {
  Choice choice = make_choice<F>("Int8Affine", std::move(guard));
  choice.is_calibrated = true;
  choice.guard_stored = [](const Network& net) {
    return upset::guard<Int8Affine, F, Int8Affine, BiasFormat<Int8Affine>, F>(net);
  };
  return choice;
}

}  // namespace

std::vector<Choice> integer_choices() {
  using Word = std::uint64_t;
  return {
      make_integer_choice<Int8Affine>("none"),
      make_integer_choice<ParityGuarded<Int8Affine, std::uint8_t>>("parity"),
      make_integer_choice<ParityGuarded<Int8Affine, Word>>("parity64"),
      make_integer_choice<Secded<Int8Affine, Word>>("secded"),
      make_integer_choice<Triplicated<Int8Affine>>("tmr"),
  };
}
