// SPDX-License-Identifier: BSL-1.0
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <report/files.hpp>

#include <upset/report/campaign_tables.hpp>
#include <upset/report/gnuplot.hpp>  // TemporaryFolder

using upset::BitRole;
using upset::Breakdown;
using upset::By;
using upset::Drawn;
using upset::Outcomes;
using upset_test::read_file;

namespace {

const std::vector<std::string> table_sets{"conv1.kernel", "linear.kernel"};

Breakdown breakdown(bool exhaustive) {
  Breakdown found(table_sets, exhaustive ? Drawn::whole : Drawn::at_random);
  for (int fault = 0; fault < 4; ++fault) {
    found.add({0, 0, 31 - fault % 2, fault % 2 == 0 ? BitRole::sign : BitRole::exponent},
              {.images = 1000, .masked = 600, .changed = 390, .critical = 10, .correct = 900});
  }
  found.add({1, 2, 30, BitRole::exponent}, {.images = 1000, .critical = 1000, .nonfinite = 1000});
  return found;
}

}  // namespace

TEST_CASE("Campaign tables: shares are percent, and only 0 is written as 0") {
  CHECK(upset::percent_text(0.0) == "0");
  CHECK(upset::percent_text(1.0) == "100.000");
  CHECK(upset::percent_text(0.013114) == "1.311");
  CHECK(upset::percent_text(1e-5) == "0.001");
  CHECK(upset::percent_text(4e-8) == "4e-6");
  CHECK(upset::percent_text(std::optional(upset::Interval{0, 0.5})) == "0..50.000");
  CHECK(upset::percent_text(std::optional<upset::Interval>()) == "");
}

TEST_CASE("Campaign tables: a campaign in a line") {
  CHECK(campaign_line(breakdown(false)) ==
        "5 trials x 1,000 pictures = 5,000 fault-images: 20.800 % critical (95 % interval "
        "3.878..63.096), 31.200 % changed, 48.000 % masked");
  CHECK(campaign_line(breakdown(true)) ==
        "5 trials x 1,000 pictures = 5,000 fault-images: 20.800 % critical (every fault tried), "
        "31.200 % changed, 48.000 % masked");
  CHECK(campaign_line(Breakdown(table_sets)) == "0 trials x 0 pictures = 0 fault-images");
}

TEST_CASE("Campaign tables: a line says why it has no interval") {
  Breakdown part(table_sets, Drawn::in_order);
  part.add({0, 0, 31, BitRole::sign}, {.images = 10, .critical = 10});
  CHECK(campaign_line(part).starts_with(
      "1 trial x 10 pictures = 10 fault-images: 100.000 % critical (no interval: the faults were "
      "not drawn at random)"));
  CHECK(outcome_table(part).text().find("interval") == std::string::npos);
  Breakdown strata(table_sets, Drawn::at_random, {{"conv1", 99}, {"linear", 1}});
  strata.add({0, 0, 31, BitRole::sign}, {.images = 10, .masked = 10}, 0);
  strata.add({1, 0, 31, BitRole::sign}, {.images = 10, .critical = 10}, 1);
  const auto interval = strata.stratified(&Outcomes::critical)->interval;
  CHECK(campaign_line(strata) ==
        "2 trials x 10 pictures = 20 fault-images, each stratum by its bits: 1.000 % critical "
        "(95 % interval 1.000.." +
            upset::percent_text(interval.high) + "), 0 % changed, 99.000 % masked");
  CHECK(interval.high == doctest::Approx(0.01 + 0.99 * upset::wilson(0, 1).high));
}

TEST_CASE("Campaign tables: where a stratum was not tried, no share is that of all faults") {
  Breakdown strata(table_sets, Drawn::at_random, {{"conv1", 99}, {"linear", 1}});
  strata.add({1, 0, 31, BitRole::sign}, {.images = 10, .critical = 10}, 1);
  CHECK(campaign_line(strata) ==
        "1 trial x 10 pictures = 10 fault-images: no share of all faults, for none in "
        "stratum conv1 was tried");
  const upset::Table outcomes = outcome_table(strata);
  for (const auto& row : outcomes.rows()) {
    CHECK(row[2].text == "");
    CHECK(row[3].text == "");
  }
  CHECK(breakdown_table(strata, {By::stratum}).text().find("100.000") != std::string::npos);
}

