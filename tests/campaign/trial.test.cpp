// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <upset/campaign/trial.hpp>

namespace upset {
namespace {

TEST_CASE("trial: flips are ordered by node, then by bit") {
  std::vector<ActivationFlip> flips{{2, 1}, {1, 7}, {2, 0}, {0, 9}, {1, 3}};
  std::ranges::sort(flips);
  CHECK(flips == std::vector<ActivationFlip>{{0, 9}, {1, 3}, {1, 7}, {2, 0}, {2, 1}});
  CHECK(ActivationFlip{1, 2} == ActivationFlip{1, 2});
  CHECK(ActivationFlip{1, 2} != ActivationFlip{2, 1});
}

TEST_CASE("trial: nothing is hit unless said so") {
  const TrialFaults trial;
  CHECK(trial.weights.empty());
  CHECK(trial.activations.empty());
  CHECK(trial.activation_rate == 0);
  const detail::PreparedTrial prepared{.faults = &trial};
  CHECK(prepared.nodes.empty());
  CHECK_FALSE(prepared.needs_refresh);
  CHECK(prepared.check == Check::intact);
}

TEST_CASE("trial: later levels leave out more") {
  CHECK(EngineLevel::o0 < EngineLevel::o1);
  CHECK(EngineLevel::o1 < EngineLevel::o2);
  CHECK(EngineLevel::o2 < EngineLevel::o3);
}

}  // namespace
}  // namespace upset
