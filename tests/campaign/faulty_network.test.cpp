// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/layers.hpp"
#include "support/small_networks.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/faulty_network.hpp>
#include <upset/format/int8_affine.hpp>

namespace upset {
namespace {

std::optional<WeightEffect> no_effect(std::size_t /*node*/) { return std::nullopt; }

TEST_CASE("faulty network: sites that do not exist") {
  test::Values values(2);
  Network network = test::small_residual<Int8Affine>(values);
  detail::FaultyNetwork faulty(network);
  const std::size_t images = network.images().size();
  const auto sentence = [&](const TrialFaults& trial) {
    return test::error_of([&] { (void)faulty.prepare(trial, no_effect); });
  };
  TrialFaults trial;
  trial.weights = {{images, 0}};
  CHECK(sentence(trial) == "Memory image " + std::to_string(images) +
                               " does not exist: the network has " + std::to_string(images));
  trial.weights = {{0, network.images()[0].image->bit_count()}};
  CHECK(sentence(trial).find("lies outside a memory image of") != std::string::npos);
  trial.weights.clear();
  trial.activations = {{0, 2400}};  // 300 bytes
  CHECK(sentence(trial) == "Bit 2400 of what node 0 reads does not exist: it has 2400");
  trial.activations = {{1, 0}};  // a ReLU reads nothing from memory
  CHECK(sentence(trial) == "Bit 0 of what node 1 reads does not exist: it has 0");
  trial.activations = {{network.size(), 0}};
  CHECK_FALSE(sentence(trial).empty());
  trial.activations = {{0, 2399}};
  CHECK(sentence(trial).empty());
}

TEST_CASE("faulty network: weights are hit as long as it takes, or until that is undone") {
  test::Values values(4);
  Network network = test::small_residual<Int8Affine>(values);
  const Tensor x = values.uniform({1, 10, 10, 3}, -1.0F, 1.0F);
  const Tensor golden = network.forward(x);
  detail::FaultyNetwork faulty(network);
  const TrialFaults trial{.weights = {{0, 7}, {0, 15}}, .activations = {}};  // the signs of two
  const detail::PreparedTrial prepared = faulty.prepare(trial, no_effect);
  CHECK(prepared.needs_refresh);
  CHECK(faulty->forward(x) == golden);

  const auto images = network.images();
  images[0].image->flip(7);
  images[0].image->flip(15);
  network.refresh();
  const Tensor expected = network.forward(x);
  REQUIRE(expected != golden);
  CHECK(faulty.output(prepared, 0, 0, x, {}) == expected);
  CHECK(faulty->forward(x) == golden);
  faulty.hit(prepared);
  CHECK(faulty->forward(x) == expected);
  CHECK(faulty.output(prepared, 0, 0, x, {}) == expected);
  CHECK((*faulty).forward(x) == expected);
  faulty.undo(prepared);
  CHECK(faulty->forward(x) == golden);
}

TEST_CASE("faulty network: bits listed and bits drawn are flipped in what a node reads") {
  test::Values values(5);
  const Network network = test::small_residual<Int8Affine>(values);
  detail::FaultyNetwork faulty(network);
  TrialFaults trial{.key = 3, .weights = {}, .activations = {{0, 5}, {0, 9}}};
  detail::PreparedTrial prepared = faulty.prepare(trial, no_effect);
  CHECK(faulty.activation_flips(prepared, 0, 1) == std::vector<std::uint64_t>{5, 9});
  CHECK(faulty.activation_flips(prepared, 2, 1).empty());
  trial.activation_rate = 0.01;
  prepared = faulty.prepare(trial, no_effect);
  const auto first = faulty.activation_flips(prepared, 0, 1);
  CHECK(first.size() > 2);
  CHECK(std::ranges::is_sorted(first));
  CHECK(first == faulty.activation_flips(prepared, 0, 1));
  CHECK(first != faulty.activation_flips(prepared, 0, 2));
}

}  // namespace
}  // namespace upset
