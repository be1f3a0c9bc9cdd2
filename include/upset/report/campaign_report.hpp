// SPDX-License-Identifier: BSL-1.0
/// What a campaign was and what it found, to be shown in whatever way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <upset/campaign/breakdown.hpp>
#include <upset/metric/accuracy.hpp>
#include <upset/metric/resilience.hpp>
#include <upset/report/campaign_tables.hpp>
#include <upset/report/html.hpp>
#include <upset/report/line_plot.hpp>
#include <upset/report/machine.hpp>

namespace upset {

/// Trials of one bit error rate.
struct RateTrials {
  TrialSum sum{};
  std::uint64_t flips = 0;
  std::vector<double> accuracies{};  ///< of each trial, 0 to 1
};

/// What a campaign was and what it found.
struct CampaignReport {
  std::string title{};
  std::string command{};  ///< repeats the campaign
  std::uint64_t seed = 0;
  std::vector<Fact> plan{};
  std::vector<Fact> environment = machine_facts();
  Count fault_free{};  ///< correct without faults, of the pictures that the trials classify
  Breakdown found;
  bool shows_strata = false;             ///< where no other table tells them apart
  std::map<double, RateTrials> rates{};  ///< by bit error rate; empty for single faults

  /// Adds a trial to `found`, and to its rate if it has one. Throws as `Breakdown::add`.
  void add(const CampaignTrial& trial) {
    if (trial.site) {
      found.add(*trial.site, trial.outcomes, trial.stratum);
    } else {
      found.add(trial.outcomes);
    }
    if (trial.ber) {
      RateTrials& at = rates[*trial.ber];
      at.sum += TrialSum{trial.outcomes, 1};
      at.flips += trial.flips;
      at.accuracies.push_back(static_cast<double>(trial.outcomes.correct) /
                              static_cast<double>(trial.outcomes.images));
    }
  }
};

/// Accuracies by rate, for curves, boxes and the figures of resilience.
[[nodiscard]] inline std::vector<CurvePoint> accuracy_curve(const CampaignReport& report) {
  std::vector<CurvePoint> curve;
  for (const auto& [ber, trials] : report.rates) {
    curve.push_back({ber, trials.accuracies});
  }
  return curve;
}

/// A row for each bit error rate: accuracy over its trials, and what became of the pictures.
[[nodiscard]] inline Table rate_table(const CampaignReport& report) {
  Table table({"bit error rate", "trials", "flips per trial", "accuracy %", "95 % interval",
               "worst %", "critical %", "nonfinite %"});
  const LineSeries series = accuracy_series("", accuracy_curve(report));
  auto point = series.points.begin();
  const std::vector<std::string> names =
      rate_texts(report.rates, [](const auto& each) { return each.first; });
  auto name = names.begin();
  for (const auto& [ber, trials] : report.rates) {
    const auto number = [](double x, int decimals) {
      return Cell::aligned_right(with_decimals(x, decimals));
    };
    table.add_row(
        {Cell::aligned_right(*name++), Cell::aligned_right(grouped_text(trials.sum.trials)),
         number(static_cast<double>(trials.flips) / static_cast<double>(trials.sum.trials), 1),
         number(point->y, 2), trials.sum.trials > 1 ? range_text(point->low, point->high, 2) : "",
         number(100 * *std::ranges::min_element(trials.accuracies), 2),
         Cell::aligned_right(percent_text(trials.sum.share(&Outcomes::critical))),
         Cell::aligned_right(percent_text(trials.sum.share(&Outcomes::nonfinite)))});
    ++point;
  }
  return table;
}

}  // namespace upset
