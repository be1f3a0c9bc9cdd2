// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include <upset/metric/interval.hpp>

using doctest::Approx;
using upset::Interval;
using upset::wilson;

namespace {
// Printed to four decimals: half a unit of the last one.
bool prints_as(double x, double printed) { return std::abs(x - printed) <= 0.5e-4; }
}  // namespace

TEST_CASE("Interval: Wilson's agrees with the values of Newcombe 1998, Table I, method 3") {
  struct Row {
    std::uint64_t successes, n;
    double low, high;
  };
  for (const Row& row : {Row{81, 263, 0.2553, 0.3662}, Row{15, 148, 0.0624, 0.1605},
                         Row{0, 20, 0.0000, 0.1611}, Row{1, 29, 0.0061, 0.1718}}) {
    const Interval found = wilson(row.successes, row.n);
    CAPTURE(row.successes);
    CHECK(prints_as(found.low, row.low));
    CHECK(prints_as(found.high, row.high));
  }
}

TEST_CASE("Interval: the ends of Wilson's are the rates the score test just does not reject") {
  const std::vector<std::pair<double, double>> levels{
      {0.90, 1.6448536269514722}, {0.95, 1.9599639845400545}, {0.99, 2.5758293035489004}};
  int mismatches = 0;
  for (const auto& [confidence, z] : levels) {
    for (std::uint64_t n = 1; n <= 60; ++n) {
      for (std::uint64_t successes = 0; successes <= n; ++successes) {
        const Interval found = wilson(successes, n, confidence);
        const double p = static_cast<double>(successes) / static_cast<double>(n);
        for (const double end : {found.low, found.high}) {
          const double distance = z * std::sqrt(end * (1 - end) / static_cast<double>(n));
          // At 0 and 1 the test has no spread and the distance is 0 on both sides.
          mismatches += std::abs(std::abs(p - end) - distance) < 1e-12 ? 0 : 1;
        }
        mismatches += found.contains(p) && 0 <= found.low && found.high <= 1 ? 0 : 1;
      }
    }
  }
  CHECK(mismatches == 0);
}

TEST_CASE("Interval: Wilson's is defined at its edges and refuses nonsense") {
  CHECK(wilson(0, 0) == Interval{0, 1});
  CHECK(wilson(0, 10).low == 0);
  CHECK(wilson(10, 10).high == 1);
  CHECK(wilson(0, 10).high == Approx(1 - wilson(10, 10).low).epsilon(1e-12));
  CHECK(wilson(1'000'000'000'000, 2'000'000'000'000).width() < 2e-6);
  CHECK_THROWS_AS(static_cast<void>(wilson(3, 2)), upset::Error);
  for (const double confidence : {0.0, 1.0, -0.5, 95.0, std::nan("")}) {
    CHECK_THROWS_AS(static_cast<void>(wilson(1, 2, confidence)), upset::Error);
  }
}

TEST_CASE("Interval: Wilson's covers the true rate as often as it says, in simulation") {
  constexpr int experiments = 20'000;
  constexpr std::uint64_t n = 50;
  std::mt19937_64 generator(20240229);
  const auto uniform = [&] { return static_cast<double>(generator() >> 11) * 0x1p-53; };
  int covered = 0;
  for (int i = 0; i < experiments; ++i) {
    const double rate = uniform();
    std::uint64_t successes = 0;
    for (std::uint64_t draw = 0; draw < n; ++draw) {
      successes += uniform() < rate ? 1U : 0U;
    }
    covered += wilson(successes, n).contains(rate) ? 1 : 0;
  }
  // Averaged over all rates Wilson's coverage is within 0.005 of nominal (Agresti and Coull 1998);
  // 20,000 experiments add a standard error of 0.0015.
  const double coverage = covered / static_cast<double>(experiments);
  CAPTURE(coverage);
  CHECK(std::abs(coverage - 0.95) < 0.01);
}

TEST_CASE("Interval: Wilson's of a mean is that of a rate where values are 0 and 1") {
  int mismatches = 0;
  for (std::uint64_t n = 1; n <= 60; ++n) {
    for (std::uint64_t ones = 0; ones <= n; ++ones) {
      const double mean = static_cast<double>(ones) / static_cast<double>(n);
      mismatches += upset::wilson_mean(mean, n) == wilson(ones, n) ? 0 : 1;
    }
  }
  CHECK(mismatches == 0);
  CHECK(upset::wilson_mean(std::nan(""), 0) == Interval{0, 1});
  for (const double bad : {-0.1, 1.1, std::nan("")}) {
    CHECK_THROWS_AS(static_cast<void>(upset::wilson_mean(bad, 10)), upset::Error);
  }
}

