// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/draws.hpp"
#include "support/layers.hpp"
#include "support/small_networks.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/trial_worker.hpp>
#include <upset/core/random.hpp>
#include <upset/format/int8_affine.hpp>
#include <upset/guard/parity_guarded.hpp>

namespace upset {
namespace {

constexpr std::size_t worker_trials = test::draws(40, 6);

[[nodiscard]] LabelledImages random_pictures(std::size_t count, test::Values& values) {
  LabelledImages test{values.uniform({count, 10, 10, 3}, -1.0F, 1.0F), {}};
  for (std::size_t i = 0; i < count; ++i) {
    test.labels.push_back(static_cast<std::uint8_t>(values.below(7)));
  }
  return test;
}

// Flips in weights, in activations, listed or drawn, or in both.
[[nodiscard]] std::vector<TrialFaults> random_trials(Network& network, test::Values& values) {
  const auto bits = network.activation_bits();
  const auto images = network.images();
  std::vector<TrialFaults> trials(worker_trials);
  for (std::size_t t = 0; t < trials.size(); ++t) {
    trials[t].key = t;
    trials[t].seed = 5;
    for (std::size_t hits = t % 3; hits > 0; --hits) {
      const std::size_t image = values.below(images.size());
      trials[t].weights.push_back({image, values.below(images[image].image->bit_count())});
    }
    std::ranges::sort(trials[t].weights);
    if (t % 4 == 1) {
      trials[t].activation_rate = 1e-3;
    }
    for (std::size_t hits = t % 5; hits > 0; --hits) {
      const std::size_t node = std::vector<std::size_t>{0, 2, 4, 7, 9, 12}[values.below(6)];
      trials[t].activations.push_back({node, values.below(bits[node])});
    }
    std::ranges::sort(trials[t].activations);
  }
  return trials;
}

// By the definition: flip the weights, flip what is read, infer, judge.
[[nodiscard]] Outcomes expected(Network network, const LabelledImages& test,
                                const TrialFaults& trial, std::size_t first, std::size_t count) {
  const Tensor golden = network.forward(test.images.rows(first, count));
  const auto images = network.images();
  for (const FaultSpace::Address& at : trial.weights) {
    images[at.image].image->flip(at.bit);
  }
  network.refresh();
  const ActivationHook flip = [&](std::size_t node, std::uint64_t image, MemoryImage& memory) {
    if (trial.activation_rate > 0) {
      Random random = activation_random(trial.seed, trial.key, node, image);
      for (const std::uint64_t bit :
           sample_ber(memory.layout().code_bits(), trial.activation_rate, random)) {
        memory.flip(bit);
      }
    }
    for (const ActivationFlip& at : trial.activations) {
      if (at.node == node) {
        memory.flip(at.bit);
      }
    }
  };
  Pass pass;
  pass.hook = &flip;
  pass.first_image = first;
  const Tensor faulty = network.forward(test.images.rows(first, count), pass);
  Outcomes outcomes;
  for (std::size_t b = 0; b < count; ++b) {
    judge(golden.row(b), faulty.row(b), 7, test.labels[first + b], outcomes);
  }
  return outcomes;
}

TEST_CASE_TEMPLATE("trial worker: every level gives the outcomes by the definition", F, Int8Affine,
                   Float32) {
  test::Values values(1);
  Network network = test::small_residual<F>(values);
  const LabelledImages test = random_pictures(5, values);
  const auto trials = random_trials(network, values);
  const OutputBound bound(network);
  std::uint64_t differ = 0;
  std::size_t wrong = 0;
  for (const EngineLevel level :
       {EngineLevel::o0, EngineLevel::o1, EngineLevel::o2, EngineLevel::o3}) {
    CAPTURE(static_cast<int>(level));
    detail::GoldenOutputs golden(network.output_shape(), 4);  // of all but one
    detail::TrialWorker worker(network, test, level, level == EngineLevel::o3 ? &bound : nullptr,
                               golden);
    std::vector<detail::PreparedTrial> prepared;
    for (const TrialFaults& trial : trials) {
      prepared.push_back(worker.prepare(trial));
    }
    for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{0, 2}, {2, 3}}) {
      std::vector<Outcomes> found(trials.size());
      worker.take(first, count);
      for (std::size_t t = 0; t < trials.size(); ++t) {
        worker.watched().watch(prepared[t], first + t % 2);
        worker.run(prepared[t], found[t]);
      }
      worker.finish();
      for (std::size_t t = 0; t < trials.size(); ++t) {
        CHECK(found[t].images == count - 1);  // all but the one watched
        CHECK_NOTHROW(worker.verify(prepared[t], prepared[t], first + t % 2));
      }
      worker.watched().release([&](const detail::PreparedTrial& trial, const Outcomes& outcomes) {
        found[static_cast<std::size_t>(&trial - prepared.data())] += outcomes;
      });
      for (std::size_t t = 0; t < trials.size(); ++t) {
        Outcomes plain = expected(network, test, trials[t], first, count);
        differ += plain.changed + plain.critical;
        if (std::is_same_v<F, Float32> && level >= EngineLevel::o2) {
          // float sums in another order: masked and changed may not be told apart
          plain.changed += std::exchange(plain.masked, 0);
          found[t].changed += std::exchange(found[t].masked, 0);
        }
        wrong += found[t] == plain ? 0U : 1U;
      }
    }
    // what is verified leaves weights and pictures as they were
    Outcomes again;
    worker.run(prepared[0], again);
    worker.finish();
    CHECK(again.images == 3);
    CHECK(again.masked == 3);  // trial 0 hits nothing
  }
  CHECK(wrong == 0);
  CHECK(differ > worker_trials);
}

