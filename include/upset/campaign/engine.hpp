// SPDX-License-Identifier: BSL-1.0
/// Outcomes of trials: exact, at a fraction of an inference each.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/campaign/golden_outputs.hpp>
#include <upset/campaign/outcome.hpp>
#include <upset/campaign/trial_worker.hpp>
#include <upset/core/parallel.hpp>

namespace upset {

/// How an engine works; results depend on none of it.
struct EngineOptions {
  EngineLevel level = EngineLevel::o3;
  std::size_t threads = 0;  ///< 0: one per core
  /// Share of the (trial, picture) pairs that are computed by plain inference as well.
  double verify = 0;
  std::uint64_t verify_seed = 1;
};

/// Computes outcomes of trials on pictures with labels.
///
/// The answers are those of one inference per trial and picture: bit for bit in integer formats,
/// and the same classes in float ones, where whatever rounding might decide is inferred plainly.
/// - cost: fault-free values of a few pictures per thread, and outputs of as many as fit 64 MiB; a
///         trial computes what its faults change
class Engine {
 public:
  /// Throws `Error` unless there is a label for every picture, of which there is one at least.
  Engine(const Network& network, LabelledImages test, const EngineOptions& options = {})
      : network_(network),
        test_(std::move(test)),
        options_(options),
        golden_(network_.output_shape(), test_.labels.size()) {
    if (test_.labels.empty() || test_.labels.size() != test_.images.batch()) {
      throw Error("A campaign needs pictures with a label each, not " +
                  std::to_string(test_.labels.size()) + " labels for " +
                  std::to_string(test_.images.size() == 0 ? 0 : test_.images.batch()) +
                  " pictures");
    }
    if (!(options.verify >= 0 && options.verify <= 1)) {
      throw Error("A share of " + std::to_string(options.verify) +
                  " to be verified lies outside [0, 1]");
    }
  }

  [[nodiscard]] std::size_t images() const { return test_.labels.size(); }

  /// Outcomes of each trial over all pictures. Calls `finished(n)`, from any thread, whenever n
  /// further pairs of a trial and a picture are done. Trials that make the same of a layer's
  /// weights, as flips of the bits of one `Mono` that are set, are computed once.
  ///
  /// - errors: a site that does not exist; a verified pair that plain inference answers otherwise
  [[nodiscard]] std::vector<Outcomes> run(
      std::span<const TrialFaults> trials,
      const std::function<void(std::uint64_t)>& finished = [](std::uint64_t) {}) {
    const std::size_t block = detail::TrialWorker::block_of(options_.level, trials);
    const std::size_t blocks = (images() + block - 1) / block;
    const std::size_t threads = worker_count(options_.threads, blocks * trials.size());
    // few pictures and many threads: trials are shared as well
    const std::size_t slices =
        std::min(std::max<std::size_t>(trials.size(), 1), blocks >= 4 * threads ? 1 : 4 * threads);
    while (workers_.size() < threads) {
      workers_.push_back(
          std::make_unique<detail::TrialWorker>(network_, test_, options_.level, bound(), golden_));
    }
    const auto slice_of = [&](std::size_t slice, std::size_t count) {
      const std::size_t part = (count + slices - 1) / slices;
      const std::size_t first = std::min(slice * part, count);
      return std::pair{first, std::min(part, count - first)};
    };
    std::vector<detail::PreparedTrial> prepared(trials.size());
    std::vector<std::vector<std::uint32_t>> keys(trials.size());
    parallel_for(threads, slices, [&](std::size_t worker, std::size_t slice) {
      const auto [first, count] = slice_of(slice, trials.size());
      for (std::size_t t = first; t < first + count; ++t) {
        prepared[t] = workers_[worker]->prepare(trials[t]);
        keys[t] = prepared[t].key();
      }
    });
    // those that begin at the same node find its weights in the cache, and those that do the same
    // are computed once
    std::vector<std::size_t> sorted(trials.size());
    std::iota(sorted.begin(), sorted.end(), std::size_t{0});
    std::ranges::stable_sort(
        sorted, {}, [&](std::size_t t) -> const auto& { return keys[t]; });
    std::vector<std::size_t> computed;
    std::vector<std::size_t> model(trials.size());  // the trial whose outcomes each one has
    for (const std::size_t t : sorted) {
      const bool is_known =
          !computed.empty() && keys[t].size() > 1 && keys[t] == keys[computed.back()];
      if (!is_known) {
        computed.push_back(t);
      }
      model[t] = computed.back();
    }
    std::vector<std::vector<Outcomes>> sums(threads, std::vector<Outcomes>(trials.size()));
    parallel_for(threads, blocks * slices, [&](std::size_t worker, std::size_t task) {
      const std::size_t first_image = task / slices * block;
      const std::size_t image_count = std::min(block, images() - first_image);
      const auto [first, count] = slice_of(task % slices, computed.size());
      workers_[worker]->take(first_image, image_count);
      for (const std::size_t t : std::span(computed).subspan(first, count)) {
        workers_[worker]->run(prepared[t], sums[worker][t]);
      }
      workers_[worker]->finish();
      const auto [first_trial, trial_count] = slice_of(task % slices, trials.size());
      for (std::size_t t = first_trial; t < first_trial + trial_count; ++t) {
        verify(*workers_[worker], prepared[t], first_image, image_count);
      }
      finished(trial_count * image_count);
    });
    for (std::size_t worker = 1; worker < threads; ++worker) {
      for (const std::size_t t : computed) {
        sums[0][t] += sums[worker][t];
      }
    }
    for (std::size_t t = 0; t < trials.size(); ++t) {
      sums[0][t] = sums[0][model[t]];
    }
    return std::move(sums[0]);
  }

 private:
  /// Null where nothing is bounded, or nothing asked for.
  [[nodiscard]] const OutputBound* bound() {
    if (options_.level == EngineLevel::o3 && !bound_) {
      bound_ = std::make_unique<OutputBound>(network_);
    }
    return bound_.get();
  }

  void verify(detail::TrialWorker& worker, const detail::PreparedTrial& trial, std::size_t first,
              std::size_t count) const {
    for (std::size_t image = first; options_.verify > 0 && image < first + count; ++image) {
      Random random(options_.verify_seed, trial.faults->key, image);
      if (random.uniform_double() < options_.verify) {
        worker.verify(trial, image);
      }
    }
  }

  Network network_;
  LabelledImages test_;
  EngineOptions options_;
  std::unique_ptr<OutputBound> bound_;
  detail::GoldenOutputs golden_;
  std::vector<std::unique_ptr<detail::TrialWorker>> workers_;
};

}  // namespace upset
