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
  std::vector<std::uint16_t> labels;
};

namespace detail {

// Pictures computed together: two tiles of rows for dense layers, and activations that stay in the
// second-level cache (50 pictures of LeNet-5 take 1.4 times as long each as 24).
inline constexpr std::size_t sweep_batch = 24;

/// Calls `use(batch, first, x)` for the pictures from `first`, `sweep_batch` at a time.
template <class Use>
void for_each_batch(const Network& network, const Tensor& images, std::size_t first,
                    std::size_t count, Use use) {
  network.check_input(images);
  for (std::size_t done = 0; done < count; done += sweep_batch) {
    const std::size_t now = std::min(sweep_batch, count - done);
    use(done / sweep_batch, first + done, images.rows(first + done, now));
  }
}

inline void append_classes(const Tensor& logits, std::vector<std::uint32_t>& classes) {
  const std::vector<std::uint32_t> more = predicted_classes(logits);
  classes.insert(classes.end(), more.begin(), more.end());
}

}  // namespace detail

/// Classes the network gives pictures `first` to `first + count - 1`. Throws `Error` where there
/// are fewer, or they are no pictures [B, input_shape] of the network's.
[[nodiscard]] inline std::vector<std::uint32_t> classify(const Network& network,
                                                         const Tensor& images, std::size_t first,
                                                         std::size_t count, Pass pass = {}) {
  std::vector<std::uint32_t> classes;
  classes.reserve(count);
  detail::for_each_batch(network, images, first, count,
                         [&](std::size_t, std::size_t picture, const Tensor& x) {
                           pass.first_image = picture;
                           detail::append_classes(network.forward(x, pass), classes);
                         });
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

/// Everything a trial compares with, and what it need not compute again.
struct Golden {
  std::vector<std::uint32_t> classes;
  std::vector<std::uint64_t> activation_bits;  ///< per node; 0 where nothing is written to memory
  std::vector<Tensor> inputs;                  ///< per batch of pictures
  std::vector<std::vector<Tensor>> values;     ///< per batch and node
};

[[nodiscard]] inline Golden golden_run(const Network& network, const LabelledImages& test) {
  Golden golden;
  for_each_batch(network, test.images, 0, test.images.batch(),
                 [&](std::size_t, std::size_t, Tensor x) {
                   golden.values.push_back(network.forward_all(x));
                   golden.inputs.push_back(std::move(x));
                   append_classes(golden.values.back().back(), golden.classes);
                 });
  golden.activation_bits = network.activation_bits();
  return golden;
}

/// The first node that reads memory image `image` of `Network::images`.
[[nodiscard]] inline std::size_t node_of_image(Network& network, std::size_t image) {
  std::size_t node = 0;
  for (std::size_t count = network.layer(0).images().size(); count <= image;
       count += network.layer(node).images().size()) {
    ++node;
  }
  return node;
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
    // Sites ascend through the layers: what comes before the first of them is as in the golden run.
    const std::size_t start = node_of_image(network, space.site(sites.front()).set);
    std::vector<std::uint32_t> classes;
    for (std::size_t batch = 0; batch < golden.inputs.size(); ++batch) {
      append_classes(network.forward_from(start, golden.inputs[batch], golden.values[batch]),
                     classes);
    }
    count_outcomes(trial, test, golden, classes);
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
/// - errors:  no rates, no trials, no pictures or of another shape, a rate outside [0, 1]: `Error`
/// - cost:    one inference of the test pictures a trial, from the first layer hit onwards; trials
///            without a flip, and pictures whose activations were not hit, cost none. Memory: the
///            values between all layers for all pictures
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
  const detail::Golden golden = detail::golden_run(network, test);
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
