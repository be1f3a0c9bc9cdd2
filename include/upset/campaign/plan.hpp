// SPDX-License-Identifier: BSL-1.0
/// What a campaign is: everything its outcomes depend on.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <upset/campaign/journal.hpp>
#include <upset/campaign/sweep.hpp>
#include <upset/core/error.hpp>
#include <upset/fault/strata.hpp>

namespace upset {

/// How the faults of a campaign are chosen.
enum class FaultChoice : std::uint8_t {
  single,      ///< one bit a trial, drawn without replacement
  exhaustive,  ///< one bit a trial: all of them
  ber,         ///< every bit with a probability, at several rates
  file,        ///< one bit a trial, from a list
};

/// Outcomes depend on what is here and on nothing else.
struct CampaignPlan {
  /// What is hit, as whoever builds it calls it: network, weights, pictures, format, guard.
  PlanText subject{};
  Target target = Target::weights;
  FaultChoice faults = FaultChoice::single;
  std::vector<double> rates{};          ///< `ber`: bit error rates, ascending
  std::vector<std::string> layers{};    ///< layers or parameter sets that are hit; empty: all
  std::vector<int> bits{};              ///< positions that are hit; empty: all, scales included
  std::optional<StratumOf> stratify{};  ///< `single`: as many trials in each part
  std::uint64_t trials = 0;             ///< `ber`: at each rate; `file`: rows, 0 for all
  std::optional<double> margin{};       ///< `single`: instead of `trials`, see stopping.hpp
  double confidence = 0.99;             ///< of that margin
  std::uint64_t seed = 1;

