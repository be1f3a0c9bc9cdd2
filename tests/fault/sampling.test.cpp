// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include "fault/memories.hpp"
#include "support/draws.hpp"
#include <doctest/doctest.h>

#include <upset/fault/sampling.hpp>

using namespace upset;
using namespace upset::test;

namespace {

using Sites = std::vector<std::uint64_t>;

bool ascending_below(const Sites& sites, std::uint64_t bits) {
  for (std::size_t i = 0; i < sites.size(); ++i) {
    if (sites[i] >= bits || (i > 0 && sites[i - 1] >= sites[i])) {
      return false;
    }
  }
  return true;
}

/// Deviate of a chi-square sum of many cells, standard normal (Wilson and Hilferty 1931).
double deviate(double chi_square, double freedom) {
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(chi_square / freedom) - (1 - spread)) / std::sqrt(spread);
}

}  // namespace

TEST_CASE("sampling: exactly as many sites as asked for, all different, ascending") {
  // both sides of a bitmap, of half of the bits, of drawing twice; one and two words a draw
  const std::uint64_t huge = std::uint64_t{1} << 45;
  for (const auto& each : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 0},           {1, 0},           {1, 1},          {2, 1},         {63, 31},
           {64, 64},         {65, 33},         {1000, 0},       {1000, 1},      {1000, 14},
           {1000, 15},       {1000, 16},       {1000, 499},     {1000, 500},    {1000, 501},
           {1000, 999},      {1000, 1000},     {100000, 1500},  {100000, 1600}, {100000, 99000},
           {huge, 1},        {huge, 511},      {huge, 512},     {huge, 20000},  {huge, 40000},
           {3000000, 40000}, {3000000, 46000}, {3000000, 50000}}) {
    const std::uint64_t bits = each.first;
    const std::uint64_t count = each.second;
    CAPTURE(bits);
    CAPTURE(count);
    Random random(1, bits, count);
    const Sites sites = sample_exact(bits, count, random);
    CHECK(sites.size() == count);
    CHECK(ascending_below(sites, bits));
  }
}

TEST_CASE("sampling: numbers come as drawn one by one and sorted, repeats kept") {
  // both sides of drawing twice, parts that stay empty, one and two words a draw
  for (const std::uint64_t end :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{257}, std::uint64_t{1'000'000},
        (std::uint64_t{1} << 33) + 1, std::numeric_limits<std::uint64_t>::max()}) {
    for (const std::size_t count : {1U, 2U, 2047U, 32767U, 32768U, 100'000U}) {
      CAPTURE(end);
      CAPTURE(count);
      Random random(2, end, count);
      Random one_by_one = random;
      Sites expected(count);
      for (std::uint64_t& site : expected) {
        site = one_by_one.uniform_below(end);
      }
      std::sort(expected.begin(), expected.end());
      CHECK(detail::drawn_ascending(end, count, random) == expected);
      CHECK(random == one_by_one);
    }
  }
}

TEST_CASE("sampling: every set of sites is equally likely") {
  // all C(6, k) subsets, k = 1..5: through the bitmap and its complement
  for (std::uint64_t count = 1; count <= 5; ++count) {
    std::map<Sites, double> seen;
    constexpr int trials = 60000;
    for (std::uint64_t trial = 0; trial < trials; ++trial) {
      Random random(11, trial);
      seen[sample_exact(6, count, random)] += 1;
    }
    const std::array<std::size_t, 5> subsets{6, 15, 20, 15, 6};
    REQUIRE(seen.size() == subsets[count - 1]);
    const double expected = trials / static_cast<double>(seen.size());
    double chi_square = 0;
    for (const auto& [sites, times] : seen) {
      chi_square += (times - expected) * (times - expected) / expected;
    }
    CHECK(std::abs(deviate(chi_square, static_cast<double>(seen.size() - 1))) < 4);
  }
}

