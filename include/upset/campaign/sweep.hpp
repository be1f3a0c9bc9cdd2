// SPDX-License-Identifier: BSL-1.0
/// Accuracy against bit error rate: many trials of random flips in weights or in activations.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/core/parallel.hpp>
#include <upset/core/random.hpp>
#include <upset/fault/fault_space.hpp>
#include <upset/fault/injection.hpp>
#include <upset/fault/sampling.hpp>
#include <upset/metric/accuracy.hpp>
#include <upset/nn/network.hpp>

namespace upset {

/// Where the faults of a sweep land.
enum class Target : std::uint8_t {
  weights,  ///< every image of `Network::images`: all parameter sets, check bits, copies, scales
  activations,  ///< what each layer reads, anew for each picture
};

/// What a sweep does. The result depends on everything here except `threads`.
struct SweepPlan {
  Target target = Target::weights;
  std::vector<double> rates;  ///< bit error rates, each within [0, 1]
  std::size_t trials = 20;    ///< per rate
  std::uint64_t seed = 1;
  std::size_t threads = 0;  ///< 0: one per core
};

/// One trial: one set of faults and every picture of the test.
struct Trial {
  double rate = 0;
  std::size_t number = 0;      ///< within its rate
  std::uint64_t flips = 0;     ///< bits flipped
  std::uint64_t correct = 0;   ///< pictures classified correctly
  std::uint64_t critical = 0;  ///< pictures whose class differs from the fault-free one
  std::uint64_t images = 0;