  [[nodiscard]] friend bool operator==(const CampaignPlan&, const CampaignPlan&) = default;
};

namespace detail {

template <class Enum, std::size_t N>
using NamesOf = std::array<std::pair<std::string_view, Enum>, N>;

inline constexpr NamesOf<Target, 2> target_names{
    {{"weights", Target::weights}, {"activations", Target::activations}}};
inline constexpr NamesOf<FaultChoice, 4> choice_names{{{"single", FaultChoice::single},
                                                       {"exhaustive", FaultChoice::exhaustive},
                                                       {"ber", FaultChoice::ber},
                                                       {"file", FaultChoice::file}}};
inline constexpr NamesOf<StratumOf, 6> stratum_names{{{"layer", StratumOf::layer},
                                                      {"set", StratumOf::set},
                                                      {"bit", StratumOf::bit},
                                                      {"role", StratumOf::role},
                                                      {"layer_bit", StratumOf::layer_bit},
                                                      {"value", StratumOf::value}}};

template <class Enum, std::size_t N>
[[nodiscard]] std::string name_in(const NamesOf<Enum, N>& names, Enum value) {
  return std::string(
      std::ranges::find(names, value, &std::pair<std::string_view, Enum>::second)->first);
}

template <class Enum, std::size_t N>
[[nodiscard]] Enum value_in(const NamesOf<Enum, N>& names, const std::string& what,
                            const std::string& text) {
  std::string known;
  for (const auto& [name, value] : names) {
    if (name == text) {
      return value;
    }
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw Error(what + ": there is no '" + text + "'; choose from " + known);
}

/// The shortest text that reads back as `x`.
[[nodiscard]] inline std::string exact_text(double x) {
  char text[32];
  const char* const end = std::to_chars(text, text + sizeof text, x).ptr;
  return {static_cast<const char*>(text), end};
}

template <class T>
[[nodiscard]] T number_in(const std::string& what, std::string_view text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || stop != end) {
    throw Error(what + ": '" + std::string(text) + "' is not a number that fits");
  }
  return number;
}

/// Numbers or names with commas between; empty for an empty text.
template <class T>
[[nodiscard]] std::vector<T> list_in(const std::string& what, std::string_view text) {
  std::vector<T> list;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if constexpr (std::is_same_v<T, std::string>) {
      list.emplace_back(text.substr(0, comma));
    } else {
      list.push_back(number_in<T>(what, text.substr(0, comma)));
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return list;
}

template <class T, class ToText>
[[nodiscard]] std::string joined(const std::vector<T>& list, ToText text) {
  std::string all;
  for (const T& each : list) {
    all += (all.empty() ? "" : ",") + text(each);
  }
  return all;
}

}  // namespace detail

/// Throws `Error` for a plan that contradicts itself or asks for nothing.
inline void check_plan(const CampaignPlan& plan) {
  const auto refuse_if = [](bool wrong, const std::string& sentence) {
    if (wrong) {
      throw Error(sentence);
    }
  };
  const bool is_single = plan.faults == FaultChoice::single;
  const bool is_ber = plan.faults == FaultChoice::ber;
  refuse_if(is_ber == plan.rates.empty(),
            "Bit error rates belong to faults of the choice ber, which needs at least one");
  refuse_if(!std::ranges::is_sorted(plan.rates, std::less_equal{}),
            "Bit error rates are given in ascending order, each once");
  for (const double rate : plan.rates) {
    refuse_if(!(rate > 0 && rate <= 1),
              "A bit error rate must lie above 0 and not above 1, not " + detail::exact_text(rate));
  }
  refuse_if(is_single && (plan.trials > 0) == plan.margin.has_value(),
            "Single faults take a number of trials, or a margin that ends them; give one of both");
  refuse_if(!is_single && plan.margin.has_value(),
            "A margin ends campaigns of single faults only; leave it out");
  refuse_if(is_ber && plan.trials == 0, "A bit error rate needs at least one trial");
  refuse_if(plan.faults == FaultChoice::exhaustive && plan.trials > 0,
            "An exhaustive campaign has a trial for every bit; leave out the number of trials");
  refuse_if(!is_single && plan.stratify.has_value(),
            "Strata are for single faults only; leave them out");
  refuse_if(plan.stratify == StratumOf::value && plan.target == Target::activations,
            "Strata by value are of weights: what activations hold differs between pictures; "
            "choose other strata");
  refuse_if(plan.faults == FaultChoice::file && plan.target == Target::activations,
            "A list of faults names weights; choose weights as the target");
  const bool is_part = !plan.layers.empty() || !plan.bits.empty();
  refuse_if(plan.faults == FaultChoice::file && is_part,
            "A list of faults is run as it is; leave out layers and bits");
  refuse_if(is_ber && plan.target == Target::activations && is_part,
            "Bit error rates hit all activations; leave out layers and bits");
  const auto is_share = [](double x) { return x > 0 && x < 1; };
  refuse_if(plan.margin && !is_share(*plan.margin),
            "A margin lies between 0 and 1, as 0.01 for 1 %, and is not " +
                detail::exact_text(plan.margin.value_or(0)));
  refuse_if(!is_share(plan.confidence),
            "A confidence lies between 0 and 1, as 0.99 for 99 %, and "
            "is not " +
                detail::exact_text(plan.confidence));
}

/// A plan as a journal keeps it; what is not given is "all" or "none".
[[nodiscard]] inline PlanText plan_text(const CampaignPlan& plan) {
  const auto same = [](const std::string& text) { return text; };
  const auto number = [](auto x) { return std::to_string(x); };
  const auto or_all = [](const std::string& text) { return text.empty() ? "all" : text; };
  PlanText text = plan.subject;
  text.insert(
      text.end(),
      {{"target", detail::name_in(detail::target_names, plan.target)},
       {"faults", detail::name_in(detail::choice_names, plan.faults)},
       {"rates", plan.rates.empty() ? "none" : detail::joined(plan.rates, detail::exact_text)},
       {"layers", or_all(detail::joined(plan.layers, same))},
       {"bits", or_all(detail::joined(plan.bits, number))},
       {"stratify",
        plan.stratify ? detail::name_in(detail::stratum_names, *plan.stratify) : "none"},
       {"trials", plan.trials == 0 ? "all" : number(plan.trials)},
       {"margin", plan.margin ? detail::exact_text(*plan.margin) : "none"},
       {"confidence", plan.margin ? detail::exact_text(plan.confidence) : "none"},
       {"seed", number(plan.seed)}});
  // not chosen, but told apart from how journals of before were drawn
  if (plan.faults == FaultChoice::ber) {
    text.emplace_back("draws", "nested");
  } else if (plan.margin && plan.stratify) {
    text.emplace_back("draws", "without replacement");
  }
  return text;
}

/// The plan that `plan_text` wrote. Throws `Error` for a value that it does not write.
[[nodiscard]] inline CampaignPlan plan_of(const PlanText& text) {
  CampaignPlan plan;
  for (const auto& [name, value] : text) {
    const bool is_given = value != "all" && value != "none";
    const std::string given = is_given ? value : "";
    if (name == "target") {
      plan.target = detail::value_in(detail::target_names, name, value);
    } else if (name == "faults") {
      plan.faults = detail::value_in(detail::choice_names, name, value);
    } else if (name == "rates") {
      plan.rates = detail::list_in<double>(name, given);
    } else if (name == "layers") {
      plan.layers = detail::list_in<std::string>(name, given);
    } else if (name == "bits") {
      plan.bits = detail::list_in<int>(name, given);
    } else if (name == "stratify") {
      plan.stratify = is_given ? std::optional(detail::value_in(detail::stratum_names, name, value))
                               : std::nullopt;
    } else if (name == "trials") {
      plan.trials = is_given ? detail::number_in<std::uint64_t>(name, value) : 0;
    } else if (name == "margin") {
      plan.margin = is_given ? std::optional(detail::number_in<double>(name, value)) : std::nullopt;
    } else if (name == "confidence") {
      plan.confidence = is_given ? detail::number_in<double>(name, value) : plan.confidence;
    } else if (name == "seed") {
      plan.seed = detail::number_in<std::uint64_t>(name, value);
    } else if (name != "draws") {  // which follows from all others
      plan.subject.emplace_back(name, value);
    }
  }
  return plan;
}

}  // namespace upset
