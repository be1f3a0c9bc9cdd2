// SPDX-License-Identifier: BSL-1.0
/// Numbers that describe a sample: mean, spread, quartiles and what a box plot draws.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <upset/core/error.hpp>

namespace upset {

namespace detail {

inline void expect_sample(std::span<const double> values) {
  if (values.empty()) {
    throw Error("A sample without values has no mean and no quantiles; give at least one value");
  }
  if (std::ranges::any_of(values, [](double x) { return !std::isfinite(x); })) {
    throw Error("A sample of " + std::to_string(values.size()) +
                " values holds one that is not finite; leave it out or count it apart");
  }
}

}  // namespace detail

/// Arithmetic mean, exact when all values are equal.
///
/// Differences from the first value are summed: 20 trials of accuracy 0.9 have the mean 0.9, where
/// their sum divided by 20 does not, and "did this lose accuracy" must not depend on that.
///
/// - errors: throws `Error` without values, or when one is not finite
[[nodiscard]] inline double mean(std::span<const double> values) {
  detail::expect_sample(values);
  double sum = 0;
  for (const double x : values) {
    sum += x - values.front();
  }
  return values.front() + sum / static_cast<double>(values.size());
}

/// Standard deviation of the population the sample was drawn from (divided by n - 1).
///
/// - errors: NaN for one value, which shows no spread; throws as `mean`
[[nodiscard]] inline double standard_deviation(std::span<const double> values) {
  const double center = mean(values);
  double sum = 0;
  for (const double x : values) {
    sum += (x - center) * (x - center);
  }
  return values.size() == 1 ? std::numeric_limits<double>::quiet_NaN()
                            : std::sqrt(sum / static_cast<double>(values.size() - 1));
}

/// Quantile of ascending values: linear between order statistics, at position p (n - 1) from 0.
///
/// - errors: throws `Error` without values or for p outside [0, 1]
/// - source: Hyndman and Fan 1996, "Sample quantiles in statistical packages", type 7
[[nodiscard]] inline double quantile(std::span<const double> ascending, double p) {
  if (ascending.empty() || !(p >= 0 && p <= 1)) {
    throw Error("Quantile " + std::to_string(p) + " of " + std::to_string(ascending.size()) +
                " values does not exist; give a share in [0, 1] of at least one value");
  }
  const double position = p * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  const double share = position - static_cast<double>(below);
  return ascending[below] + share * (ascending[above] - ascending[below]);
}

/// A sample in numbers. Quartiles are `quantile`s; whiskers and outliers are Tukey's.
struct Summary {
  std::size_t count = 0;
  double mean = 0;
  double standard_deviation = 0;  ///< n - 1; NaN for one value
  double min = 0;                 ///< the worst, where larger is better
  double lower_quartile = 0;
  double median = 0;
  double upper_quartile = 0;
  double max = 0;
  double lower_whisker = 0;        ///< least value within 1.5 interquartile ranges of the box
  double upper_whisker = 0;        ///< largest such value; a whisker never ends inside the box
  std::vector<double> outliers{};  ///< ascending: what lies beyond the whiskers
};

/// Summary of a sample.
///
/// - errors: throws `Error` without values, or when one is not finite
/// - source: whiskers: Tukey 1977, "Exploratory data analysis", 2C-2D
[[nodiscard]] inline Summary summarise(std::span<const double> values) {
  Summary summary;
  summary.count = values.size();
  summary.mean = mean(values);
  summary.standard_deviation = standard_deviation(values);
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  summary.min = sorted.front();
  summary.lower_quartile = quantile(sorted, 0.25);
  summary.median = quantile(sorted, 0.5);
  summary.upper_quartile = quantile(sorted, 0.75);
  summary.max = sorted.back();
  const double reach = 1.5 * (summary.upper_quartile - summary.lower_quartile);
  const double low_fence = summary.lower_quartile - reach;
  const double high_fence = summary.upper_quartile + reach;
  // A quartile may fall between an outlier and the rest: then no value is left on that side of the
  // box, and the whisker has length zero.
  summary.lower_whisker = summary.lower_quartile;
  summary.upper_whisker = summary.upper_quartile;
  for (const double x : sorted) {
    if (x < low_fence || x > high_fence) {
      summary.outliers.push_back(x);
    } else {
      summary.lower_whisker = std::min(summary.lower_whisker, x);
      summary.upper_whisker = std::max(summary.upper_whisker, x);
    }
  }
  return summary;
}

}  // namespace upset