TEST_CASE("sampling: every bit is equally likely, and every pair of neighbours in rank") {
  // through draws that are sorted: 10 of 1000 bits
  constexpr std::uint64_t bits = 1000;
  constexpr std::uint64_t count = 10;
  constexpr int trials = 40000;
  std::vector<double> seen(bits, 0.0);
  int adjacent = 0;
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    Random random(12, trial);
    const Sites sites = sample_exact(bits, count, random);
    for (std::size_t i = 0; i < sites.size(); ++i) {
      seen[sites[i]] += 1;
      adjacent += i > 0 && sites[i] == sites[i - 1] + 1 ? 1 : 0;
    }
  }
  // without replacement a cell's variance is smaller than its mean by (1 - count / bits)
  const double expected = static_cast<double>(trials) * count / bits;
  double chi_square = 0;
  for (const double times : seen) {
    chi_square += (times - expected) * (times - expected) / (expected * (1.0 - 1.0 * count / bits));
  }
  CHECK(std::abs(deviate(chi_square, bits - 1)) < 4);
  // pairs (s, s + 1): 999 of C(1000, 2), of which each trial draws C(10, 2)
  const double pairs = trials * 45.0 * 999 / (1000.0 * 999 / 2);
  CHECK(std::abs(adjacent - pairs) < 4 * std::sqrt(pairs));
}

TEST_CASE("sampling: draws are of the order of the faults, never of the bits") {
  for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{30000}}) {
    Random random(13, count);
    (void)sample_exact(std::uint64_t{1} << 50, count, random);
    CHECK(random.draws() <= 2 * count + 2);  // two words each, hardly a repeat
    Random few(14, count);
    (void)sample_exact(100 * count, count, few);
    CHECK(few.draws() < count + count / 50 + 20);  // repeats: count^2 / (2 bits) = count / 200
  }
  Random half(15);
  (void)sample_exact(100000, 50000, half);
  CHECK(half.draws() < 75000);  // bits * ln 2 = 69315
  Random all(16);
  (void)sample_exact(100000, 100000, all);
  CHECK(all.draws() == 0);
  Random rate(17);
  (void)sample_ber(std::uint64_t{1} << 50, 1e-12, rate);
  CHECK(rate.draws() < 100);
}

TEST_CASE("sampling: a rate hits each bit with that probability, independently") {
  constexpr std::uint64_t bits = 200;
  constexpr int trials = 20000;
  for (const double ber : {0.002, 0.03, 0.4, 0.97}) {
    CAPTURE(ber);
    std::vector<double> seen(bits, 0.0);
    double sum = 0;
    double squares = 0;
    int wrong = 0;
    for (std::uint64_t trial = 0; trial < trials; ++trial) {
      Random random(18, trial);
      const Sites sites = sample_ber(bits, ber, random);
      wrong += ascending_below(sites, bits) ? 0 : 1;
      for (const std::uint64_t site : sites) {
        seen[site] += 1;
      }
      const double off = static_cast<double>(sites.size()) - bits * ber;
      sum += off;
      squares += off * off;
    }
    CHECK(wrong == 0);
    const double variance = bits * ber * (1 - ber);
    CHECK(std::abs(sum) < 4 * std::sqrt(trials * variance));
    const double fourth = 3 + (1 - 6 * ber * (1 - ber)) / variance;
    CHECK(std::abs(squares / variance - trials) < 4 * std::sqrt(trials * (fourth - 1)));
    double chi_square = 0;
    for (const double times : seen) {
      chi_square += std::pow(times - trials * ber, 2) / (trials * ber * (1 - ber));
    }
    CHECK(std::abs(deviate(chi_square, bits)) < 4);
  }
}

TEST_CASE("sampling: the ends of the rate, and what is refused") {
  Random random(19);
  CHECK(sample_ber(1000, 0.0, random).empty());
  CHECK(sample_ber(0, 0.5, random).empty());
  const Sites all = sample_ber(1000, 1.0, random);
  CHECK(all.size() == 1000);
  CHECK(ascending_below(all, 1000));
  CHECK_THROWS_WITH_AS((void)sample_ber(10, 1.5, random),
                       "A bit error rate of 1.500000 lies outside [0, 1]", Error);
  CHECK_THROWS_AS((void)sample_ber(10, -1e-9, random), Error);
  CHECK_THROWS_AS((void)sample_ber(10, std::numeric_limits<double>::quiet_NaN(), random), Error);
  CHECK_THROWS_WITH_AS((void)sample_exact(10, 11, random),
                       "There are 10 bits to place 11 faults in; ask for at most as many faults as "
                       "bits",
                       Error);
}

