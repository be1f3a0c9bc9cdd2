// SPDX-License-Identifier: BSL-1.0
/// Shares and intervals of a breakdown, and its rows; included by breakdown.hpp only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <upset/campaign/breakdown.hpp>

namespace upset {

inline double Breakdown::share(const BreakdownRow& row, std::uint64_t Outcomes::*count) const {
  double part = 0;
  double all = 0;
  for (const auto& [stratum, sum] : row.parts) {
    const double bits_per_trial = strata_.empty() ? 1
                                                  : static_cast<double>(strata_[stratum].bits) /
                                                        static_cast<double>(trials_of(stratum));
    part += bits_per_trial * static_cast<double>(sum.outcomes.*count);
    all += bits_per_trial * static_cast<double>(sum.outcomes.images);
  }
  return part / all;
}

inline std::size_t Breakdown::untried() const {
  std::size_t h = 0;
  while (h < strata_.size() && trials_of(h) > 0) {
    ++h;
  }
  return h;
}

inline std::optional<StratifiedRate> Breakdown::stratified(std::uint64_t Outcomes::*count,
                                                           double confidence) const {
  if (strata_.empty() || untried() < strata_.size()) {
    return std::nullopt;
  }
  const auto images = static_cast<double>(images_per_trial());
  std::vector<StratumSample> samples;
  for (const auto& [stratum, sum] : whole_.parts) {
    const auto n = static_cast<double>(sum.trials);
    const auto all = static_cast<double>(sum.outcomes.*count);
    const double squares =
        std::fma(-all, all / n, static_cast<double>(squares_[stratum].*count)) / (images * images);
    samples.push_back({strata_[stratum].bits, sum.trials, sum.share(count),
                       sum.trials == 1 ? 0 : std::max(0.0, squares) / (n - 1)});
  }
  return stratified_rate(samples, confidence);
}

inline std::optional<Interval> Breakdown::interval(const BreakdownRow& row,
                                                   std::uint64_t Outcomes::*count,
                                                   double confidence) const {
  if (drawn_ != Drawn::at_random || (!strata_.empty() && !row.is_of_one_stratum)) {
    return std::nullopt;
  }
  for (const auto& [stratum, sum] : row.parts) {
    if (!strata_.empty() && trials_of(stratum) == strata_[stratum].bits) {
      return Interval{sum.share(count), sum.share(count)};
    }
  }
  return row.sum.interval(count, confidence);
}

inline std::optional<Interval> Breakdown::interval(std::uint64_t Outcomes::*count,
                                                   double confidence) const {
  if (strata_.empty() || drawn_ != Drawn::at_random) {
    return interval(whole_, count, confidence);
  }
  const auto rate = stratified(count, confidence);
  return rate ? std::optional(rate->interval) : std::nullopt;
}

inline bool Breakdown::tell_strata_apart(const std::vector<By>& by) const {
  const auto has = [&](By one) { return std::ranges::find(by, one) != by.end(); };
  const bool has_layer = has(By::layer) || has(By::set);
  if (has(By::stratum) || !stratified_by_) {
    return has(By::stratum);
  }
  switch (*stratified_by_) {
    case StratumOf::layer:
      return has_layer;
    case StratumOf::set:
      return has(By::set);
    case StratumOf::bit:
      return has(By::bit);
    case StratumOf::role:
      return has(By::role);
    case StratumOf::layer_bit:
      return has_layer && has(By::bit);
    case StratumOf::value:
      return false;
  }
  return false;
}

inline std::vector<BreakdownRow> Breakdown::rows(const std::vector<By>& by) const {
  std::map<std::vector<std::int64_t>, BreakdownRow> ordered;
  for (const auto& [place, sum] : finest_) {
    std::vector<std::int64_t> key;
    BreakdownRow row;
    for (const By part : by) {
      key.push_back(order(place, part));
      row.names.push_back(name(place, part));
    }
    BreakdownRow& found = ordered.try_emplace(std::move(key), std::move(row)).first->second;
    found.add(place.stratum, sum);
  }
  std::vector<BreakdownRow> result;
  for (auto& [key, row] : ordered) {
    row.is_of_one_stratum = tell_strata_apart(by);
    result.push_back(std::move(row));
  }
  return result;
}

}  // namespace upset
