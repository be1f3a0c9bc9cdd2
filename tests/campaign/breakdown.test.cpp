// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <upset/campaign/breakdown.hpp>

using upset::BitRole;
using upset::Breakdown;
using upset::BreakdownRow;
using upset::By;
using upset::Drawn;
using upset::Outcomes;
using upset::Site;
using upset::StratumOf;
using upset::TrialSum;

namespace {

const std::vector<std::string> sets{"conv1.kernel", "conv1.bias", "layer1.0.conv1.kernel"};

Outcomes trial(std::uint64_t critical) {
  return {.images = 10, .masked = 10 - critical, .critical = critical};
}

// "name name: critical/images in trials" of each row.
std::vector<std::string> texts(const std::vector<BreakdownRow>& rows) {
  std::vector<std::string> result;
  for (const BreakdownRow& row : rows) {
    std::string text;
    for (const std::string& name : row.names) {
      text += (text.empty() ? "" : " | ") + name;
    }
    result.push_back(text + ": " + std::to_string(row.sum.outcomes.critical) + "/" +
                     std::to_string(row.sum.outcomes.images) + " in " +
                     std::to_string(row.sum.trials));
  }
  return result;
}

using Texts = std::vector<std::string>;

Breakdown sample() {
  Breakdown breakdown(sets);
  breakdown.add({2, 5, 31, BitRole::sign}, trial(1));
  breakdown.add({0, 0, 30, BitRole::exponent}, trial(10));
  breakdown.add({0, 7, 30, BitRole::exponent}, trial(4));
  breakdown.add({1, 3, 30, BitRole::exponent}, trial(2));
  breakdown.add({0, 0, 30, BitRole::scale}, trial(8));
  breakdown.add({0, 0, 2, BitRole::fraction}, trial(0));
  return breakdown;
}

}  // namespace

TEST_CASE("Breakdown: trials add up by layer, set, role and bit, in the order of memory") {
  const Breakdown all = sample();
  CHECK(texts(all.rows({By::layer})) == Texts{"conv1: 24/50 in 5", "layer1.0.conv1: 1/10 in 1"});
  CHECK(texts(all.rows({By::set})) == Texts{"conv1.kernel: 22/40 in 4", "conv1.bias: 2/10 in 1",
                                            "layer1.0.conv1.kernel: 1/10 in 1"});
  CHECK(texts(all.rows({By::role})) == Texts{"sign: 1/10 in 1", "exponent: 16/30 in 3",
                                             "fraction: 0/10 in 1", "scale: 8/10 in 1"});
  CHECK(texts(all.rows({By::bit})) ==
        Texts{"31: 1/10 in 1", "30: 16/30 in 3", "2: 0/10 in 1", "scale 30: 8/10 in 1"});
  CHECK(texts(all.rows({By::layer, By::bit})) ==
        Texts{"conv1 | 30: 16/30 in 3", "conv1 | 2: 0/10 in 1", "conv1 | scale 30: 8/10 in 1",
              "layer1.0.conv1 | 31: 1/10 in 1"});
  CHECK(texts(all.rows({})) == Texts{": 25/60 in 6"});
  CHECK(all.total().outcomes.masked == 35);
  CHECK(all.images_per_trial() == 10);
}

TEST_CASE("Breakdown: trials in any order give the same sums") {
  std::mt19937 generator(3);
  std::vector<std::pair<Site, Outcomes>> trials;
  for (int i = 0; i < 500; ++i) {
    trials.push_back({{generator() % 3, generator() % 100, static_cast<int>(generator() % 32),
                       static_cast<BitRole>(generator() % 9)},
                      trial(generator() % 11)});
  }
  std::vector<Texts> results;
  for (int order = 0; order < 3; ++order) {
    Breakdown breakdown(sets);
    for (const auto& [site, outcomes] : trials) {
      breakdown.add(site, outcomes);
    }
    Texts rows;
    for (const std::vector<By>& by : {std::vector{By::set, By::role, By::bit}, {By::layer}}) {
      std::ranges::copy(texts(breakdown.rows(by)), std::back_inserter(rows));
    }
    results.push_back(rows);
    std::shuffle(trials.begin(), trials.end(), generator);
  }
  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
}

