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
    // few pictures and many threads: trials are shared as well, or some would wait for the last
    const std::size_t shares = threads == 1 ? 1 : 16 * threads;
    const std::size_t slices = std::clamp<std::size_t>((shares + blocks - 1) / blocks, 1,
                                                       std::max<std::size_t>(trials.size(), 1));
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
    std::vector<std::span<const std::size_t>> groups;  // the first of each is computed
    for (auto begin = sorted.begin(); begin != sorted.end();) {
      const auto end = std::find_if(begin + 1, sorted.end(), [&](std::size_t t) {
        return keys[t].size() == 1 || keys[t] != keys[*begin];
      });
      groups.emplace_back(begin, end);
      begin = end;
    }
    std::vector<std::vector<Outcomes>> sums(threads, std::vector<Outcomes>(trials.size()));
    parallel_for(threads, blocks * slices, [&](std::size_t number, std::size_t task) {
      detail::TrialWorker& worker = *workers_[number];
      const std::size_t first_image = task / slices * block;
      const std::size_t image_count = std::min(block, images() - first_image);
      const auto [first, count] = slice_of(task % slices, groups.size());
      const auto own = std::span(groups).subspan(first, count);
      worker.take(first_image, image_count);
      worker.watched() = {};  // or what an exception has left
      const std::vector<Verified> verified = choose(prepared, own, first_image, image_count);
      for (const Verified& each : verified) {
        worker.watched().watch(prepared[each.model], each.image);
      }
      for (const auto& group : own) {
        worker.run(prepared[group.front()], sums[number][group.front()]);
      }
      worker.finish();
      for (const Verified& each : verified) {
        worker.verify(prepared[each.trial], prepared[each.model], each.image);
      }
      worker.watched().release([&](const detail::PreparedTrial& trial, const Outcomes& found) {
        sums[number][static_cast<std::size_t>(&trial - prepared.data())] += found;
      });
      finished(slice_of(task % slices, trials.size()).second * image_count);
    });
    for (const auto& group : groups) {
      for (std::size_t worker = 1; worker < threads; ++worker) {
        sums[0][group.front()] += sums[worker][group.front()];
      }
      for (const std::size_t t : group) {
        sums[0][t] = sums[0][group.front()];
      }
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

  /// A pair that is computed plainly as well, and the trial whose outcome it is given.
  struct Verified {
    std::size_t trial;
    std::size_t model;
    std::size_t image;
  };
  [[nodiscard]] std::vector<Verified> choose(std::span<const detail::PreparedTrial> trials,
                                             std::span<const std::span<const std::size_t>> groups,
                                             std::size_t first, std::size_t count) const {
    std::vector<Verified> chosen;
    if (options_.verify == 0 || options_.level == EngineLevel::o0) {
      return chosen;
    }
    for (const auto& group : groups) {
      for (const std::size_t t : group) {
        for (std::size_t image = first; image < first + count; ++image) {
          Random random(options_.verify_seed, trials[t].faults->key, image);
          if (random.uniform_double() < options_.verify) {
            chosen.push_back({t, group.front(), image});
          }
        }
      }
    }
    return chosen;
  }

  Network network_;
  LabelledImages test_;
  EngineOptions options_;
  std::unique_ptr<OutputBound> bound_;
  detail::GoldenOutputs golden_;
  std::vector<std::unique_ptr<detail::TrialWorker>> workers_;
};

}  // namespace upset
