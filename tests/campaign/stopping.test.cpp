// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "support/draws.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/stopping.hpp>
#include <upset/core/random.hpp>
#include <upset/metric/summary.hpp>

using namespace upset;

namespace {

/// A made-up population of outcomes: what a trial of stratum h finds, and the mean of that.
struct Population {
  std::uint64_t images = 1;
  std::vector<StratumPlan> strata{{}};
  std::uint64_t (*draw)(Random& random, std::size_t stratum) = nullptr;
  double mean = 0;
};

/// Misses of intervals, at the end and at any look, and the trials it took.
struct Seen {
  int misses = 0;
  int ever_missed = 0;
  std::vector<std::uint64_t> trials;

  [[nodiscard]] std::uint64_t median() {
    std::ranges::sort(trials);
    return trials[trials.size() / 2];
  }
};

Seen simulate(const Population& population, const StoppingRule& rule, int campaigns) {
  Seen seen;
  for (int campaign = 0; campaign < campaigns; ++campaign) {
    Random random(77, static_cast<std::uint64_t>(campaign));
    Sequential rate(rule, population.images, population.strata);
    bool missed = false;
    while (!rate.done()) {
      for (std::size_t h = 0; h < population.strata.size(); ++h) {
        for (std::uint64_t left = rate.wanted(h); left > 0; --left) {
          rate.add(population.draw(random, h), h);
        }
      }
      missed = missed || !rate.interval().contains(population.mean);
    }
    seen.ever_missed += missed ? 1 : 0;
    seen.misses += rate.interval().contains(population.mean) ? 0 : 1;
    seen.trials.push_back(rate.trials());
  }
  return seen;
}

/// Of ten thousand pictures: nothing but in one position of 32, where four bits in nine are fatal.
/// Mean 0.0127, as single flips in the weights of ResNet-20 have it, published with outcomes by
/// bit.
std::uint64_t like_resnet20(Random& random, std::size_t /*stratum*/) {
  if (random.uniform_below(32) != 0) {
    return random.uniform_below(13);
  }
  return random.uniform_below(9) < 4 ? 8500 + random.uniform_below(1001) : 0;
}
constexpr double mean_bit_30 = 4.0 / 9 * 9000 / 10000;
constexpr double mean_other = 6.0 / 10000;
constexpr double mean_like_resnet20 = mean_bit_30 / 32 + mean_other * 31 / 32;

std::uint64_t by_bit_30(Random& random, std::size_t stratum) {
  if (stratum == 1) {
    return random.uniform_below(13);
  }
  return random.uniform_below(9) < 4 ? 8500 + random.uniform_below(1001) : 0;
}

template <int PerTenThousand>
std::uint64_t hit(Random& random, std::size_t /*stratum*/) {
  return random.uniform_below(10'000) < PerTenThousand ? 1 : 0;
}

/// Critical in all ten pictures, in one trial of 80.
std::uint64_t like_many(Random& random, std::size_t /*stratum*/) {
  return random.uniform_below(80) == 0 ? 10 : 0;
}

}  // namespace

TEST_CASE("Sequential: misses no more campaigns than stated, at any look") {
  constexpr std::size_t campaigns = test::draws(2000, 400);
  constexpr double confidence = 0.95;
  const StoppingRule fine{.margin = 0.01, .confidence = confidence};
  const StoppingRule coarse{.margin = 0.05, .confidence = confidence};
  const auto spread = [](Random& random, std::size_t) { return 40 + random.uniform_below(21); };
  const double most =
      campaigns * (1 - confidence) + 4 * std::sqrt(campaigns * confidence * (1 - confidence));
  struct Case {
    std::string name;
    Population population;
    StoppingRule rule;
  };
  for (const Case& each : std::vector<Case>{
           {"1 in 1000", {1, {{}}, hit<10>, 0.001}, fine},
           {"1.27 %", {1, {{}}, hit<127>, 0.0127}, fine},
           {"one half", {1, {{}}, hit<5000>, 0.5}, coarse},
           {"close to each other", {100, {{}}, spread, 0.5}, coarse},
           {"like ResNet-20", {10'000, {{}}, like_resnet20, mean_like_resnet20}, fine},
           {"by bit 30",
            {10'000, {{1.0 / 32, 0.2}, {31.0 / 32, 0.8}}, by_bit_30, mean_like_resnet20},
            fine}}) {
    CAPTURE(each.name);
    Seen seen = simulate(each.population, each.rule, campaigns);
    CHECK(seen.ever_missed <= most);
    CHECK(seen.misses <= seen.ever_missed);
  }
}

TEST_CASE("Sequential: the same looks at intervals for one look miss more than stated") {
  constexpr auto campaigns = static_cast<int>(test::draws(2000, 200));
  int missed = 0;
  for (std::uint64_t campaign = 0; campaign < campaigns; ++campaign) {
    Random random(78, campaign);
    std::uint64_t hits = 0;
    std::uint64_t trials = 0;
    bool ever = false;
    for (double look = 100; look < 20'000; look *= 1.25) {
      for (; static_cast<double>(trials) < look; ++trials) {
        hits += hit<5000>(random, 0);
      }
      ever = ever || !clopper_pearson(hits, trials, 0.95).contains(0.5);
    }
    missed += ever ? 1 : 0;
  }
  CHECK(missed > 3 * campaigns * 0.05);
}

TEST_CASE("Sequential: the population of ResNet-20 in a few thousand trials") {
  const StoppingRule rule{.margin = 0.01, .confidence = 0.99};
  Seen seen = simulate({10'000, {{}}, like_resnet20, mean_like_resnet20}, rule, 200);
  CHECK(seen.misses == 0);
  CHECK(seen.median() < 4500);
  CHECK(seen.trials.back() < 8000);
  CHECK(Sequential(rule, 10'000).fixed_size(17'174'144) == 16'572);  // by bit, 201,575 were drawn
  Seen by_bit = simulate(
      {10'000, {{1.0 / 32, 0.2}, {31.0 / 32, 0.8}}, by_bit_30, mean_like_resnet20}, rule, 200);
  CHECK(by_bit.misses == 0);
  CHECK(by_bit.median() < 3000);
  CHECK(by_bit.trials.back() < 3500);
}

TEST_CASE("Sequential: of many strata about as soon as of none") {
  // a trial each by turns, as `--stratify` draws them: 200 strata of one to three shares, in every
  // tenth of which an eighth is critical
  std::vector<StratumPlan> many;
  double weights = 0;
  double critical = 0;
  for (std::size_t h = 0; h < 200; ++h) {
    const double weight = 1 + static_cast<double>(h % 3);
    many.push_back({weight, 1});
    weights += weight;
    critical += h % 10 == 0 ? weight / 8 : 0;
  }
  const auto draw = [](Random& random, std::size_t stratum) -> std::uint64_t {
    return stratum % 10 == 0 && random.uniform_below(8) == 0 ? 10 : 0;
  };
  const StoppingRule rule{.margin = 0.01, .confidence = 0.95};
  constexpr auto campaigns = static_cast<int>(test::draws(300, 20));
  Seen seen = simulate({10, many, draw, critical / weights}, rule, campaigns);
  CHECK(seen.ever_missed <= campaigns * 0.05 + 4 * std::sqrt(campaigns * 0.05 * 0.95));
  Seen plain = simulate({10, {{}}, like_many, 1.0 / 80}, rule, campaigns);
  CHECK(seen.median() < 3 * plain.median());
}

TEST_CASE("Sequential: looks after fixed numbers of trials, at intervals that share the risk") {
  const StoppingRule rule{.margin = 0.02, .confidence = 0.99, .first_look = 50, .growth = 2};
  Sequential rate(rule, 1);
  const double risk = 0.01 / static_cast<double>(rate.looks());
  std::uint64_t hits = 0;
  std::uint64_t trials = 0;
  CHECK(rate.interval() == Interval{0, 1});
  for (std::uint64_t look = 50; !rate.done(); look *= 2) {
    CHECK(rate.wanted() == look - trials);
    for (; trials < look; ++trials) {
      const std::uint64_t critical = trials % 3 == 0 ? 1 : 0;
      hits += critical;
      rate.add(critical);
    }
    CHECK(rate.trials() == trials);
    const Interval expected = clopper_pearson(hits, trials, 1 - risk);
    CHECK(rate.interval().low == doctest::Approx(expected.low).epsilon(1e-12));
    CHECK(rate.interval().high == doctest::Approx(expected.high).epsilon(1e-12));
    const double mean = static_cast<double>(hits) / static_cast<double>(trials);
    CHECK(rate.mean() == doctest::Approx(mean));
    CHECK(rate.done() == (std::max(mean - expected.low, expected.high - mean) <= 0.02));
  }
  CHECK(rate.wanted() == 0);
}

TEST_CASE("Sequential: intervals of strata, from the shares of each trial") {
  const StoppingRule rule{.margin = 0.05, .confidence = 0.9, .first_look = 40};
  Sequential rate(rule, 100, {{0.2, 1}, {0.6, 3}});  // 1 : 3 of both
  std::vector<std::vector<double>> values(2);
  Random random(80);
  for (std::size_t h = 0; h < 2; ++h) {
    CHECK(rate.wanted(h) == (h == 0 ? 10 : 30));
    for (std::uint64_t i = rate.wanted(h); i > 0; --i) {
      const std::uint64_t critical = h == 0 ? random.uniform_below(101) : 30;
      values[h].push_back(static_cast<double>(critical) / 100);
      rate.add(critical, h);
    }
  }
  const auto narrower = [](const std::vector<double>& x, double risk) {
    const double spread = standard_deviation(x);
    const Interval a = hoeffding_mean(mean(x), x.size(), 1 - risk / 2);
    const Interval b = bernstein_mean(mean(x), spread * spread, x.size(), 1 - risk / 2);
    return Interval{std::max(a.low, b.low), std::min(a.high, b.high)};
  };
  // half of the risk of a look for the sum of both, half for all 40 trials, which weigh the same
  const double risk = 0.1 / static_cast<double>(rate.looks()) / 2;
  std::vector<double> all = values[0];
  all.insert(all.end(), values[1].begin(), values[1].end());
  const Interval together = narrower(all, risk);
  Interval expected{0, 0};
  for (std::size_t h = 0; h < 2; ++h) {
    const Interval part = narrower(values[h], risk / 2);
    expected.low += (h == 0 ? 0.25 : 0.75) * part.low;
    expected.high += (h == 0 ? 0.25 : 0.75) * part.high;
  }
  CHECK(together.low > expected.low);
  expected = {std::max(expected.low, together.low), std::min(expected.high, together.high)};
  CHECK(rate.interval().low == doctest::Approx(expected.low).epsilon(1e-9));
  CHECK(rate.interval().high == doctest::Approx(expected.high).epsilon(1e-9));
  CHECK(rate.mean() == doctest::Approx(0.25 * mean(values[0]) + 0.75 * 0.3).epsilon(1e-12));
}

TEST_CASE("Sequential: answers alike in whatever order trials between looks arrive") {
  const StoppingRule rule{.margin = 0.05, .confidence = 0.9};
  const std::vector<StratumPlan> strata{{0.1, 0.5}, {0.9, 0.5}};
  Sequential forward(rule, 1000, strata);
  Sequential backward(rule, 1000, strata);
  Random random(79);
  while (!forward.done()) {
    std::vector<std::vector<std::uint64_t>> trials(2);
    for (std::size_t h = 0; h < 2; ++h) {
      for (std::uint64_t i = forward.wanted(h); i > 0; --i) {
        trials[h].push_back(random.uniform_below(h == 0 ? 1001 : 3));
      }
    }
    for (std::size_t h = 0; h < 2; ++h) {
      std::ranges::for_each(trials[h], [&](std::uint64_t x) { forward.add(x, h); });
    }
    for (std::size_t h = 2; h-- > 0;) {
      std::ranges::reverse(trials[h]);
      std::ranges::for_each(trials[h], [&](std::uint64_t x) { backward.add(x, h); });
    }
    CHECK(forward.interval() == backward.interval());
    CHECK(forward.mean() == backward.mean());
    CHECK(forward.done() == backward.done());
  }
}

TEST_CASE("Sequential: a population that is used up is known") {
  Sequential small({.margin = 0.01}, 2, {{.population = 10}});
  for (std::uint64_t i = 0; i < 10; ++i) {
    REQUIRE(small.wanted() == 10 - i);
    small.add(i % 2);
  }
  CHECK(small.done());
  CHECK(small.interval() == Interval{0.25, 0.25});

  // the small stratum is tried once, and all doubt is about the other
  const StoppingRule rule{.margin = 0.05, .confidence = 0.9};
  Sequential mixed(rule, 1, {{.weight = 1, .population = 20}, {.weight = 3}});
  std::uint64_t tried = 0;
  while (!mixed.done()) {
    for (; mixed.wanted(0) > 0; ++tried) {
      mixed.add(tried % 2, 0);
    }
    for (std::uint64_t i = mixed.wanted(1); i > 0; --i) {
      mixed.add(i % 4 == 0 ? 1 : 0, 1);
    }
  }
  CHECK(tried == 20);
  // half of it is critical in one quarter of the population
  CHECK(mixed.interval().low > 0.125);
  CHECK(mixed.interval().high - mixed.interval().low <= 0.1);
}

TEST_CASE("Sequential: strata that outnumber the trials of a look still end it") {
  const std::vector<StratumPlan> many(640);
  Sequential rate({.margin = 0.05, .confidence = 0.9}, 1, many);
  std::uint64_t looks = 0;
  for (bool is_wanted = true; is_wanted; ++looks) {
    is_wanted = false;
    for (std::size_t h = 0; h < many.size(); ++h) {
      for (; rate.wanted(h) > 0; is_wanted = true) {
        rate.add(0, h);
      }
    }
    REQUIRE(looks <= rate.looks());
  }
  CHECK(rate.done());
  CHECK(rate.interval().high <= 0.05);
}

TEST_CASE("Sequential: ends at the last look at the latest") {
  for (const std::uint64_t images : {1U, 2U}) {
    Sequential rate({.margin = 0.1, .confidence = 0.9}, images);
    for (std::uint64_t i = 0; !rate.done(); ++i) {
      rate.add(i % 2 * images);  // half, and as far from each other as can be
    }
    CHECK(rate.trials() < 1000);
    CHECK(rate.interval().low >= 0.4 - 1e-9);
    CHECK(rate.interval().high <= 0.6 + 1e-9);
  }
}

TEST_CASE("Sequential: what is refused") {
  CHECK_THROWS_WITH_AS(
      (Sequential({.margin = 0}, 1)),
      "A stopping rule has a margin within (0, 1), a first look after at least one trial and looks "
      "that grow by 1.01 to 100, not a margin of 0.000000, 100 trials and a growth of 1.250000",
      Error);
  CHECK_THROWS_AS((Sequential({.growth = 1}, 1)), Error);
  CHECK_THROWS_AS((Sequential({.first_look = 0}, 1)), Error);
  CHECK_THROWS_AS((Sequential({.confidence = 99}, 1)), Error);
  CHECK_THROWS_AS((Sequential({.margin = std::nan("")}, 1)), Error);
  CHECK_THROWS_AS((Sequential({.margin = 1e-9}, 1)), Error);
  CHECK_THROWS_AS((Sequential({}, 0)), Error);
  CHECK_THROWS_AS((Sequential({}, 1, {})), Error);
  CHECK_THROWS_AS((Sequential({}, 1, {{0.5, 0}})), Error);
  CHECK_THROWS_AS((Sequential({}, 1, {{0.5, 0.5, 0}})), Error);
  CHECK_THROWS_AS((Sequential({}, 1, {{std::nan(""), 1}})), Error);
  Sequential rate({}, 10, {{0.5, 0.01}, {0.5, 0.99}});
  CHECK_THROWS_AS(rate.add(11), Error);
  CHECK_THROWS_AS(rate.add(1, 2), Error);
  rate.add(1);
  CHECK_THROWS_WITH_AS(rate.add(1),
                       "Stratum 0 has all trials of the next look; add as many as `wanted` says",
                       Error);
}
