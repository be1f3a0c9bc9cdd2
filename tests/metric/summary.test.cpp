// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <upset/metric/summary.hpp>

using doctest::Approx;
using upset::Summary;

TEST_CASE("Summary: quantiles are those of type 7, as R's quantile(1:10) prints them") {
  const std::vector<double> ten{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  CHECK(upset::quantile(ten, 0) == 1);
  CHECK(upset::quantile(ten, 0.25) == 3.25);
  CHECK(upset::quantile(ten, 0.5) == 5.5);
  CHECK(upset::quantile(ten, 0.75) == 7.75);
  CHECK(upset::quantile(ten, 1) == 10);
  CHECK(upset::quantile(ten, 0.1) == Approx(1.9));
  CHECK(upset::quantile(std::vector<double>{4}, 0.3) == 4);
  CHECK(upset::quantile(std::vector<double>{1, 2}, 0.25) == 1.25);
}

TEST_CASE("Summary: the mean of equal values is that value, to the last bit") {
  for (const double x : {0.9, 0.1, 0.8933, 1.0 / 3}) {
    for (std::size_t n = 1; n <= 100; ++n) {
      const std::vector<double> values(n, x);
      REQUIRE(upset::mean(values) == x);
      if (n > 1) {
        REQUIRE(upset::standard_deviation(values) == 0);
      }
    }
  }
}

TEST_CASE("Summary: of a hand-computed sample, unordered, with an outlier") {
  const std::vector<double> values{7, 100, 3, 9, 1, 5, 4, 8, 2, 6};
  const Summary sum = upset::summarise(values);
  CHECK(sum.count == 10);
  CHECK(sum.mean == Approx(14.5).epsilon(1e-15));
  // sum of squares 1^2 + ... + 9^2 + 100^2 = 10285; (10285 - 10 * 14.5^2) / 9 = 909.1666...
  CHECK(sum.standard_deviation == Approx(std::sqrt(8182.5 / 9)).epsilon(1e-14));
  CHECK(sum.min == 1);
  CHECK(sum.lower_quartile == 3.25);
  CHECK(sum.median == 5.5);
  CHECK(sum.upper_quartile == 7.75);
  CHECK(sum.max == 100);
  CHECK(sum.lower_whisker == 1);  // fences at 3.25 - 6.75 and 7.75 + 6.75
  CHECK(sum.upper_whisker == 9);
  CHECK(sum.outliers == std::vector<double>{100});
}

TEST_CASE("Summary: a value on the fence belongs to the whisker") {
  // Quartiles 2 and 4, so fences at -1 and 7.
  const Summary on = upset::summarise(std::vector<double>{-1, 2, 3, 4, 7});
  CHECK(on.lower_quartile == 2);
  CHECK(on.upper_quartile == 4);
  CHECK(on.lower_whisker == -1);
  CHECK(on.upper_whisker == 7);
  CHECK(on.outliers.empty());
  const Summary beyond = upset::summarise(std::vector<double>{-1.001, 2, 3, 4, 7.001});
  CHECK(beyond.lower_whisker == 2);
  CHECK(beyond.upper_whisker == 4);
  CHECK(beyond.outliers == std::vector<double>{-1.001, 7.001});
}

TEST_CASE("Summary: a whisker never ends inside the box") {
  const Summary sum = upset::summarise(std::vector<double>{0, 100, 100, 100});
  CHECK(sum.lower_quartile == 75);
  CHECK(sum.lower_whisker == 75);
  CHECK(sum.upper_whisker == 100);
  CHECK(sum.outliers == std::vector<double>{0});
}

TEST_CASE("Summary: one value is its own quartiles and shows no spread; none is refused") {
  const Summary one = upset::summarise(std::vector<double>{0.5});
  CHECK(one.mean == 0.5);
  CHECK(std::isnan(one.standard_deviation));
  CHECK(one.lower_whisker == 0.5);
  CHECK(one.median == 0.5);
  CHECK(one.upper_whisker == 0.5);
  using values = std::vector<double>;
  CHECK_THROWS_AS(static_cast<void>(upset::summarise(values{})), upset::Error);
  CHECK_THROWS_AS(static_cast<void>(upset::summarise(values{1, std::nan("")})), upset::Error);
  CHECK_THROWS_AS(static_cast<void>(upset::mean(values{std::numeric_limits<double>::infinity()})),
                  upset::Error);
  CHECK_THROWS_AS(static_cast<void>(upset::quantile(values{}, 0.5)), upset::Error);
  CHECK_THROWS_AS(static_cast<void>(upset::quantile(values{1}, 1.5)), upset::Error);
}