TEST_CASE("trial worker: the outcome of a trial is not taken for that of another") {
  test::Values values(1);
  Network network = test::small_residual<Int8Affine>(values);
  const LabelledImages test = random_pictures(5, values);
  network.calibrate(test.images);
  detail::GoldenOutputs golden(network.output_shape(), 5);
  detail::TrialWorker worker(network, test, EngineLevel::o3, nullptr, golden);
  std::vector<TrialFaults> trials(2);  // the first does nothing
  trials[1].activation_rate = 0.1;
  std::vector<detail::PreparedTrial> prepared{worker.prepare(trials[0]), worker.prepare(trials[1])};
  worker.take(2, 1);
  Outcomes sum;
  for (const detail::PreparedTrial& trial : prepared) {
    worker.watched().watch(trial, 2);
    worker.run(trial, sum);
  }
  worker.finish();
  CHECK_NOTHROW(worker.verify(prepared[0], prepared[0], 2));
  CHECK_NOTHROW(worker.verify(prepared[1], prepared[1], 2));
  CHECK_THROWS_AS(worker.verify(prepared[1], prepared[0], 2), Error);
  CHECK_THROWS_AS(worker.verify(prepared[0], prepared[1], 2), Error);
}

TEST_CASE("trial worker: pictures kept at a time") {
  using detail::TrialWorker;
  std::vector<TrialFaults> trials(3);
  CHECK(TrialWorker::block_of(EngineLevel::o0, trials) == detail::sweep_batch);
  CHECK(TrialWorker::block_of(EngineLevel::o1, trials) == detail::sweep_batch);
  trials[1].weights = {{0, 1}};
  CHECK(TrialWorker::block_of(EngineLevel::o3, trials) == 1);
  trials[2].weights = {{0, 1}, {0, 2}};
  CHECK(TrialWorker::block_of(EngineLevel::o2, trials) == detail::sweep_batch);
  CHECK(TrialWorker::block_of(EngineLevel::o3, trials) == detail::sweep_batch);
}

TEST_CASE("trial worker: what guards of the weights notice is counted for every picture") {
  using Guarded = ParityGuarded<Int8Affine, std::uint64_t>;
  test::Values values(3);
  Network network({5});
  network.add("dense", Dense<Guarded>(values.uniform({3, 5}, -1, 1), Tensor({3})));
  const LabelledImages test{values.uniform({4, 5}, -1.0F, 1.0F), {0, 1, 2, 0}};
  network.calibrate(test.images);
  detail::GoldenOutputs golden(network.output_shape(), test.labels.size());
  detail::TrialWorker worker(network, test, EngineLevel::o3, nullptr, golden);
  worker.take(0, 4);
  TrialFaults trial;
  for (const std::uint64_t flips : {0U, 1U, 2U}) {
    CAPTURE(flips);
    trial.weights.clear();
    for (std::uint64_t bit = 0; bit < flips; ++bit) {
      trial.weights.push_back({0, bit});
    }
    Outcomes outcomes;
    const detail::PreparedTrial prepared = worker.prepare(trial);
    worker.run(prepared, outcomes);
    worker.finish();
    CHECK(outcomes.images == 4);
    CHECK(outcomes.detected == (flips == 1 ? 4 : 0));  // two flips are even
    CHECK(outcomes.corrected == 0);
  }
}

}  // namespace
}  // namespace upset