TEST_CASE("Breakdown: a trial of several faults counts in the total alone") {
  Breakdown breakdown(sets);
  breakdown.add(trial(3));
  breakdown.add({0, 0, 30, BitRole::exponent}, trial(1));
  CHECK(breakdown.total() == TrialSum{{.images = 20, .masked = 16, .critical = 4}, 2});
  CHECK(texts(breakdown.rows({By::layer})) == Texts{"conv1: 1/10 in 1"});
}

TEST_CASE("Breakdown: faults are what was sampled, not pictures") {
  // 400 faults on 1,000 pictures each: the interval is that of 400 draws.
  TrialSum sum{{.images = 400'000, .critical = 100'000}, 400};
  CHECK(sum.share(&Outcomes::critical) == 0.25);
  CHECK(sum.interval(&Outcomes::critical) == upset::wilson(100, 400));
  sum.outcomes.critical = 0;
  CHECK(sum.interval(&Outcomes::critical) == upset::wilson(0, 400));
  CHECK(std::isnan(TrialSum{}.share(&Outcomes::critical)));
  CHECK(TrialSum{}.interval(&Outcomes::critical) == upset::Interval{0, 1});
}

TEST_CASE("Breakdown: intervals are of faults drawn at random only") {
  for (const Drawn drawn : {Drawn::at_random, Drawn::whole, Drawn::in_order}) {
    Breakdown breakdown(sets, drawn);
    breakdown.add({0, 0, 30, BitRole::exponent}, trial(3));
    breakdown.add({1, 0, 30, BitRole::exponent}, trial(1));
    for (const BreakdownRow& row : breakdown.rows({By::layer})) {
      CHECK(breakdown.share(row, &Outcomes::critical) == 0.2);
      CHECK(breakdown.interval(row, &Outcomes::critical) ==
            (drawn == Drawn::at_random ? std::optional(row.sum.interval(&Outcomes::critical))
                                       : std::nullopt));
    }
    CHECK(breakdown.share(&Outcomes::critical) == 0.2);
    CHECK(breakdown.interval(&Outcomes::critical).has_value() == (drawn == Drawn::at_random));
  }
}

// 990 bits that are never critical, of which 3 were tried, and 10 of which all were.
Breakdown stratified_sample() {
  Breakdown breakdown(sets, Drawn::at_random, {{"large", 990}, {"small", 10}});
  for (std::uint64_t i = 0; i < 10; ++i) {
    breakdown.add({0, i, 30, BitRole::exponent}, trial(i), 1);
  }
  for (std::uint64_t i = 0; i < 3; ++i) {
    breakdown.add({i == 0 ? 0U : 2U, i, 2, BitRole::fraction}, trial(0), 0);
  }
  return breakdown;
}

TEST_CASE("Breakdown: each stratum counts by its bits") {
  const Breakdown all = stratified_sample();
  const auto critical = &Outcomes::critical;
  CHECK(all.share(critical) == doctest::Approx(0.45 * 10 / 1000));  // 0.35 of the faults drawn
  CHECK(all.stratified(critical)->rate == doctest::Approx(0.0045));
  // none of 3 leaves much of the large stratum open
  CHECK(all.interval(critical) == all.stratified(critical)->interval);
  CHECK(all.interval(critical)->high == doctest::Approx(0.0045 + 0.99 * upset::wilson(0, 3).high));

  const std::vector<BreakdownRow> layers = all.rows({By::layer});
  CHECK(all.share(layers[0], critical) == doctest::Approx(4.5 / 340));  // 330 clear bits, and 10
  CHECK_FALSE(all.interval(layers[0], critical).has_value());
  // those of another layer might have been of either stratum
  CHECK_FALSE(all.interval(layers[1], critical).has_value());
  const std::vector<BreakdownRow> strata = all.rows({By::stratum});
  CHECK(texts(strata) == Texts{"large: 0/30 in 3", "small: 45/100 in 10"});
  CHECK(all.interval(strata[1], critical) == upset::Interval{0.45, 0.45});  // every bit was tried
}

