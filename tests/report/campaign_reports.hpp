// SPDX-License-Identifier: BSL-1.0
/// Small campaigns to be reported.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <upset/report/campaign_report.hpp>

namespace upset_test {

using upset::BitRole;
using upset::Breakdown;
using upset::CampaignReport;
using upset::Drawn;
using upset::Site;

inline const std::vector<std::string> campaign_sets{"conv1.kernel", "conv1.bias", "linear.kernel"};

[[nodiscard]] inline CampaignReport empty_report(bool exhaustive = false) {
  return {.title = "Faults in <Mono<8>>",
          .command = "campaign --seed 7 && more",
          .seed = 7,
          .plan = {{"fault", "bit flip"}},
          .environment = {{"processor", "this one"}},
          .fault_free = {90, 100},
          .found = Breakdown(campaign_sets, exhaustive ? Drawn::whole : Drawn::at_random)};
}

[[nodiscard]] inline CampaignReport single_faults(bool exhaustive) {
  CampaignReport report = empty_report(exhaustive);
  const auto add = [&](const Site& site, std::uint64_t critical) {
    report.add({.number = report.found.total().trials,
                .site = site,
                .outcomes = {.images = 100, .masked = 100 - critical, .critical = critical}});
  };
  add({0, 0, 7, BitRole::sign}, 50);
  add({1, 0, 7, BitRole::sign}, 0);
  add({2, 0, 6, BitRole::fraction}, 0);
  add({2, 0, 31, BitRole::scale}, 100);
  add({2, 0, 30, BitRole::scale}, 20);
  return report;
}

[[nodiscard]] inline CampaignReport rates() {
  CampaignReport report = empty_report();
  for (const double ber : {1e-3, 1e-4}) {
    for (const std::uint64_t correct : {80U, 90U}) {
      report.add({.ber = ber,
                  .flips = 30,
                  .outcomes = {.images = 100, .critical = 100 - correct, .correct = correct}});
    }
  }
  return report;
}

}  // namespace upset_test
