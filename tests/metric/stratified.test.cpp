// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include <upset/metric/stratified.hpp>

using doctest::Approx;
using upset::stratified_rate;
using upset::StratumSample;

namespace {

using Values = std::vector<double>;

/// All sets of `count` of the values.
std::vector<Values> subsets(const Values& values, std::size_t count) {
  std::vector<Values> all;
  for (unsigned mask = 0; mask < 1U << values.size(); ++mask) {
    Values some;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if ((mask >> i & 1U) != 0) {
        some.push_back(values[i]);
      }
    }
    if (some.size() == count) {
      all.push_back(some);
    }
  }
  return all;
}

}  // namespace

TEST_CASE("stratified_rate: over all samples there are, rate and variance are right on average") {
  const Values first{0.1, 0.9, 0.4, 0.4, 0.0};
  const Values second{1.0, 0.2, 0.7, 0.3, 0.3, 0.8, 0.05};
  const Values third{0.5, 0.6};  // drawn whole
  double truth = 0;
  for (const Values* const values : {&first, &second, &third}) {
    for (const double x : *values) {
      truth += x / 14;
    }
  }
  const auto of_first = subsets(first, 2);
  const auto of_second = subsets(second, 3);
  double rates = 0;
  double squares = 0;
  double variances = 0;
  for (const Values& a : of_first) {
    for (const Values& b : of_second) {
      const auto found = stratified_rate(std::vector<StratumSample>{
          StratumSample::of(5, a), StratumSample::of(7, b), StratumSample::of(2, third)});
      rates += found.rate;
      squares += (found.rate - truth) * (found.rate - truth);
      variances += found.standard_error * found.standard_error;
    }
  }
  const double samples = 10 * 35;
  CHECK(rates / samples == Approx(truth).epsilon(1e-12));
  CHECK(variances == Approx(squares).epsilon(1e-12));
}

TEST_CASE("stratified_rate: one stratum by hand, and its intervals") {
  // 4 hits of 100 from 1000: s^2 = 0.04 * 0.96 * 100 / 99; Wilson's ends are farther up
  const auto found =
      stratified_rate(std::vector<StratumSample>{StratumSample::of_hits(1000, 100, 4)}, 0.99);
  CHECK(found.rate == 0.04);
  CHECK(found.standard_error == Approx(std::sqrt(0.04 * 0.96 / 99 * 0.9)).epsilon(1e-12));
  CHECK(found.interval.high == Approx(upset::wilson(4, 100, 0.99).high).epsilon(1e-12));
  CHECK(found.interval.low == 0);
  // sqrt(ln(2 / 0.01) / (2 * 100) * (1 - 99 / 1000))
  CHECK(found.conservative.high == Approx(0.04 + 0.154493));
  const auto whole =
      stratified_rate(std::vector<StratumSample>{StratumSample::of_hits(100, 100, 4)}, 0.99);
  CHECK(whole.interval == upset::Interval{0.04, 0.04});
  CHECK(whole.conservative == upset::Interval{0.04, 0.04});
  const auto single =
      stratified_rate(std::vector<StratumSample>{StratumSample::of(1, Values{0.25})});
  CHECK(single.interval == upset::Interval{0.25, 0.25});
}

TEST_CASE("stratified_rate: strata in which nothing was seen widen the interval") {
  // none of 10 from 900 and 5 of 10 from 100: up to 0.9 of what Wilson leaves of the first
  const auto found = stratified_rate(std::vector<StratumSample>{
      StratumSample::of_hits(900, 10, 0), StratumSample::of_hits(100, 10, 5)});
  CHECK(found.rate == 0.05);
  const double first = 0.9 * upset::wilson(0, 10).high;
  const double second = 0.1 * (upset::wilson(5, 10).high - 0.5);
  CHECK(found.interval.high == Approx(0.05 + std::hypot(first, second)).epsilon(1e-12));
  const double normal = 1.959963985 * found.standard_error;
  CHECK(found.interval.low == Approx(0.05 - normal));
  CHECK(normal > second);
  // a draw of many shows little
  const auto one = stratified_rate(std::vector<StratumSample>{StratumSample::of_hits(900, 1, 0)});
  CHECK(one.interval == upset::wilson(0, 1));
}