TEST_CASE("Breakdown: the variance within strata is that of the shares of their trials") {
  Breakdown breakdown(sets, Drawn::at_random, {{"a", 100}, {"b", 300}});
  std::vector<std::vector<double>> values(2);
  for (std::uint64_t i = 0; i < 12; ++i) {
    const std::uint64_t critical = i * i % 11;
    breakdown.add({0, i, 30, BitRole::exponent}, trial(critical), i % 2);
    values[i % 2].push_back(static_cast<double>(critical) / 10);
  }
  const std::vector<upset::StratumSample> samples{upset::StratumSample::of(100, values[0]),
                                                  upset::StratumSample::of(300, values[1])};
  const upset::StratifiedRate expected = upset::stratified_rate(samples, 0.9);
  const auto found = breakdown.stratified(&Outcomes::critical, 0.9);
  CHECK(found->rate == doctest::Approx(expected.rate));
  CHECK(found->standard_error == doctest::Approx(expected.standard_error));
  CHECK(breakdown.interval(&Outcomes::critical, 0.9) == found->interval);
}

TEST_CASE("Breakdown: rows that their names put into one stratum have intervals") {
  const std::vector<By> all{By::layer, By::set, By::role, By::bit, By::stratum};
  using Names = std::vector<By>;
  const auto known = [&](StratumOf of) {  // of all rows told apart by one or two names
    std::vector<Names> found;
    Breakdown breakdown(sets, Drawn::at_random, {{"a", 100}, {"b", 100}}, of);
    breakdown.add({0, 0, 30, BitRole::exponent}, trial(3), 0);
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t j = i; j < all.size(); ++j) {
        const Names by = i == j ? Names{all[i]} : Names{all[i], all[j]};
        if (breakdown.interval(breakdown.rows(by).at(0), &Outcomes::critical)) {
          found.push_back(by);
        }
      }
    }
    return found;
  };
  const auto having = [&](auto holds) {
    std::vector<Names> found;
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t j = i; j < all.size(); ++j) {
        const auto has = [&](By by) { return all[i] == by || all[j] == by; };
        if (has(By::stratum) || holds(has)) {
          found.push_back(i == j ? Names{all[i]} : Names{all[i], all[j]});
        }
      }
    }
    return found;
  };
  const auto in_layer = [](const auto& has) { return has(By::layer) || has(By::set); };
  CHECK(known(StratumOf::layer) == having(in_layer));
  CHECK(known(StratumOf::set) == having([](const auto& has) { return has(By::set); }));
  CHECK(known(StratumOf::bit) == having([](const auto& has) { return has(By::bit); }));
  CHECK(known(StratumOf::role) == having([](const auto& has) { return has(By::role); }));
  CHECK(known(StratumOf::layer_bit) ==
        having([&](const auto& has) { return in_layer(has) && has(By::bit); }));
  CHECK(known(StratumOf::value) == having([](const auto&) { return false; }));
}

TEST_CASE("Breakdown: a stratum without trials is named") {
  Breakdown breakdown(sets, Drawn::at_random, {{"one", 1}, {"many", 5}, {"none", 4}});
  CHECK(breakdown.untried() == 0);
  breakdown.add({0, 0, 30, BitRole::exponent}, trial(3), 0);
  CHECK(breakdown.untried() == 1);
  breakdown.add({0, 1, 30, BitRole::exponent}, trial(3), 1);
  CHECK(breakdown.trials_of(2) == 0);
  CHECK(breakdown.untried() == 2);
  CHECK_FALSE(breakdown.stratified(&Outcomes::critical).has_value());
  CHECK_FALSE(breakdown.interval(&Outcomes::critical).has_value());
  breakdown.add({0, 3, 30, BitRole::exponent}, trial(3), 2);
  CHECK(breakdown.untried() == 3);
}

TEST_CASE("Breakdown: what does not fit is refused") {
  Breakdown breakdown(sets);
  CHECK_THROWS_WITH_AS(
      breakdown.add({3, 0, 0, BitRole::sign}, trial(0)),
      "A fault in parameter set 3 does not fit a breakdown of 3 sets; name those of the fault "
      "space it was drawn from",
      upset::Error);
  CHECK_THROWS_AS(breakdown.add(Outcomes{}), upset::Error);
  breakdown.add(trial(1));
  CHECK_THROWS_WITH_AS(breakdown.add({0, 0, 0, BitRole::sign}, {.images = 11}),
                       "A trial of 11 pictures does not fit a breakdown of trials of 10; give "
                       "every trial the same pictures, and at least one",
                       upset::Error);
  CHECK(breakdown.total().trials == 1);
}
