// SPDX-License-Identifier: BSL-1.0
/// A campaign from its first trial, or from where a journal left off, to its last.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/campaign/campaign_state.hpp>
#include <upset/campaign/journal.hpp>
#include <upset/campaign/trial_source.hpp>

namespace upset {

/// Computes the outcomes of trials, given by number, in the order of the numbers. Calls
/// `finished(n)`, from any thread, whenever n further pairs of a trial and a picture are done; what
/// that throws ends the computation and is thrown again.
using TrialRunner = std::function<std::vector<Outcomes>(
    std::span<const std::uint64_t> trials, const std::function<void(std::uint64_t)>& finished)>;

/// The trials of a source, computed by an `Engine` of this process. Both must outlive the runner.
template <class EngineType>
[[nodiscard]] TrialRunner run_on(EngineType& engine, const TrialSource& source) {
  return [&](std::span<const std::uint64_t> trials,
             const std::function<void(std::uint64_t)>& finished) {
    std::vector<TrialFaults> faults;
    faults.reserve(trials.size());
    for (const std::uint64_t trial : trials) {
      faults.push_back(source.faults(trial));
    }
    return engine.run(faults, finished);
  };
}

/// How trials are handed out; what the journal holds at the end depends on the shard alone.
struct RunOptions {
  JournalShard shard{};               ///< trials whose number leaves `index`
  double chunk_seconds = 5;           ///< between two entries in the journal
  std::uint64_t most_trials = 65536;  ///< of one entry
  /// A stretch begins, of so many pairs of a trial and a picture: the campaign, or what is left of
  /// it; with a margin, up to the next look.
  std::function<void(std::uint64_t)> begin = [](std::uint64_t) {};
  std::function<void(std::uint64_t)> finished = [](std::uint64_t) {};  ///< pairs, from any thread
  std::function<bool()> stop = [] { return false; };  ///< asked often, from any thread
};

namespace detail {

struct Stopped {};

/// Trials that take about as long as wanted.
///
/// The first chunk is one trial, whose time is at most that of the fault-free values, which every
/// chunk pays, and its own: chunks take ten times as long where that is more than what is wanted,
/// but ten minutes at most.
class ChunkSize {
 public:
  explicit ChunkSize(const RunOptions& options)
      : seconds_(options.chunk_seconds), most_(options.most_trials) {}

  [[nodiscard]] std::uint64_t next() const { return next_; }
  void took(std::uint64_t trials, double seconds) {
    if (is_first_) {
      is_first_ = false;
      seconds_ = std::max(seconds_, std::min(10 * seconds, most_seconds));
    }
    const double wanted = static_cast<double>(trials) * seconds_ / std::max(seconds, 1e-6);
    const double within =
        std::min({wanted, 8 * static_cast<double>(trials), static_cast<double>(most_)});
    next_ = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(within));
  }

 private:
  static constexpr double most_seconds = 600;

  double seconds_;
  std::uint64_t most_;
  std::uint64_t next_ = 1;
  bool is_first_ = true;
};

}  // namespace detail

/// Runs the trials of `source` that are not yet in the journal, and records them.
///
/// One thread, many, shards that are merged, a process that is killed and its successor: the
/// trials and outcomes in the journal are the same in the end. Whatever happens, at most the chunk
/// in flight is lost.
///
/// - images: pictures of a trial, as the engine has them
/// - errors: throws `Error` as the runner and the journal do, and for a margin in a shard, which
///           does not know the trials of the others
[[nodiscard]] inline CampaignState run_campaign(const TrialSource& source, std::uint64_t images,
                                                const TrialRunner& runner, Journal& journal,
                                                const RunOptions& options = {}) {
  const JournalShard shard = options.shard;
  if (const std::string problem = shard.problem(); !problem.empty()) {
    throw Error("A campaign cannot be run: " + problem);
  }
  if (source.plan().margin && shard.count > 1) {
    throw Error("A margin needs all trials in one process, and shard " + shard.text() +
                " has a part of them; give the shards a number of trials");
  }
  const std::vector<std::uint64_t> there = journal.finished();
  detail::Looks looks(source, images, journal);
  detail::ChunkSize size(options);
  CampaignState state{.trials = there.size()};
  const auto finished = [&](std::uint64_t pairs) {
    options.finished(pairs);
    if (options.stop()) {
      throw detail::Stopped{};
    }
  };

  // Not yet there, of a stretch: from `trial` on, in the journal from `known` on.
  auto known = there.begin();
  std::uint64_t trial = shard.index;
  const auto skip = [&](std::uint64_t last) {
    while (trial < last && (known = std::lower_bound(known, there.end(), trial)) != there.end() &&
           *known == trial) {
      trial += shard.count;
    }
    return trial < last;
  };
  const auto missing = [&](std::uint64_t last) {
    const auto begin = std::lower_bound(known, there.end(), trial);
    const auto end = std::lower_bound(begin, there.end(), last);
    const std::uint64_t all = trial >= last ? 0 : (last - trial + shard.count - 1) / shard.count;
    return all - static_cast<std::uint64_t>(end - begin);
  };

  std::uint64_t first = 0;
  for (std::uint64_t last = 0; first < (last = looks.end(first, source)); first = last) {
    const std::uint64_t left = missing(last);
    state.all_trials = state.trials + left;
    options.begin(left * images);
    while (skip(last)) {
      std::vector<std::uint64_t> chunk;
      for (; chunk.size() < size.next() && skip(last); trial += shard.count) {
        chunk.push_back(trial);
      }
      std::vector<Outcomes> outcomes;
      const auto start = std::chrono::steady_clock::now();
      try {
        if (options.stop()) {
          throw detail::Stopped{};
        }
        outcomes = runner(chunk, finished);
      } catch (const detail::Stopped&) {
        return state;
      }
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      size.took(chunk.size(), took.count());
      std::vector<TrialRecord> records;
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        records.push_back({chunk[i], outcomes[i]});
        looks.add(records.back());
      }
      journal.record(records);
      state.trials += records.size();
    }
    looks.look(first, last, source);
    looks.tell(state, source);
  }
  state.is_finished = true;
  return state;
}

}  // namespace upset
