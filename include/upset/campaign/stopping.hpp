// SPDX-License-Identifier: BSL-1.0
/// Campaigns that end as soon as the rate is known to a margin.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
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
/// Of K looks and H strata each interval has 1 - (1 - confidence) / (K H): by Clopper and Pearson
/// where a trial has one picture, else what Hoeffding and Maurer and Pontil leave together, at half
/// of that risk each. (Wilson's, so corrected, misses a rate of 0.001 in 3 % of campaigns at a
/// stated 1 %, and takes more trials.) K is the look at which the margin holds whatever the
/// outcomes, so a campaign always ends. Strata should be few, since each has to be known for
/// itself: the bits that matter, and all others.
///
/// - trials: independent draws from their stratum, with replacement or without
/// - errors: a rule, picture count or strata that make no sense: `Error`
/// - cost:   O(1) a trial, some microseconds a look
/// - source: Bonferroni's inequality over the looks; the intervals' own; Hoeffding 1963, section 6,
///           for draws without replacement
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

  StoppingRule rule_;
  std::uint64_t images_;
  std::vector<StratumPlan> strata_;
  std::vector<std::vector<std::uint64_t>> looks_;  ///< trials by look and stratum
  std::vector<Sums> sums_;
  std::size_t look_ = 0;
  Interval interval_{0, 1};
  bool done_ = false;
};

inline Sequential::Sequential(const StoppingRule& rule, std::uint64_t images,
                              std::vector<StratumPlan> strata)
    : rule_(rule), images_(images), strata_(std::move(strata)), sums_(strata_.size()) {
  detail::expect_confidence(rule.confidence);
  if (!(rule.margin > 0 && rule.margin < 1) || rule.first_look == 0 || !(rule.growth >= 1.01) ||
      !(rule.growth <= 100)) {
    throw Error(
        "A stopping rule has a margin within (0, 1), a first look after at least one trial "
        "and looks that grow by 1.01 to 100, not a margin of " +
        std::to_string(rule.margin) + ", " + std::to_string(rule.first_look) +
        " trials and a growth of " + std::to_string(rule.growth));
  }
  if (images == 0 || images >> 20 != 0) {
    throw Error("A trial has 1 to 1048575 pictures, not " + std::to_string(images));
  }
  double weights = 0;
  double shares = 0;
  for (const StratumPlan& each : strata_) {
    if (!(each.weight > 0 && each.share > 0 && each.population > 0)) {
      throw Error("Every stratum has a part of the population and of the trials; leave out others");
    }
    weights += each.weight;
    shares += each.share;
  }
  if (!(std::isfinite(weights) && weights > 0 && std::isfinite(shares))) {
    throw Error("The strata of a campaign need finite weights and shares; give at least one");
  }
  for (StratumPlan& each : strata_) {
    each.weight /= weights;
    each.share /= shares;
  }
  plan_looks();
}

// Hoeffding's simpler margin, which the intervals used never exceed, decides on the last look.
inline void Sequential::plan_looks() {
  const auto trials_limit = static_cast<double>(std::uint64_t{1} << 40);
  double most = 1;
  for (auto trials = static_cast<double>(rule_.first_look); most > rule_.margin;
       trials *= rule_.growth) {
    if (trials > trials_limit) {
      throw Error("A margin of " + std::to_string(rule_.margin) +
                  " takes more than 2^40 trials; state a wider one");
    }
    std::vector<std::uint64_t> counts;
    for (const StratumPlan& each : strata_) {
      counts.push_back(
          std::min(static_cast<std::uint64_t>(std::ceil(trials * each.share)), each.population));
    }
    if (!looks_.empty() && counts == looks_.back()) {
      continue;  // of many strata with a trial each there is nothing new to see
    }
    looks_.push_back(std::move(counts));
    const double intervals =
        static_cast<double>(looks_.size() * strata_.size()) * (images_ == 1 ? 1 : 2);
    const double log = std::log(2 * intervals / (1 - rule_.confidence));
    most = 0;
    for (std::size_t h = 0; h < strata_.size(); ++h) {
      const std::uint64_t count = looks_.back()[h];
      most += count == strata_[h].population
                  ? 0
                  : strata_[h].weight * std::sqrt(log / (2 * static_cast<double>(count)));
    }
  }
}

inline void Sequential::add(std::uint64_t critical, std::size_t stratum) {
  if (stratum >= strata_.size() || critical > images_) {
    throw Error("A trial of stratum " + std::to_string(stratum) + " with " +
                std::to_string(critical) + " critical pictures does not belong to a campaign of " +
                std::to_string(strata_.size()) + " strata and " + std::to_string(images_) +
                " pictures");
  }
  if (wanted(stratum) == 0) {
    throw Error("Stratum " + std::to_string(stratum) +
                " has all trials of the next look; add as many as `wanted` says");
  }
  Sums& sums = sums_[stratum];
  ++sums.trials;
  sums.critical += critical;
  sums.squares += critical * critical;
  for (std::size_t h = 0; h < strata_.size(); ++h) {
    if (wanted(h) != 0) {
      return;
    }
  }
  look();
}

inline void Sequential::look() {
  const double risk = (1 - rule_.confidence) / static_cast<double>(looks_.size() * strata_.size());
  Interval whole{0, 0};
  for (std::size_t h = 0; h < strata_.size(); ++h) {
    const Interval part = interval_of(h, risk);
    whole.low += strata_[h].weight * part.low;
    whole.high += strata_[h].weight * part.high;
  }
  interval_ = whole;
  ++look_;
  done_ = look_ == looks_.size() ||  // the margin holds there, but for roundings
          std::max(mean() - whole.low, whole.high - mean()) <= rule_.margin;
}

inline Interval Sequential::interval_of(std::size_t stratum, double risk) const {
  const Sums& sums = sums_[stratum];
  if (sums.trials == strata_[stratum].population) {
    return {mean_of(sums), mean_of(sums)};
  }
  if (images_ == 1) {
    return clopper_pearson(sums.critical, sums.trials, 1 - risk);
  }
  const auto n = static_cast<double>(sums.trials);
  const auto critical = static_cast<double>(sums.critical);
  const auto images = static_cast<double>(images_);
  const double squares = std::fma(-critical, critical / n, static_cast<double>(sums.squares));
  const double variance =
      sums.trials == 1 ? 0 : std::max(0.0, squares) / ((n - 1) * images * images);
  const Interval a = hoeffding_mean(mean_of(sums), sums.trials, 1 - risk / 2);
  const Interval b = bernstein_mean(mean_of(sums), variance, sums.trials, 1 - risk / 2);
  return {std::max(a.low, b.low), std::min(a.high, b.high)};
}

inline double Sequential::mean() const {
  double mean = 0;
  for (std::size_t h = 0; h < strata_.size(); ++h) {
    mean += strata_[h].weight * mean_of(sums_[h]);
  }
  return mean;
}

inline std::uint64_t Sequential::trials() const {
  std::uint64_t trials = 0;
  for (const Sums& each : sums_) {
    trials += each.trials;
  }
  return trials;
}

}  // namespace upset
