// SPDX-License-Identifier: BSL-1.0
/// How far a campaign is, by the trials in its journal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <upset/campaign/journal.hpp>
#include <upset/campaign/stopping.hpp>
#include <upset/campaign/trial_source.hpp>

namespace upset {

/// How far a campaign is.
struct CampaignState {
  bool is_finished = false;      ///< else it was stopped
  std::uint64_t trials = 0;      ///< in the journal
  std::uint64_t all_trials = 0;  ///< of the shard; with a margin, up to the look ahead
  // with a margin
  std::optional<Interval> interval{};  ///< what holds the critical share
  std::uint64_t fixed_trials = 0;      ///< had their number been fixed beforehand
};

namespace detail {

/// The rule that ends a campaign, told of the trials of each look when all of them are there.
class Looks {
 public:
  Looks(const TrialSource& source, std::uint64_t images, const JournalReader& journal) {
    if (!source.plan().margin) {
      return;
    }
    std::vector<StratumPlan> strata;
    for (const Stratum& stratum : source.strata()) {
      const std::uint64_t bits = stratum.space.bit_count();
      strata.push_back({.weight = static_cast<double>(bits), .population = bits});
    }
    if (strata.empty()) {
      strata.push_back({.population = source.space().bit_count()});
    }
    rule_.emplace(
        StoppingRule{.margin = *source.plan().margin, .confidence = source.plan().confidence},
        images, std::move(strata));
    journal.for_each([&](const TrialRecord& record) { add(record); });
  }

  void add(const TrialRecord& record) {
    if (rule_) {
      critical_[record.trial] = record.outcomes.critical;
    }
  }
  /// Where the stretch ends that begins with trial `first`; `first` itself when nothing is left.
  [[nodiscard]] std::uint64_t end(std::uint64_t first, const TrialSource& source) const {
    if (!rule_) {
      return source.size();
    }
    const std::size_t strata = std::max<std::size_t>(source.strata().size(), 1);
    std::uint64_t wanted = 0;
    for (std::size_t h = 0; h < strata; ++h) {
      wanted += rule_->wanted(h);
    }
    return first + wanted;
  }
  /// All trials of [first, last) are there.
  void look(std::uint64_t first, std::uint64_t last, const TrialSource& source) {
    for (std::uint64_t trial = first; rule_ && trial < last; ++trial) {
      rule_->add(critical_.at(trial), source.stratum(trial));
    }
  }
  void tell(CampaignState& state, const TrialSource& source) const {
    if (rule_) {
      state.interval = rule_->interval();
      state.fixed_trials = rule_->fixed_size(source.space().bit_count());
    }
  }

 private:
  std::optional<Sequential> rule_{};
  std::unordered_map<std::uint64_t, std::uint64_t> critical_{};
};

}  // namespace detail

/// How far the campaign of a journal is, whoever ran it. `images`: pictures of a trial.
[[nodiscard]] inline CampaignState campaign_state(const TrialSource& source, std::uint64_t images,
                                                  const JournalReader& journal) {
  const std::vector<std::uint64_t> there = journal.finished();
  const JournalShard shard = journal.shard();
  detail::Looks looks(source, images, journal);
  CampaignState state{.trials = there.size()};
  std::uint64_t first = 0;
  for (std::uint64_t last = 0; first < (last = looks.end(first, source)); first = last) {
    state.all_trials = last / shard.count + (shard.index < last % shard.count ? 1 : 0);
    const auto known = std::ranges::lower_bound(there, last) - there.begin();
    if (static_cast<std::uint64_t>(known) < state.all_trials) {
      return state;
    }
    looks.look(first, last, source);
    looks.tell(state, source);
  }
  state.is_finished = true;
  return state;
}

}  // namespace upset
