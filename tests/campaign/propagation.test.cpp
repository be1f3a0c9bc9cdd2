// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

#include "support/changed_picture.hpp"
#include "support/draws.hpp"
#include "support/small_networks.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/propagation.hpp>
#include <upset/format/bfloat16.hpp>
#include <upset/format/int8_affine.hpp>

namespace upset {
namespace {

constexpr std::size_t propagated_trials = test::draws(150, 20);

// Node `node` is one that multiplies, and faults hit.
[[nodiscard]] std::vector<std::size_t> products(const Network& network) {
  std::vector<std::size_t> found;
  for (std::size_t n = 0; n < network.size(); ++n) {
    if (network.nodes()[n].layer.kind() == "Conv2d" || network.nodes()[n].layer.kind() == "Dense") {
      found.push_back(n);
    }
  }
  return found;
}

TEST_CASE("propagation: flips in activations, bit for bit") {
  test::Values values(1);
  const Network network = test::small_residual<Int8Affine>(values);
  Propagation propagation(network);
  const auto bits_of = network.activation_bits();
  const auto nodes = products(network);
  std::array<Tensor, 2> pictures;
  for (std::size_t slot = 0; slot < 2; ++slot) {
    pictures[slot] = values.uniform({1, 10, 10, 3}, -1.0F, 1.0F);
    propagation.keep(slot, pictures[slot]);
    CHECK(test::different_bits(propagation.golden_output(slot),
                               network.forward(pictures[slot]).values()) == 0);
  }
  std::size_t wrong = 0;
  std::array<std::size_t, 2> seen{};  // masked, not
  for (std::size_t trial = 0; trial < propagated_trials; ++trial) {
    const std::size_t slot = values.below(2);
    const std::size_t node = nodes[values.below(nodes.size())];
    std::vector<std::uint64_t> bits;
    for (std::size_t count = trial % 10 == 9 ? 200 : 1 + trial % 3; count > 0; --count) {
      bits.push_back(values.below(bits_of[node]));
    }
    std::ranges::sort(bits);
    FaultyNode fault{.node = node, .faults = {}};
    fault.faults.activation_bits = bits;
    const Tensor expected = test::flipped_output(network, pictures[slot], node, bits);
    for (const bool early : {true, false}) {
      const Change& change = propagation.run(slot, {&fault, 1}, early);
      const auto found = test::value_after(propagation.golden_output(slot), change);
      wrong += test::different_bits(found, expected.values());
      wrong += change.is_exact && !change.is_suspect && !propagation.is_settled() ? 0U : 1U;
      wrong += propagation.parked() == network.size() ? 0U : 1U;
      wrong += change.is_none() == (test::different_bits(propagation.golden_output(slot),
                                                         expected.values()) == 0)
                   ? 0U
                   : 1U;
      ++seen[change.is_none() ? 0 : 1];
    }
  }
  CHECK(wrong == 0);
  CHECK(std::ranges::min(seen) > 3);
  CHECK(propagation.run(0, {}).is_none());
}

TEST_CASE("propagation: flips in weights of several nodes, bit for bit") {
  test::Values values(2);
  Network network = test::small_residual<Int8Affine>(values);
  Propagation propagation(network);
  const Tensor x = values.uniform({1, 10, 10, 3}, -1.0F, 1.0F);
  propagation.keep(0, x);
  const auto nodes = products(network);
  std::size_t wrong = 0;
  std::size_t whole = 0;
  for (std::size_t trial = 0; trial < propagated_trials; ++trial) {
    std::vector<std::size_t> hit;
    std::vector<MemoryImage*> images;
    std::vector<std::uint64_t> bits;
    for (const std::size_t node : nodes) {
      if (values.below(3) == 0) {
        hit.push_back(node);
        auto memory = network.layer(node).images();
        images.push_back(memory[values.below(memory.size())].image);
        bits.push_back(values.below(images.back()->bit_count()));
        images.back()->flip(bits.back());
      }
    }
    std::vector<std::optional<WeightEffect>> effects;
    for (const std::size_t node : hit) {
      effects.push_back(propagation.effect(node));
      network.layer(node).refresh();
    }
    std::vector<FaultyNode> faults;
    for (std::size_t n = 0; n < hit.size(); ++n) {
      FaultyNode fault{.node = hit[n], .faults = {}, .is_whole = !effects[n].has_value()};
      fault.faults.weights = effects[n] ? &*effects[n] : nullptr;
      fault.faults.is_refreshed = true;
      whole += fault.is_whole ? 1U : 0U;
      faults.push_back(fault);
    }
    const Change& change = propagation.run(0, faults);
    const auto found = test::value_after(propagation.golden_output(0), change);
    wrong += test::different_bits(found, network.forward(x).values());
    wrong += change.is_exact && !change.is_suspect ? 0U : 1U;
    for (std::size_t n = 0; n < hit.size(); ++n) {
      images[n]->flip(bits[n]);
      network.layer(hit[n]).refresh();
    }
  }
  CHECK(wrong == 0);
  CHECK(whole > 0);
}

TEST_CASE("propagation: a parked run goes on from the values it leaves") {
  test::Values values(3);
  const Network network = test::small_residual<Int8Affine>(values);
  Propagation propagation(network);
  const Tensor x = values.uniform({1, 10, 10, 3}, -1.0F, 1.0F);
  propagation.keep(0, x);
  const auto bits_of = network.activation_bits();
  std::size_t parked = 0;
  std::size_t wrong = 0;
  for (std::size_t trial = 0; trial < propagated_trials; ++trial) {
    const std::size_t node = std::array<std::size_t, 3>{0, 2, 4}[trial % 3];
    std::vector<std::uint64_t> bits;
    for (std::size_t count = 1 + 40 * (trial % 4); count > 0; --count) {
      bits.push_back(values.below(bits_of[node]));
    }
    std::ranges::sort(bits);
    FaultyNode fault{.node = node, .faults = {}};
    fault.faults.activation_bits = bits;
    const Change& change = propagation.run(0, {&fault, 1}, true, true);
    Tensor output(network.output_shape().with_batch(1));
    if (propagation.parked() == network.size()) {
      std::ranges::copy(test::value_after(propagation.golden_output(0), change),
                        output.values().begin());
    } else {
      ++parked;
      wrong += propagation.parked() > node ? 0U : 1U;
      std::vector<Tensor> known(propagation.parked());
      for (const std::size_t n : propagation.live(propagation.parked())) {
        known[n] = Tensor(network.nodes()[n].shape.with_batch(1));
        propagation.write(0, n, known[n].values());
      }
      output = network.forward_from(propagation.parked(), x, known);
    }
    wrong += test::different_bits(output, test::flipped_output(network, x, node, bits));
  }
  CHECK(wrong == 0);
  CHECK(parked > propagated_trials / 5);
}

// Rounding may carry into the bit: 0.99999994 and 1 differ in bit 23, whose flip gives 2 and 0.5.
TEST_CASE_TEMPLATE("propagation: a flip of what is off by rounding is suspect", F, Float32,
                   BFloat16, Int8Affine) {
  test::Values values(6);
  Network network = test::small_residual<F>(values);
  Propagation propagation(network);
  propagation.keep(0, values.uniform({1, 10, 10, 3}, -1.0F, 1.0F));
  constexpr std::size_t conv2 = 2;
  constexpr std::size_t dense = 12;
  const std::vector<std::uint64_t> bits{6};  // which changes what is behind
  FaultyNode first{.node = conv2, .faults = {}};
  FaultyNode second{.node = dense, .faults = {}};
  first.faults.activation_bits = second.faults.activation_bits = bits;
  const auto is_suspect = [&](std::vector<FaultyNode> faults) {
    return propagation.run(0, faults).is_suspect;
  };
  constexpr bool is_rounded = !std::is_same_v<F, Int8Affine>;
  CHECK_FALSE(is_suspect({first}));
  CHECK_FALSE(is_suspect({second}));
  CHECK(is_suspect({first, second}) == is_rounded);
  // the flip of a weight makes sums inexact, too
  MemoryImage& kernel = *network.layer(conv2).images()[0].image;
  kernel.flip(6);
  const auto effect = propagation.effect(conv2);
  kernel.flip(6);
  network.layer(conv2).refresh();
  REQUIRE(effect);
  first.faults.weights = &*effect;
  CHECK_FALSE(is_suspect({first}));  // exact is what is flipped beside it
  first.faults.activation_bits = {};
  CHECK_FALSE(is_suspect({first}));
  CHECK(is_suspect({first, second}) == is_rounded);
}

TEST_CASE("propagation: values that are live are those somebody still reads") {
  test::Values values(4);
  const Network network = test::small_residual<Int8Affine>(values);
  const Propagation propagation(network);
  for (std::size_t at = 0; at <= network.size(); ++at) {
    CAPTURE(at);
    std::vector<std::size_t> expected;
    for (std::size_t n = 0; n < at; ++n) {
      bool is_read = n + 1 == network.size();  // the output
      for (std::size_t m = at; m < network.size(); ++m) {
        is_read = is_read || std::ranges::count(network.nodes()[m].inputs, n) > 0;
      }
      if (is_read) {
        expected.push_back(n);
      }
    }
    CHECK(propagation.live(at) == expected);
  }
}

TEST_CASE("propagation: of floats, runs that are settled keep their class") {
  test::Values values(5);
  const Network network = test::small_residual<Float32>(values);
  const OutputBound bound(network);
  Propagation propagation(network, &bound);
  const auto bits_of = network.activation_bits();
  const auto nodes = products(network);
  std::size_t settled = 0;
  std::size_t wrong = 0;
  for (std::size_t picture = 0; picture < 4; ++picture) {
    const Tensor x = values.uniform({1, 10, 10, 3}, -1.0F, 1.0F);
    propagation.keep(0, x);
    const auto golden = propagation.golden_output(0);
    const std::size_t before = predicted_class(golden);
    for (std::size_t trial = 0; trial < propagated_trials; ++trial) {
      const std::size_t node = nodes[values.below(nodes.size())];
      const std::vector<std::uint64_t> bits{values.below(bits_of[node])};
      FaultyNode fault{.node = node, .faults = {}};
      fault.faults.activation_bits = bits;
      const Change& change = propagation.run(0, {&fault, 1});
      const Tensor expected = test::flipped_output(network, x, node, bits);
      if (propagation.is_settled()) {
        ++settled;
        wrong += predicted_class(expected.values()) == before ? 0U : 1U;
      } else if (!change.is_suspect) {
        // sums in another order differ by no more than `is_certain` allows for
        const auto found = test::value_after(golden, change);
        for (std::size_t k = 0; k < found.size(); ++k) {
          float largest = 0;
          for (const float logit : expected.values()) {
            largest = std::max(largest, std::abs(logit));
          }
          wrong += std::abs(found[k] - expected[k]) <= 0x1p-12F * largest ? 0U : 1U;
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(settled > propagated_trials / 4);  // of use
}

}  // namespace
}  // namespace upset
