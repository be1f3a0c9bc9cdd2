// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "support/small_networks.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/parked_runs.hpp>
#include <upset/format/int8_affine.hpp>

namespace upset {
namespace {

TEST_CASE("parked runs: batches of a node, and the rest at the end, as plain inference") {
  test::Values values(1);
  const Network network = test::small_residual<Int8Affine>(values);
  Propagation propagation(network);
  std::vector<Tensor> pictures;
  for (std::size_t slot = 0; slot < 3; ++slot) {
    pictures.push_back(values.uniform({1, 10, 10, 3}, -1.0F, 1.0F));
    propagation.keep(slot, pictures[slot]);
  }
  const auto bits_of = network.activation_bits();
  detail::ParkedRuns parked;
  struct Run {
    std::size_t node;
    std::vector<std::uint64_t> bits;
    std::size_t slot;
  };
  std::vector<Run> runs;                       // numbered by `start`, which is handed on unread
  std::vector<std::size_t> concluded;          // how often each run was
  std::map<std::size_t, std::size_t> waiting;  // per node
  std::size_t wrong = 0;
  std::size_t batches = 0;
  const auto conclude = [&](const detail::ParkedRun& run, std::span<const float> output) {
    const Run& of = runs[run.start];
    ++concluded[run.start];
    const Tensor expected = test::flipped_output(network, pictures[of.slot], of.node, of.bits);
    wrong += test::different_bits(output, expected.values());
    wrong += run.slot == of.slot && run.is_exact == (run.start % 2 == 1) ? 0U : 1U;
  };
  for (std::size_t trial = 0; trial < 400 && runs.size() < 60; ++trial) {
    const std::size_t node = trial % 2 == 0 ? 0 : 4;
    std::vector<std::uint64_t> bits;
    for (std::size_t count = 100; count > 0; --count) {
      bits.push_back(values.below(bits_of[node]));
    }
    std::ranges::sort(bits);
    FaultyNode fault{.node = node, .faults = {}};
    fault.faults.activation_bits = bits;
    const std::size_t slot = trial % 3;
    (void)propagation.run(slot, {&fault, 1}, true, true);
    if (propagation.parked() == network.size()) {
      continue;
    }
    const std::size_t number = runs.size();
    runs.push_back({node, bits, slot});
    concluded.push_back(0);
    const auto before = std::ranges::count(concluded, 1U);
    parked.add(network, propagation,
               {.slot = slot, .start = number, .is_exact = number % 2 == 1, .to = nullptr},
               conclude);
    const auto now = std::ranges::count(concluded, 1U) - before;
    // nothing until there are sixteen, then all of them
    const bool is_full = ++waiting[propagation.parked()] == detail::ParkedRuns::batch;
    CHECK(now == (is_full ? 16 : 0));
    if (is_full) {
      waiting[propagation.parked()] = 0;
      ++batches;
    }
  }
  REQUIRE(runs.size() == 60);
  CHECK(batches > 0);
  CHECK(std::ranges::count(concluded, 0U) > 0);
  parked.finish(network, conclude);
  CHECK(std::ranges::count(concluded, 1U) == 60);
  parked.finish(network, conclude);  // nothing is left
  CHECK(std::ranges::count(concluded, 1U) == 60);
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace upset
