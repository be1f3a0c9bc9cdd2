// SPDX-License-Identifier: BSL-1.0
#include <vector>

#include <doctest/doctest.h>
#include <report/campaign_reports.hpp>

#include <upset/report/campaign_report.hpp>

using upset_test::rates;
using upset_test::single_faults;

TEST_CASE("CampaignReport: trials go to their site, or to their rate") {
  const upset::CampaignReport single = single_faults(false);
  CHECK(single.rates.empty());
  CHECK(single.found.rows({}).at(0).sum == single.found.total());
  const upset::CampaignReport by_rate = rates();
  CHECK(by_rate.found.rows({}).empty());
  CHECK(by_rate.found.total().trials == 4);
  const auto curve = accuracy_curve(by_rate);
  REQUIRE(curve.size() == 2);
  CHECK(curve[0].ber == 1e-4);
  CHECK(curve[1].accuracies == std::vector<double>{0.8, 0.9});
}

TEST_CASE("CampaignReport: rates have mean accuracies, their intervals and the worst trial") {
  CHECK(rate_table(rates()).text() ==
        "bit error rate  trials  flips per trial  accuracy %  95 % interval  worst %  critical %  "
        "nonfinite %\n"
        "--------------  ------  ---------------  ----------  -------------  -------  ----------  "
        "-----------\n"
        "          1e-4       2             30.0       85.00  21.47..100.00    80.00      15.000  "
        "          0\n"
        "          1e-3       2             30.0       85.00  21.47..100.00    80.00      15.000  "
        "          0\n");
}