TEST_CASE("sampling: equal keys draw equal sites, more faults hold fewer") {
  const auto exact = [](std::uint64_t bits, std::uint64_t count, std::uint64_t trial) {
    Random random(20, trial);
    return sample_exact(bits, count, random);
  };
  const auto at_rate = [](std::uint64_t bits, double ber, std::uint64_t trial) {
    Random random(20, trial);
    return sample_ber(bits, ber, random);
  };
  CHECK(exact(100000, 50, 3) == exact(100000, 50, 3));
  CHECK(exact(100000, 50, 3) != exact(100000, 50, 4));
  CHECK(at_rate(100000, 1e-3, 3) == at_rate(100000, 1e-3, 3));
  CHECK(at_rate(100000, 1e-3, 3) != at_rate(100000, 1e-3, 4));
  const auto holds = [](const Sites& more, const Sites& fewer) {
    return std::includes(more.begin(), more.end(), fewer.begin(), fewer.end());
  };
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    Sites before;
    for (const std::uint64_t count : {1U, 10U, 100U, 1500U, 1600U, 20000U, 50000U}) {
      const Sites now = exact(100000, count, trial);
      CHECK(holds(now, before));
      before = now;
    }
    Sites rate_before;
    for (const double ber : {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 0.4}) {
      const Sites now = at_rate(100000, ber, trial);
      CHECK(holds(now, rate_before));
      rate_before = now;
    }
  }
}

// Rates so close that counts drawn for each would often be the wrong way round, on both sides of
// the number from which counts are drawn in another way, and beyond half of the bits.
TEST_CASE("sampling: a higher rate has all faults of a lower one, however close") {
  constexpr std::size_t trials = test::draws(2000, 100);
  struct Case {
    std::uint64_t bits;
    std::vector<double> rates;
  };
  for (const Case& each : {Case{1'000'000, {9e-6, 9.1e-6, 10.8e-6, 12e-6}},
                           Case{500, {0.3, 0.31, 0.45, 0.55, 0.7}}, Case{7, {0.5, 1}}}) {
    const std::uint64_t bits = each.bits;
    const std::vector<double>& rates = each.rates;
    CAPTURE(bits);
    std::vector<double> sums(rates.size());
    std::vector<double> squares(rates.size());
    std::size_t wrong = 0;
    for (std::uint64_t trial = 0; trial < trials; ++trial) {
      Sites higher;
      for (std::size_t i = rates.size(); i-- > 0;) {
        Random random(31, trial);
        Sites sites = sample_nested(bits, std::span(rates).subspan(i), random);
        wrong += std::ranges::is_sorted(sites) ? 0U : 1U;
        wrong += i + 1 == rates.size() || std::ranges::includes(higher, sites) ? 0U : 1U;
        const double off = static_cast<double>(sites.size()) - static_cast<double>(bits) * rates[i];
        sums[i] += off;
        squares[i] += off * off;
        higher.swap(sites);
      }
    }
    CHECK(wrong == 0);
    // counts are binomial at every rate: mean and variance within five of their errors
    for (std::size_t i = 0; i < rates.size(); ++i) {
      const double variance = static_cast<double>(bits) * rates[i] * (1 - rates[i]);
      CHECK(std::abs(sums[i]) <= 5 * std::sqrt(variance * trials));
      CHECK(std::abs(squares[i] / trials - variance) <= 5 * variance * std::sqrt(2.5 / trials));
    }
  }
  // of one rate it is that rate's sample
  Random one(3, 4);
  Random other(3, 4);
  CHECK(sample_nested(10'000, std::vector{0.01}, one) ==
        sample_ber(std::uint64_t{10'000}, 0.01, other));
  CHECK(one == other);
  CHECK_THROWS_AS((void)sample_nested(10, {}, one), Error);
  CHECK_THROWS_AS((void)sample_nested(10, std::vector{0.2, 0.1}, one), Error);
  CHECK_THROWS_AS((void)sample_nested(10, std::vector{0.0, 0.1}, one), Error);
  CHECK_THROWS_AS((void)sample_nested(10, std::vector{0.1, 1.1}, one), Error);
}

TEST_CASE("sampling: of a fault space, the numbers of its bits") {
  const Memories memories = mixed_memories();
  const FaultSpace space = memories.space().only_roles({BitRole::sign});
  Random random(21);
  const Sites sites = sample_exact(space, space.bit_count(), random);
  CHECK(sites.size() == space.bit_count());
  CHECK(sample_exact(space, 3, random).size() == 3);
  CHECK(sample_ber(space, 1.0, random).size() == space.bit_count());
  CHECK_THROWS_AS((void)sample_exact(space, space.bit_count() + 1, random), Error);
}
