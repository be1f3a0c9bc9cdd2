// SPDX-License-Identifier: BSL-1.0
/// Campaigns that end as soon as the rate is known to a margin.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/metric/bounded_mean.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/sample_size.hpp>

namespace upset {

/// When a campaign has seen enough. It looks at its trials after fixed numbers of them, so what it
/// answers depends on the plan and the seed, and not on the order in which trials end.
struct StoppingRule {
  double margin = 0.01;            ///< no end of the interval is farther from the mean
  double confidence = 0.99;        ///< that all intervals of all looks hold the rate
  std::uint64_t first_look = 100;  ///< trials before the first look
  double growth = 1.25;            ///< trials from look to look
};

/// A part of the population that is sampled on its own.
struct StratumPlan {
  double weight = 1;  ///< share of the population
  double share = 1;   ///< of the trials
  /// Faults there are: once all have been tried, their mean is known and no more are wanted.
  std::uint64_t population = std::numeric_limits<std::uint64_t>::max();
};

/// The trials of a campaign, added up until the mean share of critical pictures is known.
///
/// Of K looks each interval has 1 - (1 - confidence) / K: by Clopper and Pearson where a trial has
/// one picture, else what Hoeffding and Maurer and Pontil leave together, at half of that risk
/// each. (Wilson's, so corrected, misses a rate of 0.001 in 3 % of campaigns at a stated 1 %, and
/// takes more trials.) K is the look at which the margin holds whatever the outcomes, so a campaign
/// always ends. Where there are strata, two intervals share the risk: the sum of theirs, which is
/// narrow for a few that are unlike, and that of all trials together, weighted, for many.
///
/// - trials: independent draws from their stratum, with replacement or without
/// - errors: a rule, picture count or strata that make no sense: `Error`
/// - cost:   O(1) a trial, some microseconds a look
/// - source: Bonferroni's inequality over looks and strata; the intervals' own, which ask of trials
///           from several strata that they are independent and no more (the variance of all is no
///           less than the mean of theirs); Hoeffding 1963, section 6, for draws without
///           replacement
/// - example: Sequential rate({.margin = 0.01}, 10'000);
///            while (!rate.done()) { rate.add(critical_pictures_of(rate.trials())); }
class Sequential {
 public:
  Sequential(const StoppingRule& rule, std::uint64_t images,
             std::vector<StratumPlan> strata = {{}});

  /// One trial: `critical` of the pictures. Throws `Error` for more than there are, and for a trial
  /// that the next look does not want.
  void add(std::uint64_t critical, std::size_t stratum = 0);

  /// Trials of a stratum still to be added before the next look; 0 for all when done.
  [[nodiscard]] std::uint64_t wanted(std::size_t stratum = 0) const {
    return done_ ? 0 : looks_[look_][stratum] - sums_[stratum].trials;
  }
  /// Whether the margin held at the last look.
  [[nodiscard]] bool done() const { return done_; }
  /// At the last look; [0, 1] before the first.
  [[nodiscard]] Interval interval() const { return interval_; }
  /// Of all trials added; weighted by stratum. NaN where a stratum has none.
  [[nodiscard]] double mean() const;
  [[nodiscard]] std::uint64_t trials() const;
  /// Looks there are at most.
  [[nodiscard]] std::size_t looks() const { return looks_.size(); }
  /// The trials it would have taken to fix their number beforehand, nothing known of the rate.
  [[nodiscard]] std::uint64_t fixed_size(std::uint64_t population) const {
    return sample_size(population, rule_.margin, rule_.confidence);
  }

 private:
  // Whole numbers, so that sums do not depend on the order.
  struct Sums {
    std::uint64_t trials = 0;
    std::uint64_t critical = 0;
    std::uint64_t squares = 0;
  };

  void plan_looks();
  void look();
  [[nodiscard]] double mean_of(const Sums& sums) const {
    return static_cast<double>(sums.critical) /
           (static_cast<double>(sums.trials) * static_cast<double>(images_));
  }
  [[nodiscard]] Interval interval_of(std::size_t stratum, double risk) const;
  [[nodiscard]] Interval interval_of_all(double risk) const;
  /// Of a stratum at a look: all of its faults, so that its mean is known.
  [[nodiscard]] bool is_used_up(std::size_t stratum, std::uint64_t trials) const {
    return trials == strata_[stratum].population;
  }
  [[nodiscard]] double risk_of_look(std::size_t looks) const {
    return (1 - rule_.confidence) / static_cast<double>(looks) / (strata_.size() > 1 ? 2 : 1);
  }
  /// By their mean and by their spread, at half of the risk each.
  [[nodiscard]] static Interval narrower(double mean, double variance, std::uint64_t n,
                                         double risk) {
    const Interval a = hoeffding_mean(mean, n, 1 - risk / 2);
    const Interval b = bernstein_mean(mean, variance, n, 1 - risk / 2);
    return {std::max(a.low, b.low), std::min(a.high, b.high)};
  }

  StoppingRule rule_;
  std::uint64_t images_;
  std::vector<StratumPlan> strata_;
  std::vector<std::vector<std::uint64_t>> looks_;  ///< trials by look and stratum
  std::vector<Sums> sums_;
  std::size_t look_ = 0;
  Interval interval_{0, 1};
  bool done_ = false;
};

}  // namespace upset

#include <upset/campaign/stopping_impl.hpp>
