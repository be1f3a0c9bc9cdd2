// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <upset/campaign/plan.hpp>

namespace upset {
namespace {

[[nodiscard]] CampaignPlan single() { return {.trials = 100}; }

TEST_CASE("plan: written down and read again") {
  CampaignPlan plan = single();
  plan.subject = {{"network", "resnet20"}, {"format", "Fixed<8,6>"}};
  CHECK(plan_of(plan_text(plan)) == plan);
  plan.layers = {"conv1", "linear.kernel"};
  plan.bits = {30, 31};
  plan.stratify = StratumOf::layer_bit;
  plan.seed = ~std::uint64_t{0};
  CHECK(plan_of(plan_text(plan)) == plan);
  plan.stratify = StratumOf::value;
  CHECK(plan_of(plan_text(plan)) == plan);
  plan.trials = 0;
  plan.margin = 0.0125;
  plan.confidence = 0.95;
  plan.stratify = StratumOf::layer_bit;
  plan.target = Target::activations;
  CHECK(plan_of(plan_text(plan)) == plan);
  const CampaignPlan ber{.faults = FaultChoice::ber, .rates = {1e-7, 0.1, 1}, .trials = 3};
  CHECK(plan_of(plan_text(ber)) == ber);
  for (const FaultChoice choice : {FaultChoice::exhaustive, FaultChoice::file}) {
    const CampaignPlan all{.faults = choice};
    CHECK(plan_of(plan_text(all)) == all);
  }
}

TEST_CASE("plan: the text says what a person would ask") {
  CampaignPlan plan = single();
  plan.subject = {{"network", "lenet5"}};
  const PlanText expected{{"network", "lenet5"},  {"target", "weights"}, {"faults", "single"},
                          {"rates", "none"},      {"layers", "all"},     {"bits", "all"},
                          {"stratify", "none"},   {"trials", "100"},     {"margin", "none"},
                          {"confidence", "none"}, {"seed", "1"}};
  CHECK(plan_text(plan) == expected);
}

TEST_CASE("plan: values that nobody writes are refused") {
  CHECK_THROWS_WITH(static_cast<void>(plan_of({{"target", "scales"}})),
                    "target: there is no 'scales'; choose from weights, activations");
  CHECK_THROWS_WITH(static_cast<void>(plan_of({{"seed", "-1"}})),
                    "seed: '-1' is not a number that fits");
  CHECK_THROWS_WITH(static_cast<void>(plan_of({{"bits", "1,,2"}})),
                    "bits: '' is not a number that fits");
}

TEST_CASE("plan: contradictions are refused") {
  CHECK_NOTHROW(check_plan(single()));
  const auto refused = [](const auto& change) {
    CampaignPlan plan = single();
    change(plan);
    CHECK_THROWS_AS(check_plan(plan), Error);
  };
  refused([](CampaignPlan& plan) { plan.trials = 0; });
  refused([](CampaignPlan& plan) { plan.margin = 0.01; });
  refused([](CampaignPlan& plan) { plan.rates = {1e-3}; });
  refused([](CampaignPlan& plan) { plan.faults = FaultChoice::ber; });
  refused([](CampaignPlan& plan) { plan.faults = FaultChoice::exhaustive; });
  const auto refused_ber = [&](const auto& change) {
    refused([&](CampaignPlan& plan) {
      plan.faults = FaultChoice::ber;
      plan.rates = {1e-4, 1e-3};
      CHECK_NOTHROW(check_plan(plan));
      change(plan);
    });
  };
  refused_ber([](CampaignPlan& plan) { plan.rates = {1e-3, 1e-4}; });
  refused_ber([](CampaignPlan& plan) { plan.rates = {1e-3, 1e-3}; });
  refused_ber([](CampaignPlan& plan) { plan.rates = {0, 1e-3}; });
  refused_ber([](CampaignPlan& plan) { plan.rates = {1.5}; });
  refused_ber([](CampaignPlan& plan) { plan.trials = 0; });
  refused_ber([](CampaignPlan& plan) { plan.stratify = StratumOf::layer; });
  refused_ber([](CampaignPlan& plan) {
    plan.target = Target::activations;
    plan.bits = {31};
  });
  refused([](CampaignPlan& plan) {
    plan.faults = FaultChoice::file;
    plan.target = Target::activations;
  });
  refused([](CampaignPlan& plan) {
    plan.faults = FaultChoice::file;
    plan.layers = {"conv1"};
  });
  refused([](CampaignPlan& plan) {
    plan.stratify = StratumOf::value;
    CHECK_NOTHROW(check_plan(plan));
    plan.target = Target::activations;
  });
  refused([](CampaignPlan& plan) {
    plan.trials = 0;
    plan.margin = 1.0;
  });
  CHECK_THROWS_WITH_AS(check_plan({.margin = std::nan("")}),
                       "A margin lies between 0 and 1, as 0.01 for 1 %, and is not nan", Error);
  CHECK_THROWS_WITH_AS(check_plan({.margin = 0.01, .confidence = 99}),
                       "A confidence lies between 0 and 1, as 0.99 for 99 %, and is not 99", Error);
}

}  // namespace
}  // namespace upset
