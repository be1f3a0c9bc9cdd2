// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <upset/metric/sample_size.hpp>

using upset::sample_size;
using upset::sample_size_at;

namespace {

/// Standard errors of the rate of n draws without replacement, times t: Cochran 1977, section 3.2.
double margin_of(std::uint64_t n, std::uint64_t population, double t, double rate) {
  const double left = static_cast<double>(population - n) / static_cast<double>(population - 1);
  return t * std::sqrt(rate * (1 - rate) / static_cast<double>(n) * left);
}

}  // namespace

TEST_CASE("sample size: ResNet-20, both stuck-at faults of every bit, 1 % at 99 %") {
  // 64 faults of each of 268,336 weights and 10 biases; the published sample is about 16,630.
  static_assert(17'174'144 == 64 * (268'336 + 10));
  CHECK(sample_size_at(17'174'144, 0.01, 2.58) == 16'625);  // 16624.89
  CHECK(sample_size(17'174'144, 0.01, 0.99) == 16'572);     // 16571.24, t = 2.5758
}

TEST_CASE("sample size: the table of Krejcie and Morgan 1970, which rounds to the nearest") {
  struct Row {
    std::uint64_t population, n;
  };
  for (const Row& row : {Row{10, 10}, Row{100, 80}, Row{500, 217}, Row{1000, 278}, Row{10'000, 370},
                         Row{1'000'000, 384}}) {
    CAPTURE(row.population);
    const std::uint64_t n = sample_size_at(row.population, 0.05, std::sqrt(3.841));
    CHECK(n >= row.n);
    CHECK(n <= row.n + 1);
  }
}

TEST_CASE("sample size: is the least that holds the margin") {
  for (const std::uint64_t population : {2U, 17U, 1000U, 123'456U, 4'000'000'000U}) {
    for (const double margin : {0.2, 0.05, 0.01, 0.001}) {
      for (const double rate : {0.5, 0.0127, 0.9}) {
        CAPTURE(population);
        CAPTURE(margin);
        CAPTURE(rate);
        const std::uint64_t n = sample_size_at(population, margin, 1.96, rate);
        CHECK(n >= 1);
        CHECK(n <= population);
        CHECK(margin_of(n, population, 1.96, rate) <= margin * (1 + 1e-12));
        CHECK((n == 1 || margin_of(n - 1, population, 1.96, rate) > margin));
      }
    }
  }
}

TEST_CASE("sample size: its ends") {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  CHECK(sample_size(1, 0.01) == 1);
  CHECK(sample_size(most, 0.05) == 385);  // 384.15 of an endless population
  CHECK(sample_size(1000, 1e-12) == 1000);
  CHECK(sample_size(most, 1e-200) == most);
  CHECK_THROWS_WITH_AS((void)sample_size(0, 0.01),
                       "A population of no faults has no sample; give at least one", upset::Error);
  CHECK_THROWS_WITH_AS((void)sample_size(10, 1.0),
                       "An error margin of 1.000000 lies outside (0, 1); write 0.01 for 1 %",
                       upset::Error);
  for (const double senseless : {0.0, -0.1, 1.0, 5.0, std::nan("")}) {
    CHECK_THROWS_AS((void)sample_size(10, senseless), upset::Error);
    CHECK_THROWS_AS((void)sample_size(10, 0.01, senseless), upset::Error);
    CHECK_THROWS_AS((void)sample_size(10, 0.01, 0.95, senseless), upset::Error);
  }
  for (const double senseless : {0.0, -2.0, std::nan(""), HUGE_VAL}) {
    CHECK_THROWS_AS((void)sample_size_at(10, 0.01, senseless), upset::Error);
  }
}
