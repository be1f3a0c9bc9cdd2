// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "fault/memories.hpp"
#include <doctest/doctest.h>

#include <upset/fault/injection.hpp>

using namespace upset;
using namespace upset::test;

namespace {

/// Positions at which two bit vectors differ.
std::vector<std::uint64_t> differences(const std::vector<bool>& a, const std::vector<bool>& b) {
  std::vector<std::uint64_t> at;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) {
      at.push_back(i);
    }
  }
  return at;
}

/// Flips two bits, and throws at `bad` in between.
struct Failing {
  std::uint64_t bad;

  template <class Flip>
  void hit(const MemoryImage& /*image*/, std::uint64_t bit, Flip&& flip) const {
    flip(bit);
    if (bit == bad) {
      throw Error("no such cell");
    }
    flip(bit + 1);
  }
  [[nodiscard]] static std::string name() { return "failing"; }
};

template <class... T>
using FormatsAndGuards = decltype(std::tuple_cat(
    std::declval<std::tuple<T, ParityGuarded<T, Unsigned<T::width>>,
                            ParityGuarded<T, std::uint64_t>, ParityGuarded<T, WideWord<256>>,
                            Triplicated<T>, MsbDuplicated<T>, Secded<T, std::uint64_t>>>()...));
using Everything =
    FormatsAndGuards<Float32, BFloat16, Float16, Minifloat<4, 3>, Fixed<8, 4>, Fixed<5, 3>,
                     Fixed<32, 16>, Int8Affine, Binary, Mono<5>, Mono<8>, MultiLevelBinary<4>>;

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("ScopedInjection: flips the sites and no other bit, and undoes it", F,
                          undone_injections) {
  Memories memories;
  memories.add<F>("kernel", 75);
  memories.add<F>("bias", 6, 3);
  const FaultSpace space = memories.space();
  const std::vector<bool> golden = memories.bits();
  std::vector<float> golden_values(75);
  memories.named()[0].image->decode(golden_values);
  REQUIRE(golden.size() == space.bit_count());

  for (std::uint64_t trial = 0; trial < 5; ++trial) {
    Random random(1, trial);
    const std::uint64_t count = trial == 4 ? space.bit_count() : 1 + 7 * trial;
    const auto sites = sample_exact(space, count, random);
    {
      const ScopedInjection injection(space, sites);
      CHECK(injection.faults() == count);
      CHECK(injection.flipped() == count);
      CHECK(injection.masked() == 0);
      CHECK(differences(memories.bits(), golden) == sites);
    }
    CHECK(memories.bits() == golden);
    // stuck-at changes only what was different, bursts overlap; both leave no trace
    {
      const ScopedInjection stuck(space, sites, StuckAt1{});
      const ScopedInjection burst(space, sites, Burst{5});
      CHECK(stuck.flipped() + stuck.masked() == count);
      CHECK(burst.flipped() >= count);
    }
    CHECK(memories.bits() == golden);
  }
  std::vector<float> values(75);
  memories.named()[0].image->decode(values);
  CHECK(values == golden_values);
}
TEST_CASE_TEMPLATE_APPLY(undone_injections, Everything);

TEST_CASE("ScopedInjection: a flipped bit is read") {
  Memories memories;
  const Memory<Float32>& memory = memories.add<Float32>("kernel", 3);
  const FaultSpace space = memories.space();
  std::vector<float> golden(3);
  std::vector<float> read(3);
  memory.decode(golden);
  ScopedInjection injection(space, space.find("kernel", 1, 31));
  memory.decode(read);
  CHECK(read[0] == golden[0]);
  CHECK(read[1] == -golden[1]);
  CHECK(read[2] == golden[2]);
  injection.undo();
  memory.decode(read);
  CHECK(read == golden);
  injection.undo();  // a second time changes nothing
  memory.decode(read);
  CHECK(read == golden);
  CHECK(injection.flipped() == 1);
}

TEST_CASE("ScopedInjection: bits stuck at the value they had are masked") {
  Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  const std::vector<bool> golden = memories.bits();
  const auto ones = static_cast<std::uint64_t>(std::count(golden.begin(), golden.end(), true));
  Random random(2);
  const auto all = sample_exact(space, space.bit_count(), random);
  {
    const ScopedInjection injection(space, all, StuckAt0{});
    CHECK(injection.faults() == golden.size());
    CHECK(injection.flipped() == ones);
    CHECK(injection.masked() == golden.size() - ones);
    CHECK(memories.bits() == std::vector<bool>(golden.size(), false));
  }
  {
    const ScopedInjection injection(space, all, StuckAt1{});
    CHECK(injection.flipped() == golden.size() - ones);
    CHECK(memories.bits() == std::vector<bool>(golden.size(), true));
  }
  CHECK(memories.bits() == golden);
}

TEST_CASE(
    "ScopedInjection: bursts cross words, reach what a restriction left out, end with an image") {
  Memories memories;
  memories.add<Fixed<8, 6>>("a.kernel", 4);
  memories.add<Fixed<8, 6>>("b.kernel", 4);
  const FaultSpace space = memories.space();
  const std::vector<bool> golden = memories.bits();
  const auto changed = [&](const FaultSpace& of, std::uint64_t site, int length) {
    const ScopedInjection injection(of, site, Burst{length});
    CHECK(injection.faults() == 1);
    const auto bits = differences(memories.bits(), golden);
    CHECK(injection.flipped() == bits.size());
    return bits;
  };
  CHECK(changed(space, 6, 4) == std::vector<std::uint64_t>{6, 7, 8, 9});
  CHECK(changed(space, 30, 4) == std::vector<std::uint64_t>{30, 31});
  CHECK(changed(space, 32, 2) == std::vector<std::uint64_t>{32, 33});
  CHECK(changed(space.only_bits({7}), 0, 3) == std::vector<std::uint64_t>{7, 8, 9});
  // two bursts share bits 2 and 3, which change twice
  const ScopedInjection two(space, std::vector<std::uint64_t>{1, 2}, Burst{3});
  CHECK(differences(memories.bits(), golden) == std::vector<std::uint64_t>{1, 4});
}

