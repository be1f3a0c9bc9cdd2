// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

#include <upset/metric/bounded_mean.hpp>

using doctest::Approx;
using upset::bernstein_mean;
using upset::hoeffding_mean;
using upset::Interval;

TEST_CASE("hoeffding_mean: at its ends the bound of theorem 1 is half of what is left") {
  for (const std::uint64_t n : {1U, 7U, 100U, 100'000U}) {
    for (const double mean : {0.0, 0.001, 0.0127, 0.5, 0.93, 1.0}) {
      CAPTURE(n);
      CAPTURE(mean);
      const Interval found = hoeffding_mean(mean, n, 0.99);
      CHECK(found.contains(mean));
      // ((q / p)^p ((1 - q) / (1 - p))^(1 - p))^n, as Hoeffding writes it
      for (const double q : {found.low, found.high}) {
        if (q > 0 && q < 1) {
          const double bound =
              std::pow(std::pow(q / mean, mean) * std::pow((1 - q) / (1 - mean), 1 - mean),
                       static_cast<double>(n));
          CHECK((mean == 0 || mean == 1 ? 0.005 : bound) == Approx(0.005).epsilon(1e-6));
        }
      }
    }
  }
  CHECK(hoeffding_mean(0, 1000, 0.99).high == Approx(1 - std::pow(0.005, 1e-3)).epsilon(1e-12));
  CHECK(hoeffding_mean(0, 1000, 0.99).low == 0);
  CHECK(hoeffding_mean(1, 1000, 0.99).low == Approx(std::pow(0.005, 1e-3)).epsilon(1e-12));
  CHECK(hoeffding_mean(1, 1000, 0.99).high == 1);
}

TEST_CASE("bernstein_mean: by hand") {
  // ln(4 / 0.05) = 4.382027: sqrt(2 * 0.04 * 4.382027 / 101) + 7 * 4.382027 / 300
  const Interval found = bernstein_mean(0.3, 0.04, 101, 0.95);
  CHECK(found.high == Approx(0.3 + 0.058915 + 0.102247).epsilon(1e-5));
  CHECK(found.low == Approx(0.3 - 0.058915 - 0.102247).epsilon(1e-5));
  CHECK(bernstein_mean(0.01, 0.04, 101).low == 0);
  CHECK(bernstein_mean(0.99, 0.04, 101).high == 1);
  CHECK(bernstein_mean(0.5, 0, 1) == Interval{0, 1});
}

TEST_CASE("means of bounded values: what is refused") {
  CHECK_THROWS_WITH_AS((void)hoeffding_mean(0.5, 0),
                       "A mean of 0.500000 of 0 values has no interval; give at least one value, "
                       "all within [0, 1]",
                       upset::Error);
  CHECK_THROWS_AS((void)hoeffding_mean(1.5, 2), upset::Error);
  CHECK_THROWS_AS((void)bernstein_mean(std::nan(""), 0, 2), upset::Error);
  CHECK_THROWS_AS((void)bernstein_mean(0.5, 0, 2, 95), upset::Error);
  CHECK_THROWS_AS((void)hoeffding_mean(0.5, 2, 0), upset::Error);
  CHECK_THROWS_WITH_AS((void)bernstein_mean(0.5, -1, 10),
                       "A variance of -1.000000 has no interval; it cannot be negative",
                       upset::Error);
  CHECK_THROWS_AS((void)bernstein_mean(0.5, std::nan(""), 10), upset::Error);
}
