// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/text.hpp"
#include <doctest/doctest.h>
#include <report/campaign_reports.hpp>
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
using upset_test::campaign_sets;
using upset_test::Document;
using upset_test::empty_report;
using upset_test::entries;
using upset_test::rates;
using upset_test::read_file;
using upset_test::single_faults;

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

TEST_CASE("Campaign page: the heat map has positions that no fault hit, between those hit") {
  CampaignReport report = empty_report();
  for (const int bit : {9, 12}) {
    report.add({.site = Site{0, 0, bit, BitRole::sign}, .outcomes = {.images = 100}});
  }
  const upset::HeatMap map = layer_bit_map(report.found);
  CHECK(map.columns == std::vector<std::string>{"12", "11", "10", "9"});
  CHECK(map.cells[0] == 0);
  CHECK(std::isnan(map.cells[1]));
}

TEST_CASE("Campaign page: bars have whiskers where faults were sampled") {
  const upset::BarPlot sampled = layer_bars(single_faults(false).found);
  CHECK(sampled.bars[0].name == "conv1");
  CHECK(sampled.bars[0].value == 25);
  CHECK(sampled.bars[0].low == 100 * upset::wilson_mean(0.25, 2).low);
  const upset::BarPlot exhaustive = layer_bars(single_faults(true).found);
  CHECK(exhaustive.bars[0].low == exhaustive.bars[0].high);
}

TEST_CASE("Campaign page: single faults give page, figures and CSV files") {
  for (const bool exhaustive : {false, true}) {
    const upset::detail::TemporaryFolder folder;
    const CampaignReport report = single_faults(exhaustive);
    write_campaign(report, folder.path());
    for (const char* name : {"layers.csv", "sets.csv", "roles.csv", "bits.csv", "layer_bits.csv",
                             "set_bits.csv", "layers.svg", "layer_bits.svg", "report.html"}) {
      CAPTURE(name);
      CHECK(std::filesystem::exists(folder.path() / name));
    }
    CHECK(entries(folder.path()) == 9);
    // bit 7 of kernels and of biases, of one layer, apart
    const std::string bits = read_file(folder.path() / "set_bits.csv");
    CHECK(has(bits, "set,bit,role,trials,images,"));
    CHECK(has(bits, "\nconv1.kernel,7,sign,1,100,50,"));
    CHECK(has(bits, "\nconv1.bias,7,sign,1,100,100,"));
    const std::string html = read_file(folder.path() / "report.html");
    const Document page(html, {"meta"});
    CHECK(page.error == "");
    for (const upset::Outcomes::Field& field : Outcomes::fields()) {
      if (field.count != &Outcomes::images && field.count != &Outcomes::masked &&
          field.count != &Outcomes::changed && field.count != &Outcomes::critical) {
        CHECK(
            has(html, std::string(field.name) + (field.name == "critical_pixels" ? " too:" : ":")));
      }
    }
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
  report.found =
      Breakdown(campaign_sets, upset::Drawn::at_random, {{"clear bits", 1234}, {"set bits", 56}});
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
  CHECK(has(read_file(folder.path() / "strata.csv"), "\nclear bits,1234,2,"));
  CHECK_FALSE(has(html, "There is no share of all faults"));
  report.found = Breakdown(campaign_sets, upset::Drawn::at_random, {{"clear", 1234}, {"set", 56}});
  report.add({.site = Site{0, 1, 7, BitRole::sign}, .outcomes = {.images = 100, .masked = 100}});
  write_campaign(report, folder.path());
  CHECK(has(read_file(folder.path() / "report.html"),
            "There is no share of all faults, for none in stratum set was tried"));
  write_campaign(single_faults(false), folder.path());
  CHECK_FALSE(std::filesystem::exists(folder.path() / "strata.csv"));
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

TEST_CASE("Campaign page: what an earlier campaign has left is removed, and nothing else") {
  const upset::detail::TemporaryFolder folder;
  upset::write_file(folder.path() / "trials.csv", "of whoever runs the campaign");
  write_campaign(single_faults(false), folder.path());
  CHECK(entries(folder.path()) == 10);
  write_campaign(rates(), folder.path());
  CHECK(entries(folder.path()) == 4);
  write_campaign(single_faults(true), folder.path());
  CHECK(entries(folder.path()) == 10);
  CHECK(read_file(folder.path() / "trials.csv") == "of whoever runs the campaign");
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
