// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/text.hpp"
#include <doctest/doctest.h>
#include <report/files.hpp>
#include <report/xml.hpp>

#include <upset/report/campaign_page.hpp>
#include <upset/report/gnuplot.hpp>  // TemporaryFolder

using upset::BitRole;
using upset::Breakdown;
using upset::CampaignReport;
using upset::Outcomes;
using upset::Site;
using upset::test::has;
using upset_test::Document;
using upset_test::entries;
using upset_test::read_file;

namespace {

const std::vector<std::string> sets{"conv1.kernel", "conv1.bias", "linear.kernel"};

CampaignReport empty_report(bool exhaustive = false) {
  return {.title = "Faults in <Mono<8>>",
          .command = "campaign --seed 7 && more",
          .seed = 7,
          .plan = {{"fault", "bit flip"}},
          .environment = {{"processor", "this one"}},
          .fault_free = {90, 100},
          .found = Breakdown(sets, exhaustive ? upset::Drawn::whole : upset::Drawn::at_random)};
}

CampaignReport single_faults(bool exhaustive) {
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

CampaignReport rates() {
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

}  // namespace

TEST_CASE("CampaignReport: trials go to their site, or to their rate") {
  const CampaignReport single = single_faults(false);
  CHECK(single.rates.empty());
  CHECK(single.found.rows({}).at(0).sum == single.found.total());
  const CampaignReport by_rate = rates();
  CHECK(by_rate.found.rows({}).empty());
  CHECK(by_rate.found.total().trials == 4);
  const auto curve = accuracy_curve(by_rate);
  REQUIRE(curve.size() == 2);
  CHECK(curve[0].ber == 1e-4);
  CHECK(curve[1].accuracies == std::vector<double>{0.8, 0.9});
}

TEST_CASE("Campaign page: the heat map has the layers that were hit, scales in one column") {
  const upset::HeatMap map = layer_bit_map(single_faults(false).found);
  CHECK(map.rows == std::vector<std::string>{"conv1", "linear"});
  CHECK(map.columns == std::vector<std::string>{"7", "6", "scale"});
  REQUIRE(map.cells.size() == 6);
  CHECK(map.cells[0] == 0.25);
  CHECK(map.cells[4] == 0);
  CHECK(map.cells[5] == doctest::Approx(0.6));
  for (const std::size_t cell : {1U, 2U, 3U}) {
    CHECK(std::isnan(map.cells[cell]));
  }
}

TEST_CASE("Campaign page: bars have whiskers where faults were sampled") {
  const upset::BarPlot sampled = layer_bars(single_faults(false).found);
  CHECK(sampled.bars[0].name == "conv1");
  CHECK(sampled.bars[0].value == 25);
  CHECK(sampled.bars[0].low == 100 * upset::wilson_mean(0.25, 2).low);
  const upset::BarPlot exhaustive = layer_bars(single_faults(true).found);
  CHECK(exhaustive.bars[0].low == exhaustive.bars[0].high);
}

TEST_CASE("Campaign page: rates have mean accuracies, their intervals and the worst trial") {
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

TEST_CASE("Campaign page: single faults give page, figures and CSV files") {
  for (const bool exhaustive : {false, true}) {
    const upset::detail::TemporaryFolder folder;
    const CampaignReport report = single_faults(exhaustive);
    write_campaign(report, folder.path());
    for (const char* name : {"layers.csv", "bits.csv", "layer_bits.csv", "layers.svg",
                             "layer_bits.svg", "report.html"}) {
      CAPTURE(name);
      CHECK(std::filesystem::exists(folder.path() / name));
    }
    CHECK(entries(folder.path()) == 6);
    const std::string html = read_file(folder.path() / "report.html");
    const Document page(html, {"meta"});
    CHECK(page.error == "");
    CHECK(page.all("svg").size() == 2);
    CHECK(page.all("table").size() == 5);
    for (const char* text :
         {"Faults in &lt;Mono&lt;8&gt;&gt;", "campaign --seed 7 &amp;&amp; more", "bit flip",
          "this one", "90.00 % of 100 pictures", "500 fault-images"}) {
      CAPTURE(text);
      CHECK(has(html, text));
    }
    CHECK(has(html, "95 % interval") == !exhaustive);
    CHECK(has(campaign_text(report), campaign_line(report.found)));
    CHECK(has(campaign_text(report), "\nscale 31  scale "));
  }
}

TEST_CASE("Campaign page: strata have a table where there are any") {
  CHECK_FALSE(has(campaign_text(single_faults(false)), "stratum"));
  CampaignReport report = empty_report();
  report.found = Breakdown(sets, upset::Drawn::at_random, {{"clear bits", 1234}, {"set bits", 56}});
  report.shows_strata = true;
  for (std::uint64_t i = 0; i < 3; ++i) {
    report.add({.site = Site{0, i, 7, BitRole::sign},
                .stratum = i / 2,
                .outcomes = {.images = 100, .masked = 50, .critical = i / 2 * 50}});
  }
  const std::string text = strata_table(report.found).text();
  CHECK(has(campaign_text(report), text));
  CHECK(has(text, "stratum     bits   trials"));
  CHECK(has(text, "clear bits  1,234       2"));
  CHECK(has(text, "50.000"));
  const upset::detail::TemporaryFolder folder;
  write_campaign(report, folder.path());
  const std::string html = read_file(folder.path() / "report.html");
  const Document page(html, {"meta"});
  CHECK(page.error == "");
  CHECK(page.all("table").size() == 6);
  CHECK(has(html, "1,234"));
}

TEST_CASE("Campaign page: bit error rates give a curve and boxes") {
  const upset::detail::TemporaryFolder folder;
  const CampaignReport report = rates();
  write_campaign(report, folder.path());
  CHECK(entries(folder.path()) == 3);  // accuracy.svg, boxes.svg and the page
  const std::string html = read_file(folder.path() / "report.html");
  CHECK(Document(html, {"meta"}).error == "");
  CHECK(has(html, "bit error rate"));
  CHECK_FALSE(has(html, "Layers"));
  CHECK(campaign_text(report) == rate_table(report).text());
}

TEST_CASE("Campaign page: a campaign that has not begun has a page") {
  const upset::detail::TemporaryFolder folder;
  CampaignReport report = empty_report();
  write_campaign(report, folder.path());
  CHECK(entries(folder.path()) == 1);
  report = rates();
  report.rates.erase(1e-3);
  report.rates[0] = report.rates.extract(1e-4).mapped();
  write_campaign(report, folder.path());  // rate 0 alone: no axis to draw a curve on
  CHECK_FALSE(std::filesystem::exists(folder.path() / "accuracy.svg"));
}