TEST_CASE("Campaign tables: outcomes, with an interval where faults were sampled") {
  const std::string text = outcome_table(breakdown(false)).text();
  CHECK(text.starts_with("outcome        fault-images       %  95 % interval\n"));
  CHECK(text.find("\nmasked                2,400  48.000  ") != std::string::npos);
  CHECK(text.find("\ndetected                  0       0  0..43.448\n") != std::string::npos);
  CHECK(text.find("critical_pixels") == std::string::npos);
  CHECK(outcome_table(breakdown(true)).text().find("interval") == std::string::npos);
  CHECK(outcome_table(Breakdown(table_sets)).rows().size() == 9);
}

TEST_CASE("Campaign tables: rows by layer and bit, with the outcomes that occurred") {
  CHECK(breakdown_table(breakdown(true), {By::layer, By::bit}).text() ==
        "layer   bit  trials  masked %  changed %  critical %  nonfinite %  correct %\n"
        "------  ---  ------  --------  ---------  ----------  -----------  ---------\n"
        "conv1   31        2    60.000     39.000       1.000            0     90.000\n"
        "conv1   30        2    60.000     39.000       1.000            0     90.000\n"
        "linear  30        1         0          0     100.000      100.000          0\n");
  CHECK(breakdown_table(breakdown(false), {By::role}).columns()[5] == "95 % interval");
}

TEST_CASE("Campaign tables: CSV files hold counts, and numbers that read back") {
  const upset::detail::TemporaryFolder folder;
  const auto path = folder.path() / "bits.csv";
  write_breakdown_csv(path, breakdown(true), {By::bit, By::role});
  CHECK(read_file(path) ==
        "bit,role,trials,images,masked,changed,critical,critical_top5,critical_pixels,nonfinite,"
        "detected,corrected,correct,beneficial,critical_share,critical_low,critical_high\n"
        "31,sign,2,2000,1200,780,20,0,0,0,0,0,1800,0,0.01,,\n"
        "30,exponent,3,3000,1200,780,1020,0,0,1000,0,0,1800,0,0.34,,\n");
  write_breakdown_csv(path, breakdown(false), {By::layer});
  const upset::Interval interval = upset::wilson_mean(1, 1);
  CHECK(read_file(path).ends_with(",1," + upset::shortest(interval.low) + ",1\n"));
}

TEST_CASE("Campaign tables: strata are written with the bits they stand for") {
  const upset::detail::TemporaryFolder folder;
  const auto path = folder.path() / "strata.csv";
  Breakdown strata(table_sets, Drawn::at_random, {{"conv1", 99}, {"linear", 1}});
  strata.add({0, 0, 31, BitRole::sign}, {.images = 10, .masked = 10}, 0);
  strata.add({1, 0, 31, BitRole::sign}, {.images = 10, .critical = 10}, 1);
  write_breakdown_csv(path, strata, {By::stratum});
  const std::string text = read_file(path);
  CHECK(text.starts_with("stratum,bits,trials,images,"));
  CHECK(text.find("\nconv1,99,1,10,10,") != std::string::npos);
  CHECK(text.ends_with("\nlinear,1,1,10,0,0,10,0,0,0,0,0,0,0,1,1,1\n"));  // tried whole
}

TEST_CASE("Campaign tables: trials as lines, with site or rate") {
  const upset::detail::TemporaryFolder folder;
  const auto path = folder.path() / "trials.csv";
  upset::TrialsCsv csv(path, table_sets);
  csv.row(
      {.number = 7, .site = upset::Site{1, 17, 30, BitRole::exponent}, .outcomes = {.images = 9}});
  csv.row({.number = 8, .ber = 1e-5, .flips = 40, .outcomes = {.images = 9, .critical = 2}});
  CHECK_THROWS_WITH_AS(csv.row({.number = 9, .site = upset::Site{2, 0, 0, BitRole::sign}}),
                       "Trial 9 has its fault in parameter set 2 of 2; name the sets of the fault "
                       "space it was drawn from",
                       upset::Error);
  csv.close();
  CHECK(read_file(path) ==
        "trial,ber,flips,set,element,bit,role,stratum,images,masked,changed,critical,critical_top5,"
        "critical_pixels,nonfinite,detected,corrected,correct,beneficial\n"
        "7,,1,linear.kernel,17,30,exponent,,9,0,0,0,0,0,0,0,0,0,0\n"
        "8,1e-05,40,,,,,,9,0,0,2,0,0,0,0,0,0,0\n");
  upset::TrialsCsv of_strata(path, table_sets, {{"clear bits", 20}, {"set bits", 12}});
  of_strata.row({.site = upset::Site{1, 17, 30, BitRole::exponent}, .stratum = 1});
  of_strata.close();
  CHECK(read_file(path).find(",30,exponent,set bits,0,") != std::string::npos);
}
