// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <upset/campaign/sweep.hpp>
#include <upset/format/fixed.hpp>
#include <upset/format/mono.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/dense.hpp>

using namespace upset;

namespace {

Tensor noise(const Shape& shape, std::uint64_t stream) {
  Random random(7, stream);
  Tensor x(shape);
  for (float& value : x.values()) {
    value = static_cast<float>(2 * random.uniform_double() - 1);
  }
  return x;
}

template <Format F>
Network two_layers() {
  Network net({6});
  net.add("first", Dense<F>(noise({5, 6}, 1), noise({5}, 2)));
  net.add("relu", ReLU{});
  net.add("second", Dense<F>(noise({3, 5}, 3), noise({3}, 4)));
  return net;
}

LabelledImages pictures(std::size_t count) {
  LabelledImages test{noise({count, 6}, 5), {}};
  for (std::size_t i = 0; i < count; ++i) {
    test.labels.push_back(static_cast<std::uint8_t>(i % 3));
  }
  return test;
}

SweepPlan plan_for(Target target) {
  SweepPlan plan;
  plan.target = target;
  plan.rates = {0, 1e-3, 1e-2, 0.2};
  plan.trials = 6;
  plan.seed = 3;
  return plan;
}

}  // namespace

TEST_CASE("sweep: trials do not depend on the number of threads") {
  const Network net = two_layers<Fixed<8, 6>>();
  const LabelledImages test = pictures(53);
  for (const Target target : {Target::weights, Target::activations}) {
    SweepPlan plan = plan_for(target);
    plan.threads = 1;
    const std::vector<Trial> alone = sweep(net, test, plan);
    plan.threads = 3;
    CHECK(sweep(net, test, plan) == alone);
    plan.seed = 4;
    CHECK(sweep(net, test, plan) != alone);
  }
}

TEST_CASE("sweep: a weight trial is a plain inference of a flipped copy of the network") {
  const Network net = two_layers<Mono<5>>();
  const LabelledImages test = pictures(53);
  SweepPlan plan = plan_for(Target::weights);
  plan.threads = 2;
  const std::vector<Trial> trials = sweep(net, test, plan);
  const auto golden = classify(net, test.images, 0, 53);
  std::size_t mismatches = 0;
  std::uint64_t flips = 0;
  for (std::size_t t = 0; t < trials.size(); ++t) {
    Network copy = net;
    Random random(plan.seed, t);
    const FaultSpace space(copy.images());
    const auto sites = sample_ber(space, plan.rates[t / plan.trials], random);
    for (const std::uint64_t site : sites) {
      const FaultSpace::Place at = space.place(site);
      at.image->flip(at.bit);
    }
    copy.refresh();
    const auto classes = classify(copy, test.images, 0, 53);
    mismatches += trials[t].flips != sites.size() ||
                  trials[t].correct != correct_predictions(classes, test.labels).hits ||
                  trials[t].critical != critical_errors(golden, classes).hits;
    flips += trials[t].flips;
  }
  CHECK(mismatches == 0);
  CHECK(flips > 0);
}

TEST_CASE("sweep: an activation trial is an inference whose hook flips the keyed sites") {
  const Network net = two_layers<Fixed<8, 6>>();
  const LabelledImages test = pictures(53);
  const SweepPlan plan = plan_for(Target::activations);
  const std::vector<Trial> trials = sweep(net, test, plan);
  std::size_t mismatches = 0;
  for (std::size_t t = 0; t < trials.size(); ++t) {
    std::uint64_t flips = 0;
    const ActivationHook hook = [&](std::size_t layer, std::uint64_t picture, MemoryImage& memory) {
      Random random = activation_random(plan.seed, t, layer, picture);
      const double rate = plan.rates[t / plan.trials];
      for (const std::uint64_t bit : sample_ber(memory.layout().code_bits(), rate, random)) {
        memory.flip(bit);
        ++flips;
      }
    };
    Pass pass;
    pass.hook = &hook;
    const auto classes = classify(net, test.images, 0, 53, pass);
    mismatches += trials[t].flips != flips ||
                  trials[t].correct != correct_predictions(classes, test.labels).hits;
  }
  CHECK(mismatches == 0);
}

TEST_CASE("sweep: without faults every trial is the golden run") {
  const Network net = two_layers<Mono<5>>();
  const LabelledImages test = pictures(30);
  for (const Target target : {Target::weights, Target::activations}) {
    SweepPlan plan = plan_for(target);
    plan.rates = {0};
    for (const Trial& trial : sweep(net, test, plan)) {
      CHECK(trial.critical == 0);
      CHECK(trial.flips == 0);
      CHECK(trial.images == 30);
    }
  }
}

TEST_CASE("sweep: refuses what makes no sense") {
  const Network net = two_layers<Mono<5>>();
  const LabelledImages test = pictures(3);
  SweepPlan plan = plan_for(Target::weights);
  plan.rates = {1.5};
  CHECK_THROWS_AS((void)sweep(net, test, plan), Error);
  plan.rates = {};
  CHECK_THROWS_AS((void)sweep(net, test, plan), Error);
  plan.rates = {0.1};
  plan.trials = 0;
  CHECK_THROWS_AS((void)sweep(net, test, plan), Error);
  plan.trials = 1;
  CHECK_THROWS_AS((void)sweep(net, {test.images.reshaped({3, 2, 3}), test.labels}, plan), Error);
}

TEST_CASE("classify: refuses pictures that are not there, or no pictures of the network's") {
  const Network net = two_layers<Mono<5>>();
  const Tensor images = noise({3, 6}, 5);
  CHECK(classify(net, images, 1, 2).size() == 2);
  CHECK(classify(net, Tensor({0, 6}), 0, 0).empty());
  CHECK_THROWS_AS((void)classify(net, images, 1, 3), Error);
  CHECK_THROWS_AS((void)classify(net, images.reshaped({3, 3, 2}), 0, 3), Error);
  CHECK_THROWS_AS((void)classify(net, Tensor(), 0, 1), Error);
}