namespace {

struct StratumTruth {
  std::uint64_t size;
  std::uint64_t hits;
};

/// Shares of 4,000 samples, `draws` from each stratum, whose intervals miss the rate: below or
/// above it, and the conservative one either way.
struct Missed {
  double below = 0;
  double above = 0;
  double conservative = 0;
};
Missed missed_by(const std::vector<StratumTruth>& strata, std::uint64_t draws) {
  double size = 0;
  double hits = 0;
  for (const StratumTruth& stratum : strata) {
    size += static_cast<double>(stratum.size);
    hits += static_cast<double>(stratum.hits);
  }
  const double truth = hits / size;
  std::mt19937_64 generator(5);
  constexpr int experiments = 4000;
  Missed missed;
  for (int i = 0; i < experiments; ++i) {
    std::vector<StratumSample> samples;
    for (const StratumTruth& stratum : strata) {
      const std::uint64_t wanted = std::min(draws, stratum.size);
      std::uint64_t seen = 0;
      for (std::uint64_t drawn = 0; drawn < wanted; ++drawn) {  // an urn
        seen += generator() % (stratum.size - drawn) < stratum.hits - seen ? 1U : 0U;
      }
      samples.push_back(StratumSample::of_hits(stratum.size, wanted, seen));
    }
    const auto found = stratified_rate(samples, 0.95);
    missed.below += found.interval.high < truth ? 1.0 / experiments : 0;
    missed.above += found.interval.low > truth ? 1.0 / experiments : 0;
    missed.conservative += found.conservative.contains(truth) ? 0 : 1.0 / experiments;
  }
  return missed;
}

}  // namespace

TEST_CASE("stratified_rate: intervals hold the rate as often as they say") {
  // 32 positions: 40 % in one of them, 1 in 1000 in all others
  std::vector<StratumTruth> bits(32, {2000, 2});
  bits[30].hits = 800;
  // a kernel of rare hits beside a bias and scales of frequent ones, which are few bits
  const std::vector<StratumTruth> sets{{5120, 45}, {320, 20}, {80, 5}};
  // layers of all sizes, each with 1.3 %
  std::vector<StratumTruth> layers;
  for (const std::uint64_t size : {400U, 2000U, 2000U, 9000U, 9000U, 36000U, 36000U, 36000U}) {
    layers.push_back({size, size * 13 / 1000});
  }
  for (const auto& strata : {bits, sets, layers}) {
    for (const std::uint64_t draws : {1U, 6U, 20U, 100U}) {
      const Missed missed = missed_by(strata, draws);
      CHECK_MESSAGE(missed.below + missed.above < 0.07, strata.size(), " strata, ", draws,
                    " draws: ", missed.below, " below, ", missed.above, " above");
      CHECK(missed.conservative < 0.01);
    }
  }
}

TEST_CASE("stratified_rate: what is refused") {
  using Samples = std::vector<StratumSample>;
  CHECK_THROWS_WITH_AS((void)stratified_rate(Samples{{10, 2, 0.5, 0.1}, {10, 0, 0, 0}}),
                       "Stratum 1 has 0 draws of 10 faults; draw at least one, and at most all",
                       upset::Error);
  CHECK_THROWS_AS((void)stratified_rate(Samples{{10, 11, 0.5, 0}}), upset::Error);
  CHECK_THROWS_AS((void)stratified_rate(Samples{{10, 5, 0.5, 0}}, 95), upset::Error);
  CHECK_THROWS_AS((void)stratified_rate(Samples{}), upset::Error);
  CHECK_THROWS_AS((void)StratumSample::of(10, Values{}), upset::Error);
  CHECK_THROWS_WITH_AS((void)StratumSample::of_hits(100, 10, 20),
                       "A stratum cannot have 20 hits in 10 draws", upset::Error);
  CHECK_THROWS_WITH_AS(
      (void)stratified_rate(Samples{{10, 5, 1.5, 0}}),
      "Stratum 0 has a mean of 1.500000 and a variance of 0.000000; values must lie in [0, 1]",
      upset::Error);
  CHECK_THROWS_AS((void)stratified_rate(Samples{{10, 5, -0.1, 0}}), upset::Error);
  CHECK_THROWS_AS((void)stratified_rate(Samples{{10, 5, std::nan(""), 0}}), upset::Error);
  CHECK_THROWS_AS((void)stratified_rate(Samples{{10, 5, 0.5, -0.1}}), upset::Error);
  CHECK_THROWS_AS((void)stratified_rate(Samples{{10, 5, 0.5, std::nan("")}}), upset::Error);
}
