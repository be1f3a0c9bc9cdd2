// SPDX-License-Identifier: BSL-1.0
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
  // 4 hits of 100 from 1000: s^2 = 0.04 * 0.96 * 100 / 99
  const auto found =
      stratified_rate(std::vector<StratumSample>{StratumSample::of_hits(1000, 100, 4)}, 0.99);
  CHECK(found.rate == 0.04);
  CHECK(found.standard_error == Approx(std::sqrt(0.04 * 0.96 / 99 * 0.9)).epsilon(1e-12));
  CHECK(found.interval.high == Approx(0.04 + 2.5758293035 * found.standard_error));
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

TEST_CASE("stratified_rate: intervals hold the rate as often as they say") {
  // 32 positions of 2000 bits: 40 % in one of them, 1 in 1000 in all others
  constexpr std::uint64_t size = 2000;
  constexpr std::uint64_t draws = 100;
  const auto hits_of = [](std::size_t h) {
    return h == 30 ? std::uint64_t{800} : std::uint64_t{2};
  };
  const double truth = (800.0 + 31 * 2) / (32.0 * size);
  std::mt19937_64 generator(5);
  constexpr int experiments = 4000;
  int missed = 0;
  int missed_conservative = 0;
  for (int i = 0; i < experiments; ++i) {
    std::vector<StratumSample> samples;
    for (std::size_t h = 0; h < 32; ++h) {
      std::uint64_t hits = 0;
      for (std::uint64_t drawn = 0; drawn < draws; ++drawn) {  // an urn
        hits += generator() % (size - drawn) < hits_of(h) - hits ? 1U : 0U;
      }
      samples.push_back(StratumSample::of_hits(size, draws, hits));
    }
    const auto found = stratified_rate(samples, 0.95);
    missed += found.interval.contains(truth) ? 0 : 1;
    missed_conservative += found.conservative.contains(truth) ? 0 : 1;
  }
  CHECK(std::abs(missed / static_cast<double>(experiments) - 0.05) < 0.02);
  CHECK(missed_conservative < missed);
}

TEST_CASE("stratified_rate: what is refused") {
  using Samples = std::vector<StratumSample>;
  CHECK_THROWS_WITH_AS((void)stratified_rate(Samples{{10, 2, 0.5, 0.1}, {10, 0, 0, 0}}),
                       "Stratum 1 has 0 draws of 10 faults; draw at least two, and at most all",
                       upset::Error);
  CHECK_THROWS_AS((void)stratified_rate(Samples{{10, 1, 0.5, 0}}), upset::Error);
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
