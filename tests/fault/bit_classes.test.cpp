// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <vector>

#include "fault/memories.hpp"
#include <doctest/doctest.h>

#include <upset/fault/bit_classes.hpp>
#include <upset/fault/injection.hpp>

using namespace upset;
using namespace upset::test;

namespace {

/// Every third element a class of its own: how many of eight inputs a linear classifier of all
/// weights, as read from memory, puts into another class than without faults.
struct Classifier {
  const Memories& memories;
  std::vector<bool> golden = classes();

  std::vector<bool> classes() const {
    std::vector<bool> all;
    for (int input = 0; input < 8; ++input) {
      double score = 0;
      int at = 0;
      for (const NamedImage& each : memories.named()) {
        std::vector<float> values(each.image->layout().elements);
        each.image->decode(values);
        for (const float value : values) {
          score += static_cast<double>(value) * ((++at * (input + 3) * 7919) % 13 - 6);
        }
      }
      all.push_back(score > 0);
    }
    return all;
  }
  std::uint64_t changed(const FaultSpace& space, std::uint64_t site) const {
    const ScopedInjection injection(space, site);
    const std::vector<bool> now = classes();
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      count += now[i] != golden[i] ? 1U : 0U;
    }
    return count;
  }
};

struct Totals {
  std::uint64_t trials = 0, changed = 0, bits_that_change = 0;
};

Totals exhaustive(const FaultSpace& space, const Classifier& classifier) {
  Totals totals;
  for (std::uint64_t site = 0; site < space.bit_count(); ++site) {
    const std::uint64_t changed = classifier.changed(space, site);
    totals.trials += 1;
    totals.changed += changed;
    totals.bits_that_change += changed > 0 ? 1 : 0;
  }
  return totals;
}

Totals by_class(const FaultSpace& space, const Classifier& classifier) {
  Totals totals;
  for (const BitClass& each : bit_classes(space)) {
    const std::uint64_t changed = classifier.changed(space, each.site);
    totals.trials += 1;
    totals.changed += each.weight * changed;
    totals.bits_that_change += changed > 0 ? each.weight : 0;
  }
  return totals;
}

}  // namespace

TEST_CASE("bit_classes: an exhaustive campaign by class gives the figures of every bit") {
  Memories memories;
  memories.add<Mono<8>>("a.kernel", 60);
  memories.add<Mono<5>>("b.kernel", 11);
  memories.add<Binary>("c.kernel", 70);
  memories.add<Fixed<8, 6>>("d.kernel", 4);
  memories.add<MsbDuplicated<Mono<8>>>("e.kernel", 7);
  memories.add<ParityGuarded<Mono<8>, std::uint64_t>>("f.kernel", 9);
  const Classifier classifier{memories};
  for (const FaultSpace& space : {memories.space(), memories.space().only_bits({1, 3, 4}),
                                  memories.space().only_named("a.kernel")}) {
    const Totals every = exhaustive(space, classifier);
    const Totals classes = by_class(space, classifier);
    CHECK(every.changed == classes.changed);
    CHECK(every.bits_that_change == classes.bits_that_change);
    CHECK(every.changed > 0);
    CHECK(classes.trials < every.trials);
  }
  const FaultSpace codes = memories.space().only_named("a").only_roles({BitRole::level});
  CHECK(exhaustive(codes, classifier).trials == 480);
  CHECK(by_class(codes, classifier).trials <= 120);
}

TEST_CASE("bit_classes: set bits and clear bits of an element, first ones first") {
  Memories memories;
  Memory<Mono<8>>& memory = memories.add<Mono<8>>("kernel", 3);
  memory.encode(std::vector<float>{100.0F, -100.0F, 0.0F},
                {GammaScale<1>::from_gammas(std::vector<float>{1.0F})});
  // 11111111, 00000000, 10101010 or its complement, 8 bits of scale
  std::vector<BitClass> expected{{0, 8}, {8, 8}, {16, 4}, {17, 4}};
  for (std::uint64_t bit = 24; bit < 32; ++bit) {
    expected.push_back({bit, 1});
  }
  CHECK(bit_classes(memories.space()) == expected);
  CHECK(bit_classes(FaultSpace({})).empty());
}

TEST_CASE("bits_weigh_the_same: where no guard tells them apart") {
  Memories memories;
  CHECK(bits_weigh_the_same(memories.add<Mono<8>>("a", 3)));
  CHECK(bits_weigh_the_same(memories.add<Binary>("b", 3)));
  CHECK(!bits_weigh_the_same(memories.add<Fixed<8, 6>>("c", 3)));
  CHECK(!bits_weigh_the_same(memories.add<MultiLevelBinary<4>>("d", 3)));
  CHECK(!bits_weigh_the_same(memories.add<MsbDuplicated<Mono<8>>>("e", 3)));
  CHECK(!bits_weigh_the_same(memories.add<Triplicated<Mono<8>>>("f", 3)));
}
