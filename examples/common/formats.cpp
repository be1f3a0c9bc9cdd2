// SPDX-License-Identifier: BSL-1.0
#include "common/formats.hpp"

#include <upset/core/error.hpp>
#include <upset/pass/centre.hpp>

using namespace upset;

std::vector<Choice> all_choices() {
  std::vector<Choice> all;
  for (const auto& more : {float_choices(), small_float_choices(), integer_choices(),
                           fixed_choices(), sign_choices()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::string known_choices() {
  std::string text;
  std::string format;
  for (const Choice& choice : all_choices()) {
    text += choice.format == format ? ", " : (text.empty() ? "" : "); ") + choice.format + " (";
    text += choice.guard;
    format = choice.format;
  }
  return text + ")";
}

Choice find_choice(const std::string& format, const std::string& guard) {
  for (Choice& choice : all_choices()) {
    if (choice.format == format && choice.guard == guard) {
      return std::move(choice);
    }
  }
  throw Error("--format, --guard: there is no " + format + " with guard " + guard +
              "; choose from " + known_choices());
}

Network in_format(const Network& net, const Choice& choice, const std::function<Tensor()>& look) {
  if (!choice.is_calibrated && !choice.is_centred) {
    return choice.build(net);
  }
  const Tensor seen = look();
  Network result = choice.build(choice.is_centred ? centre_activations(net, seen) : net);
  result.calibrate(seen);
  return result;
}
