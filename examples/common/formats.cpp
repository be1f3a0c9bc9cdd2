// SPDX-License-Identifier: BSL-1.0
#include "common/formats.hpp"

#include <algorithm>
#include <utility>

#include "common/command_line.hpp"
#include <CLI/CLI.hpp>

#include <upset/core/error.hpp>
#include <upset/pass/centre.hpp>
#include <upset/pass/correct_biases.hpp>
#include <upset/pass/equalize.hpp>

using namespace upset;

namespace {

const std::string equalised = "equalised";
const std::string corrected = "biases corrected";
const std::string per_channel = "per channel";

}  // namespace

void add_options(CLI::App& app, Quantisation& quantisation) {
  app.add_flag("--equalise", quantisation.is_equalised,
               "scale channels between layers so that their weights have like ranges, before they "
               "are rounded; batch norms have to be folded");
  app.add_flag("--correct-biases", quantisation.biases_corrected,
               "add to biases what rounding takes from the means of channels");
  app.add_flag("--per-channel", quantisation.is_per_channel,
               "weights have a scale for each output channel, not one for the layer");
}

void check(const Quantisation& quantisation, bool is_folded) {
  if (quantisation.is_equalised && !is_folded) {
    throw Error(
        "--equalise: batch norms would stand between the layers that are scaled; give --fold as "
        "well");
  }
}

std::string Quantisation::text() const {
  std::vector<std::string> words;
  const auto say = [&](bool is_so, const std::string& what) {
    if (is_so) {
      words.push_back(what);
    }
  };
  say(is_equalised, equalised);
  say(biases_corrected, corrected);
  say(is_per_channel, per_channel);
  return joined(words);
}

Quantisation Quantisation::in(const std::string& text) {
  const auto says = [&](const std::string& what) { return text.find(what) != std::string::npos; };
  return {.is_equalised = says(equalised),
          .biases_corrected = says(corrected),
          .is_per_channel = says(per_channel)};
}

std::vector<Choice> all_choices() {
  std::vector<Choice> all;
  for (const auto& more : {float_choices(), small_float_choices(), integer_choices(),
                           fixed_choices(), sign_choices()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::string known_choices() {
  using Names = std::vector<std::string>;
  std::vector<std::pair<std::string, Names>> guards_of;  // each format
  for (const Choice& choice : all_choices()) {
    if (guards_of.empty() || guards_of.back().first != choice.format) {
      guards_of.push_back({choice.format, {}});
    }
    guards_of.back().second.push_back(choice.guard);
  }
  std::vector<std::pair<Names, Names>> groups;  // guards, and the formats that have these
  for (const auto& [format, guards] : guards_of) {
    auto group = std::ranges::find(groups, guards, &std::pair<Names, Names>::first);
    if (group == groups.end()) {
      group = groups.insert(group, {guards, {}});
    }
    group->second.push_back(format);
  }
  std::string text;
  for (const auto& [guards, formats] : groups) {
    text += (text.empty() ? "" : "; ") + joined(formats) + " (" + joined(guards) + ")";
  }
  return text;
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

bool is_fitted(const Choice& choice, const Quantisation& quantisation) {
  return choice.is_calibrated || choice.is_centred || quantisation.is_equalised ||
         quantisation.biases_corrected;
}

Network in_format(const Network& net, const Choice& choice, const Quantisation& quantisation,
                  const std::function<Tensor()>& look) {
  const auto granularity =
      quantisation.is_per_channel ? Granularity::per_channel : Granularity::per_tensor;
  if (!is_fitted(choice, quantisation)) {
    return choice.build(net, granularity);
  }
  const Tensor seen = look();
  Network real = quantisation.is_equalised ? equalize(net, seen) : net;
  if (choice.is_centred) {
    real = centre_activations(real, seen);
  }
  Network result = choice.build(real, granularity);
  result.calibrate(seen);
  if (quantisation.biases_corrected) {
    correct_biases(result, real, seen);
  }
  return result;
}
