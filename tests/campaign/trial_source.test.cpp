// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "subjects.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/engine.hpp>
#include <upset/campaign/trial_source.hpp>

namespace upset {
namespace {

using test::small_network;

TEST_CASE("trial_source: single faults are different bits, and more trials keep the first") {
  Network net = small_network();
  const std::uint64_t bits = FaultSpace(net.images()).bit_count();
  const TrialSource some({.trials = 50}, net);
  const TrialSource all({.trials = bits}, net);
  CHECK(some.size() == 50);
  std::set<FaultSpace::Address> seen;
  for (std::uint64_t trial = 0; trial < bits; ++trial) {
    const TrialFaults faults = all.faults(trial);
    CHECK(faults.key == trial);
    REQUIRE(faults.weights.size() == 1);
    CHECK(faults.activations.empty());
    seen.insert(faults.weights[0]);
    if (trial < 50) {
      CHECK(faults.weights == some.faults(trial).weights);
    }
  }
  CHECK(seen.size() == bits);
  CHECK_THROWS_WITH(TrialSource({.trials = bits + 1}, net),
                    ("There are " + std::to_string(bits) + " bits to hit, fewer than " +
                     std::to_string(bits + 1) + " trials; choose exhaustive faults to try each")
                        .c_str());
  CHECK_THROWS_AS(static_cast<void>(some.faults(50)), Error);
}

TEST_CASE("trial_source: exhaustive faults are the bits in their order") {
  Network net = small_network();
  const TrialSource source({.faults = FaultChoice::exhaustive, .layers = {"second"}}, net);
  const FaultSpace space = FaultSpace(net.images()).only_named("second");
  REQUIRE(source.size() == space.bit_count());
  for (std::uint64_t trial = 0; trial < source.size(); ++trial) {
    CHECK(source.faults(trial).weights[0] == space.address(trial));
    CHECK(source.site(trial) == space.site(trial));
  }
}

TEST_CASE("trial_source: layers and bits restrict single faults") {
  Network net = small_network();
  const TrialSource source({.layers = {"first"}, .bits = {6, 7}, .trials = 100}, net);
  CHECK(source.sets() == std::vector<std::string>{"first.kernel", "first.bias", "first.input_scale",
                                                  "second.kernel", "second.bias",
                                                  "second.input_scale"});
  for (std::uint64_t trial = 0; trial < 100; ++trial) {
    const auto site = source.site(trial);
    REQUIRE(site);
    CHECK(site->set < 2);  // the scale has no such bits
    CHECK((site->bit == 6 || site->bit == 7));
    CHECK(site->role != BitRole::scale);
  }
  CHECK_THROWS_AS(TrialSource({.layers = {"third"}, .trials = 1}, net), Error);
}

TEST_CASE("trial_source: strata take turns") {
  Network net = small_network();
  const TrialSource source(
      {.layers = {"kernel", "bias"}, .stratify = StratumOf::set, .trials = 160}, net);
  REQUIRE(source.strata().size() == 4);
  std::map<std::size_t, std::set<std::uint64_t>> bits;
  std::vector<std::uint64_t> counts(4);
  for (std::uint64_t trial = 0; trial < 160; ++trial) {
    const auto site = source.site(trial);
    REQUIRE(site);
    const std::size_t stratum = source.stratum(trial);
    CHECK(source.sets()[site->set] == source.strata()[stratum].name);
    ++counts[stratum];
    bits[stratum].insert(source.space().index_of(*site));
  }
  for (std::size_t set = 0; set < 4; ++set) {
    CHECK(counts[set] == 40);
    CHECK(bits[set].size() == 40);  // none twice
  }
}

TEST_CASE("trial_source: strata of set and clear bits") {
  Network net = small_network();
  const CampaignPlan plan{.stratify = StratumOf::value, .trials = 300};
  const TrialSource source(plan, net);
  const std::vector<NamedImage> images = net.images();
  std::map<std::string, std::uint64_t> counts;
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    const FaultSpace::Address at = source.faults(trial).weights[0];
    const bool is_scale = source.site(trial)->role == BitRole::scale;
    const std::string name = is_scale                               ? "scale"
                             : images[at.image].image->test(at.bit) ? "set bits"
                                                                    : "clear bits";
    CHECK(source.strata()[source.stratum(trial)].name == name);
    ++counts[name];
  }
  CHECK(counts == std::map<std::string, std::uint64_t>{
                      {"clear bits", 100}, {"set bits", 100}, {"scale", 100}});
}

TEST_CASE("trial_source: strata that are used up are passed over") {
  Network net = small_network();
  const CampaignPlan plan{.layers = {"second.bias", "first.kernel"},
                          .bits = {0},
                          .stratify = StratumOf::set,
                          .trials = 20};
  const TrialSource source(plan, net);  // 72 bits and 4
  std::vector<std::uint64_t> counts(2);
  for (std::uint64_t trial = 0; trial < source.size(); ++trial) {
    ++counts[source.stratum(trial)];
  }
  CHECK(counts == std::vector<std::uint64_t>{16, 4});
  CampaignPlan few = plan;
  few.trials = 1;
  CHECK_THROWS_WITH_AS(TrialSource(few, net),
                       "There are 2 strata, more than 1 trials; give at least a trial for each, or "
                       "no strata",
                       upset::Error);
  few.trials = 2;
  CHECK(TrialSource(few, net).stratum(1) == 1);
  CampaignPlan until = plan;
  until.trials = 0;
  until.margin = 0.1;
  const TrialSource all(until, net);
  CHECK(all.size() == 76);
  std::set<std::uint64_t> bits;
  for (std::uint64_t trial = 0; trial < all.size(); ++trial) {
    bits.insert(all.space().index_of(*all.site(trial)));
  }
  CHECK(bits.size() == 76);
}

TEST_CASE("trial_source: a higher rate has all faults of a lower one") {
  Network net = small_network();
  const CampaignPlan plan{.faults = FaultChoice::ber, .rates = {1e-3, 1e-2, 0.1}, .trials = 20};
  const TrialSource source(plan, net);
  CHECK(source.size() == 60);
  std::uint64_t flips = 0;
  for (std::uint64_t trial = 0; trial < 40; ++trial) {
    const auto less = source.faults(trial).weights;
    const auto more = source.faults(trial + 20).weights;
    CHECK(std::ranges::is_sorted(less));
    CHECK(std::ranges::includes(more, less));
    CHECK(source.flips(trial, 5) == less.size());
    flips += more.size();
  }
  CHECK(flips > 20);
  CHECK(source.rate(19) == 1e-3);
  CHECK(source.rate(20) == 1e-2);
  CHECK_FALSE(source.site(0));
}

TEST_CASE("trial_source: rates that are close to each other are nested as well") {
  Network net = small_network();
  for (const Target target : {Target::weights, Target::activations}) {
    const CampaignPlan plan{.target = target,
                            .faults = FaultChoice::ber,
                            .rates = {0.009, 0.0095, 0.011},
                            .trials = 200};
    const TrialSource source(plan, net);
    std::size_t wrong = 0;
    std::uint64_t flips = 0;
    for (std::uint64_t trial = 0; trial < 400; ++trial) {
      const TrialFaults less = source.faults(trial);
      const TrialFaults more = source.faults(trial + 200);
      wrong += std::ranges::includes(more.weights, less.weights) ? 0U : 1U;
      flips += less.weights.size();
      if (target == Target::activations) {
        const auto fewer = detail::drawn_flips(less, 0, 5, 12 * 8);
        wrong += std::ranges::includes(detail::drawn_flips(more, 0, 5, 12 * 8), fewer) ? 0U : 1U;
        flips += fewer.size();
      }
    }
    CHECK(wrong == 0);
    CHECK(flips > 200);
  }
}

TEST_CASE("trial_source: activations, one bit or by rate") {
  Network net = small_network();
  const TrialSource source({.target = Target::activations, .faults = FaultChoice::exhaustive}, net);
  REQUIRE(source.size() == (12 + 6) * 8);
  CHECK(source.sets() == std::vector<std::string>{"first.input", "second.input"});
  CHECK(source.faults(0).activations == std::vector<ActivationFlip>{{0, 0}});
  CHECK(source.faults(12 * 8 + 3).activations == std::vector<ActivationFlip>{{2, 3}});
  CHECK(source.faults(0).weights.empty());
  const auto site = source.site(12 * 8 + 15);
  REQUIRE(site);
  CHECK(source.sets()[site->set] == "second.input");
  CHECK(site->element == 1);
  CHECK(site->bit == 7);

  const TrialSource rates({.target = Target::activations,
                           .faults = FaultChoice::ber,
                           .rates = {1e-3, 1e-1},
                           .trials = 4,
                           .seed = 9},
                          net);
  const TrialFaults first = rates.faults(1);
  const TrialFaults second = rates.faults(5);
  CHECK(first.key == second.key);  // paired
  CHECK(first.activation_rate == 1e-3);
  CHECK(second.activation_rate == 1e-1);
  CHECK(first.higher_rates == std::vector{1e-1});
  CHECK(second.higher_rates.empty());
  CHECK(second.seed == 9);
  CHECK(rates.flips(5, 100) > 1000);
  CHECK(rates.flips(5, 100) < 1900);  // 1440 expected
  Engine engine(net, test::random_pictures(Shape{12}, 3));
  CHECK(engine.run(std::vector{source.faults(100), second}).size() == 2);
}

TEST_CASE("trial_source: a list in its order, or its first rows") {
  Network net = small_network();
  const FaultSpace space(net.images());
  const CampaignPlan plan{.faults = FaultChoice::file};
  const TrialSource source(plan, net, {40, 3, 40});
  CHECK(source.size() == 3);
  CHECK(source.faults(0).weights[0] == space.address(40));
  CHECK(source.faults(1).weights[0] == space.address(3));
  CHECK(TrialSource({.faults = FaultChoice::file, .trials = 2}, net, {1, 2, 3}).size() == 2);
  CHECK_THROWS_AS(TrialSource(plan, net, {}), Error);
  CHECK_THROWS_AS(TrialSource(plan, net, {1U << 20}), Error);
}

}  // namespace
}  // namespace upset