TEST_CASE("Interval: Wilson's covers the mean of values between 0 and 1 at least as it says") {
  // Faults as they are: most harm no picture, some a few, some all of them.
  std::mt19937_64 generator(11);
  const auto uniform = [&] { return static_cast<double>(generator() >> 11) * 0x1p-53; };
  for (const double all : {0.0, 0.02, 0.3}) {
    constexpr double few = 0.2;
    constexpr int faults = 100;
    constexpr int experiments = 5'000;
    const double truth = all + few * 0.5;
    int covered = 0;
    for (int i = 0; i < experiments; ++i) {
      double sum = 0;
      for (int fault = 0; fault < faults; ++fault) {
        const double kind = uniform();
        sum += kind < all ? 1 : kind < all + few ? uniform() : 0;
      }
      covered += upset::wilson_mean(sum / faults, faults).contains(truth) ? 1 : 0;
    }
    CAPTURE(all);
    CHECK(covered / static_cast<double>(experiments) > 0.95 - 0.01);
  }
}

TEST_CASE("Interval: Clopper and Pearson's agrees with Newcombe 1998, Table I, method 5") {
  struct Row {
    std::uint64_t successes, n;
    double low, high;
  };
  for (const Row& row : {Row{81, 263, 0.2527, 0.3676}, Row{15, 148, 0.0578, 0.1617},
                         Row{0, 20, 0.0000, 0.1684}, Row{1, 29, 0.0009, 0.1776}}) {
    const Interval found = upset::clopper_pearson(row.successes, row.n);
    CAPTURE(row.successes);
    CHECK(prints_as(found.low, row.low));
    CHECK(prints_as(found.high, row.high));
  }
  CHECK(upset::clopper_pearson(0, 0) == Interval{0, 1});
  CHECK(upset::clopper_pearson(10, 10).high == 1);
  CHECK(upset::clopper_pearson(0, 10).low == 0);
  CHECK_THROWS_AS(static_cast<void>(upset::clopper_pearson(3, 2)), upset::Error);
  CHECK_THROWS_AS(static_cast<void>(upset::clopper_pearson(1, 2, 95)), upset::Error);
}

TEST_CASE(
    "Interval: at the ends of Clopper and Pearson's, a tail of the binomial is half the rest") {
  int mismatches = 0;
  constexpr int n = 30;
  for (int successes = 0; successes <= n; ++successes) {
    const Interval found = upset::clopper_pearson(static_cast<std::uint64_t>(successes), n, 0.99);
    const auto at_least = [&](int least, double p) {
      double tail = 0;
      double ways = 1;
      for (int k = 0; k <= n; ++k) {
        tail += k >= least ? ways * std::pow(p, k) * std::pow(1 - p, n - k) : 0;
        ways = ways * (n - k) / (k + 1);
      }
      return tail;
    };
    mismatches +=
        successes == 0 || std::abs(at_least(successes, found.low) - 0.005) < 1e-12 ? 0 : 1;
    mismatches +=
        successes == n || std::abs(1 - at_least(successes + 1, found.high) - 0.005) < 1e-12 ? 0 : 1;
  }
  CHECK(mismatches == 0);
}

TEST_CASE("Interval: Student's agrees with Student 1908 on the sleep of ten patients") {
  const std::vector<double> gain{1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4};
  const Interval found = upset::student_mean(gain);
  CHECK(std::abs(found.low - 0.7001142) < 0.5e-7);
  CHECK(std::abs(found.high - 2.4598858) < 0.5e-7);
}

TEST_CASE("Interval: Student's uses the printed quantiles of t") {
  struct Row {
    std::size_t n;
    double confidence, t;
  };
  for (const Row& row :
       {Row{2, 0.95, 12.706}, Row{3, 0.95, 4.303}, Row{5, 0.95, 2.776}, Row{10, 0.95, 2.262},
        Row{20, 0.95, 2.093}, Row{20, 0.99, 2.861}, Row{10, 0.90, 1.833}, Row{31, 0.95, 2.042}}) {
    std::vector<double> values(row.n, 0.0);
    values.front() = 1;  // mean 1/n, variance 1/n: the standard error is 1/n
    const double n = static_cast<double>(row.n);
    const Interval found = upset::student_mean(values, row.confidence);
    CAPTURE(row.n);
    CHECK(std::abs((found.high - 1 / n) * n - row.t) <= 0.5e-3);
    CHECK(std::abs((1 / n - found.low) * n - row.t) <= 0.5e-3);
  }
}

TEST_CASE("Interval: Student's covers the mean of normal values as often as it says") {
  std::mt19937_64 generator(7);
  std::normal_distribution<double> normal(0.3, 2.0);
  constexpr int experiments = 20'000;
  int covered = 0;
  std::vector<double> values(5);
  for (int i = 0; i < experiments; ++i) {
    for (double& x : values) {
      x = normal(generator);
    }
    covered += upset::student_mean(values).contains(0.3) ? 1 : 0;
  }
  CHECK(std::abs(covered / static_cast<double>(experiments) - 0.95) < 0.006);  // 4 standard errors
}

TEST_CASE("Interval: Student's of one value is everything, of equal values that value") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(upset::student_mean(std::vector<double>{0.9}) == Interval{-infinity, infinity});
  CHECK(upset::student_mean(std::vector<double>(20, 0.9)) == Interval{0.9, 0.9});
  CHECK_THROWS_AS(static_cast<void>(upset::student_mean(std::vector<double>{})), upset::Error);
  CHECK_THROWS_AS(static_cast<void>(upset::student_mean(std::vector<double>{1, 2}, 1.5)),
                  upset::Error);
}
