// SPDX-License-Identifier: BSL-1.0
/// How `Sequential` decides; included by stopping.hpp only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <upset/campaign/stopping.hpp>
#include <upset/metric/bounded_mean.hpp>

namespace upset {

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
    const double risk = risk_of_look(looks_.size());
    const auto margin = [&](double share_of_risk, double trials_seen) {
      return std::sqrt(std::log(2 / (risk * share_of_risk)) / (2 * trials_seen));
    };
    const double share = (images_ == 1 ? 1.0 : 0.5) / static_cast<double>(strata_.size());
    double sum = 0;
    double seen = 0;
    double largest = 0;  // weight of a trial
    for (std::size_t h = 0; h < strata_.size(); ++h) {
      if (const std::uint64_t count = looks_.back()[h]; !is_used_up(h, count)) {
        const auto n = static_cast<double>(count);
        sum += strata_[h].weight * margin(share, n);
        seen += n;
        largest = std::max(largest, strata_[h].weight / n);
      }
    }
    most =
        seen == 0 || strata_.size() == 1 ? sum : std::min(sum, seen * largest * margin(0.5, seen));
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
  const double risk = risk_of_look(looks_.size());
  Interval whole{0, 0};
  for (std::size_t h = 0; h < strata_.size(); ++h) {
    const Interval part = interval_of(h, risk / static_cast<double>(strata_.size()));
    whole.low += strata_[h].weight * part.low;
    whole.high += strata_[h].weight * part.high;
  }
  if (strata_.size() > 1) {
    const Interval all = interval_of_all(risk);
    whole = {std::max(whole.low, all.low), std::min(whole.high, all.high)};
  }
  interval_ = whole;
  ++look_;
  done_ = look_ == looks_.size() ||  // the margin holds there, but for roundings
          std::max(mean() - whole.low, whole.high - mean()) <= rule_.margin;
}

inline Interval Sequential::interval_of(std::size_t stratum, double risk) const {
  const Sums& sums = sums_[stratum];
  if (is_used_up(stratum, sums.trials)) {
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
  return narrower(mean_of(sums), variance, sums.trials, risk);
}

// Each trial of a stratum counts by weight / trials: independent values from 0 to the largest of
// these weights.
inline Interval Sequential::interval_of_all(double risk) const {
  double known = 0;
  std::uint64_t trials = 0;
  double largest = 0;
  const auto weight_of = [&](std::size_t h) {
    return strata_[h].weight / static_cast<double>(sums_[h].trials);
  };
  for (std::size_t h = 0; h < strata_.size(); ++h) {
    if (is_used_up(h, sums_[h].trials)) {
      known += strata_[h].weight * mean_of(sums_[h]);
    } else {
      trials += sums_[h].trials;
      largest = std::max(largest, weight_of(h));
    }
  }
  if (trials == 0) {
    return {known, known};
  }
  double sum = 0;
  double squares = 0;
  for (std::size_t h = 0; h < strata_.size(); ++h) {
    if (!is_used_up(h, sums_[h].trials)) {
      const double unit = weight_of(h) / (largest * static_cast<double>(images_));
      sum += unit * static_cast<double>(sums_[h].critical);
      squares += unit * unit * static_cast<double>(sums_[h].squares);
    }
  }
  const auto n = static_cast<double>(trials);
  const double mean = std::min(sum / n, 1.0);
  const double variance = trials == 1 ? 0 : std::max(0.0, std::fma(-mean, sum, squares)) / (n - 1);
  const Interval scaled = narrower(mean, variance, trials, risk);
  return {known + n * largest * scaled.low, known + n * largest * scaled.high};
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