TEST_CASE("ScopedInjection: nested injections undo in any order of their ends") {
  Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  const std::vector<bool> golden = memories.bits();
  Random random(3);
  const auto first = sample_exact(space, 40, random);
  const auto second = sample_exact(space, 400, random);
  ScopedInjection outer(space, first);
  ScopedInjection inner(space, second);
  outer.undo();
  CHECK(differences(memories.bits(), golden) == second);
  inner.undo();
  CHECK(memories.bits() == golden);
}

TEST_CASE("ScopedInjection: a site outside is refused before any bit is flipped") {
  Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  const std::vector<bool> golden = memories.bits();
  CHECK_THROWS_WITH_AS(ScopedInjection(space, std::vector<std::uint64_t>{3, 5000, 4}),
                       "Site 5000 lies outside a fault space of 1279 bits", Error);
  CHECK(memories.bits() == golden);
}

TEST_CASE("ScopedInjection: where a flip throws, those before it are undone") {
  Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  const std::vector<bool> golden = memories.bits();
  CHECK_THROWS_WITH_AS(ScopedInjection(space, std::vector<std::uint64_t>{3, 9, 20}, Failing{9}),
                       "no such cell", Error);
  CHECK(memories.bits() == golden);
}

TEST_CASE("ScopedInjection: trials do not depend on their order") {
  Memories memories = mixed_memories();
  const FaultSpace space = memories.space();
  const auto outcome = [&](std::uint64_t trial) {
    Random random(77, trial);
    const ScopedInjection injection(space, sample_ber(space, 0.02, random));
    return memories.bits();
  };
  std::vector<std::vector<bool>> upwards;
  for (std::uint64_t trial = 0; trial < 10; ++trial) {
    upwards.push_back(outcome(trial));
  }
  for (std::uint64_t trial = 10; trial-- > 0;) {
    CHECK(outcome(trial) == upwards[trial]);
  }
  CHECK(upwards[0] != upwards[1]);
}

TEST_CASE("inject_activation: hits code bits at the rate, and scales never") {
  constexpr std::size_t elements = 100;
  const std::vector<float> values = some_values(elements);
  Memory<Mono<8>> memory(values, {Mono<8>::fit(values)});
  const Memory<Mono<8>> golden = memory;
  std::uint64_t faults = 0;
  std::uint64_t flipped = 0;
  constexpr std::uint64_t pictures = 2000;
  for (std::uint64_t picture = 0; picture < pictures; ++picture) {
    memory = golden;
    faults += inject_activation(memory, 0.01, activation_random(5, 1, 2, picture));
    for (std::uint64_t bit = 0; bit < 8 * elements; ++bit) {
      flipped += memory.test(bit) != golden.test(bit) ? 1U : 0U;
    }
    CHECK(memory.scales()[0] == golden.scales()[0]);
  }
  CHECK(faults == flipped);
  const double expected = pictures * 8.0 * elements * 0.01;
  CHECK(std::abs(static_cast<double>(faults) - expected) < 4 * std::sqrt(expected));

  memory = golden;
  CHECK(inject_activation(memory, 1.0, activation_random(5, 1, 2, 0), Burst{8}) == 8 * elements);
  CHECK(memory.scales()[0] == golden.scales()[0]);
  memory = golden;
  CHECK(inject_activation(memory, 0.0, activation_random(5, 1, 2, 0)) == 0);
  CHECK(std::equal(memory.words().begin(), memory.words().end(), golden.words().begin()));
  CHECK_THROWS_AS((void)inject_activation(memory, 2.0, activation_random(5, 1, 2, 0)), Error);
}

TEST_CASE("inject_activation: keyed by seed, trial, layer and picture") {
  const std::vector<float> values = some_values(200);
  const Memory<Fixed<8, 6>> golden(values, {Unscaled{}});
  const auto words = [&](Random random) {
    Memory<Fixed<8, 6>> memory = golden;
    (void)inject_activation(memory, 0.05, random);
    return std::vector<std::uint8_t>(memory.words().begin(), memory.words().end());
  };
  const auto base = words(activation_random(1, 2, 3, 4));
  CHECK(base == words(activation_random(1, 2, 3, 4)));
  CHECK(base != words(activation_random(2, 2, 3, 4)));
  CHECK(base != words(activation_random(1, 3, 3, 4)));
  CHECK(base != words(activation_random(1, 2, 4, 4)));
  CHECK(base != words(activation_random(1, 2, 3, 5)));
  CHECK(base != words(activation_random(1, 2, 4, 3)));
  CHECK(!(activation_random(1, 2, 0, 0) == Random(1, 2)));
  CHECK_THROWS_AS((void)activation_random(1, 2, (1U << 24) - 1, 0), Error);
  CHECK_THROWS_AS((void)activation_random(1, 2, 0, std::uint64_t{1} << 40), Error);
}