  [[nodiscard]] double accuracy() const {
    return static_cast<double>(correct) / static_cast<double>(images);
  }
  [[nodiscard]] friend bool operator==(const Trial&, const Trial&) = default;
};

/// Pictures with their classes. [N, H, W, C]
struct LabelledImages {
  Tensor images;
  std::vector<std::uint8_t> labels;
};

/// Classes the network gives pictures `first` to `first + count - 1`, computed `batch` at a time.
[[nodiscard]] inline std::vector<std::uint32_t> classify(const Network& network,
                                                         const Tensor& images, std::size_t first,
                                                         std::size_t count, Pass pass = {}) {
  constexpr std::size_t batch = 50;  // a batch's activations stay in the second-level cache
  std::vector<std::uint32_t> classes;
  classes.reserve(count);
  const std::size_t size = images.size() / images.batch();
  for (std::size_t done = 0; done < count; done += batch) {
    const std::size_t now = std::min(batch, count - done);
    const auto pixels = images.values().subspan((first + done) * size, now * size);
    pass.first_image = first + done;
    const Tensor logits = network.forward(
        Tensor(network.input_shape().with_batch(now), {pixels.begin(), pixels.end()}), pass);
    for (std::size_t b = 0; b < now; ++b) {
      classes.push_back(static_cast<std::uint32_t>(predicted_class(logits.row(b))));
    }
  }
  return classes;
}

/// `classify` of all pictures on several threads.
[[nodiscard]] inline std::vector<std::uint32_t> classify_all(const Network& network,
                                                             const Tensor& images,
                                                             std::size_t threads) {
  constexpr std::size_t share = 500;
  const std::size_t tasks = (images.batch() + share - 1) / share;
  std::vector<std::uint32_t> classes(images.batch());
  parallel_for(worker_count(threads, tasks), tasks, [&](std::size_t, std::size_t task) {
    const std::size_t first = task * share;
    const auto part = classify(network, images, first, std::min(share, images.batch() - first));
    std::ranges::copy(part, classes.begin() + static_cast<std::ptrdiff_t>(first));
  });
  return classes;
}

namespace detail {

/// Everything a trial compares with, and what it needs to know of the network's activations.
struct Golden {
  std::vector<std::uint32_t> classes;
  std::vector<std::uint64_t> activation_bits;  ///< per node; 0 where nothing is written to memory
};

[[nodiscard]] inline Golden golden_run(const Network& network, const LabelledImages& test,
                                       std::size_t threads) {
  Golden golden;
  golden.classes = classify_all(network, test.images, threads);
  golden.activation_bits.assign(network.size(), 0);
  const ActivationHook measure = [&](std::size_t layer, std::uint64_t, MemoryImage& memory) {
    golden.activation_bits[layer] = memory.layout().code_bits();
  };
  Pass pass;
  pass.hook = &measure;
  (void)classify(network, test.images, 0, 1, pass);
  return golden;
}

inline void count_outcomes(Trial& trial, const LabelledImages& test, const Golden& golden,
                           const std::vector<std::uint32_t>& classes) {
  trial.images = test.labels.size();
  trial.correct = correct_predictions(classes, test.labels).hits;
  trial.critical = critical_errors(golden.classes, classes).hits;
}

[[nodiscard]] inline Trial weight_trial(Network& network, const LabelledImages& test,
                                        const Golden& golden, double rate, Random random) {
  Trial trial{.rate = rate};
  FaultSpace space(network.images());
  const std::vector<std::uint64_t> sites = sample_ber(space, rate, random);
  trial.flips = sites.size();
  if (sites.empty()) {
    count_outcomes(trial, test, golden, golden.classes);
    return trial;
  }
  {
    ScopedInjection injection(space, sites);
    network.refresh();
    count_outcomes(trial, test, golden, classify(network, test.images, 0, test.images.batch()));
  }
  network.refresh();
  return trial;
}

// The sites of every picture are drawn before it is computed, so pictures without any keep their
// fault-free class unseen: at low rates nearly all of them.
[[nodiscard]] inline Trial activation_trial(const Network& network, const LabelledImages& test,
                                            const Golden& golden, double rate, std::uint64_t seed,
                                            std::uint64_t trial_key) {
  struct Hit {
    std::size_t picture;
    std::vector<std::vector<std::uint64_t>> sites;  // per node
  };
  Trial trial{.rate = rate};
  std::vector<Hit> hits;
  std::vector<float> pixels;
  for (std::size_t picture = 0; picture < test.images.batch(); ++picture) {
    Hit hit{picture, std::vector<std::vector<std::uint64_t>>(network.size())};
    std::uint64_t flips = 0;
    for (std::size_t layer = 0; layer < network.size(); ++layer) {
      if (const std::uint64_t bits = golden.activation_bits[layer]; bits > 0) {
        Random random = activation_random(seed, trial_key, layer, picture);
        hit.sites[layer] = sample_ber(bits, rate, random);
        flips += hit.sites[layer].size();
      }
    }
    if (flips > 0) {
      trial.flips += flips;
      const auto source = test.images.row(picture);
      pixels.insert(pixels.end(), source.begin(), source.end());
      hits.push_back(std::move(hit));
    }
  }
  std::vector<std::uint32_t> classes = golden.classes;
  if (!hits.empty()) {
    const ActivationHook inject = [&](std::size_t layer, std::uint64_t image, MemoryImage& memory) {
      for (const std::uint64_t bit : hits[image].sites[layer]) {
        memory.flip(bit);
      }
    };
    Pass pass;
    pass.hook = &inject;
    const Tensor affected(network.input_shape().with_batch(hits.size()), std::move(pixels));
    const auto found = classify(network, affected, 0, hits.size(), pass);
    for (std::size_t i = 0; i < hits.size(); ++i) {
      classes[hits[i].picture] = found[i];
    }
  }
  count_outcomes(trial, test, golden, classes);
  return trial;
}

}  // namespace detail

/// Runs `plan.trials` trials at each rate, on `plan.threads` threads.
///
/// Trial t of rate r draws from the stream (seed, r * trials + t), the same for every network, so
/// that networks with equal memories meet the same faults. Calls `finished()` after each trial,
/// from any thread.
///
/// - returns: trials in the order of rates and numbers, whatever the threads
/// - errors:  no rates, no trials, no pictures, a rate outside [0, 1]: `Error`
/// - cost:    one inference of the test pictures a trial; trials without a flip, and pictures whose
///            activations were not hit, cost none
[[nodiscard]] inline std::vector<Trial> sweep(
    const Network& network, const LabelledImages& test, const SweepPlan& plan,
    const std::function<void()>& finished = [] {}) {
  if (plan.rates.empty() || plan.trials == 0 || test.labels.empty() ||
      test.labels.size() != test.images.batch()) {
    throw Error("A sweep needs at least one rate, one trial and one labelled picture");
  }
  for (const double rate : plan.rates) {
    if (!(rate >= 0 && rate <= 1)) {
      throw Error("A bit error rate of " + std::to_string(rate) + " lies outside [0, 1]");
    }
  }
  const detail::Golden golden = detail::golden_run(network, test, plan.threads);
  std::vector<Trial> trials(plan.rates.size() * plan.trials);
  const std::size_t workers = worker_count(plan.threads, trials.size());
  std::vector<Network> networks(plan.target == Target::weights ? workers : 0, network);
  parallel_for(workers, trials.size(), [&](std::size_t worker, std::size_t task) {
    // The most expensive trials first: with the cheap ones last, no worker waits long.
    const std::size_t index = trials.size() - 1 - task;
    const double rate = plan.rates[index / plan.trials];
    trials[index] =
        plan.target == Target::weights
            ? detail::weight_trial(networks[worker], test, golden, rate, Random(plan.seed, index))
            : detail::activation_trial(network, test, golden, rate, plan.seed, index);
    trials[index].number = index % plan.trials;
    finished();
  });
  return trials;
}

}  // namespace upset
