// SPDX-License-Identifier: BSL-1.0
/// Confidence intervals: Wilson, Clopper and Pearson for rates and shares, Student for means.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>

#include <upset/core/error.hpp>
#include <upset/metric/summary.hpp>

namespace upset {

/// A closed interval; infinite ends mean that nothing is known on that side.
struct Interval {
  double low = 0;
  double high = 0;

  [[nodiscard]] constexpr bool contains(double x) const { return low <= x && x <= high; }
  [[nodiscard]] constexpr double width() const { return high - low; }
  [[nodiscard]] friend constexpr bool operator==(const Interval&, const Interval&) = default;
};

namespace detail {

inline void expect_confidence(double confidence) {
  if (!(confidence > 0 && confidence < 1)) {
    throw Error("A confidence of " + std::to_string(confidence) +
                " lies outside (0, 1); write 0.95 for 95 %");
  }
}

/// How many standard deviations to both sides hold `confidence` of a normal distribution.
[[nodiscard]] inline double normal_deviate(double confidence) {
  expect_confidence(confidence);
  return boost::math::quantile(
      boost::math::complement(boost::math::normal(), (1 - confidence) / 2));
}

}  // namespace detail

/// Wilson's interval of the mean of independent values from 0 to 1, with the mean as the rate.
///
/// No values from 0 to 1 vary more than zeros and ones of the same mean, so it is too wide rather
/// than too narrow. Unlike Student's it does not shrink to a point where all values are 0: a
/// thousand harmless faults do not show that none does harm.
///
/// - units:  those of the values, 0 to 1
/// - errors: n = 0 gives [0, 1]; throws `Error` for a mean outside [0, 1] or a confidence outside
///           (0, 1)
[[nodiscard]] inline Interval wilson_mean(double mean, std::uint64_t n, double confidence = 0.95) {
  detail::expect_confidence(confidence);
  if (n == 0) {
    return {0, 1};
  }
  if (!(mean >= 0 && mean <= 1)) {
    throw Error("A mean of " + std::to_string(mean) +
                " has no Wilson interval; values must lie in [0, 1]");
  }
  const double z = detail::normal_deviate(confidence);
  const double count = static_cast<double>(n);
  const double shrink = 1 + z * z / count;
  const double center = (mean + z * z / (2 * count)) / shrink;
  const double half =
      z * std::sqrt(mean * (1 - mean) / count + z * z / (4 * count * count)) / shrink;
  // At the ends of the range half equals the distance exactly in the formula, not in rounding.
  return {mean == 0 ? 0 : std::max(0.0, center - half),
          mean == 1 ? 1 : std::min(1.0, center + half)};
}

/// Wilson score interval of a rate, two-sided.
///
/// - units:  share of successes, 0 to 1; exactly 0 (1) at its end where no (every) draw succeeded
/// - errors: n = 0 gives [0, 1]; throws `Error` for successes > n or a confidence outside (0, 1)
/// - source: Wilson 1927, "Probable inference, the law of succession, and statistical inference";
///           without continuity correction
[[nodiscard]] inline Interval wilson(std::uint64_t successes, std::uint64_t n,
                                     double confidence = 0.95) {
  if (successes > n) {
    throw Error("A rate of " + std::to_string(successes) + " successes in " + std::to_string(n) +
                " draws has no interval; successes cannot exceed draws");
  }
  return wilson_mean(static_cast<double>(successes) / static_cast<double>(n), n, confidence);
}

/// Clopper and Pearson's interval of a rate, two-sided: holds it at least as often as stated.
///
/// - units:  share of successes, 0 to 1
/// - errors: as `wilson`
/// - source: Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the
///           case of the binomial"
[[nodiscard]] inline Interval clopper_pearson(std::uint64_t successes, std::uint64_t n,
                                              double confidence = 0.95) {
  (void)wilson(successes, n, confidence);  // refuses what this one would
  const auto count = static_cast<double>(n);
  const auto hits = static_cast<double>(successes);
  const double tail = (1 - confidence) / 2;
  return {successes == 0 ? 0 : boost::math::ibeta_inv(hits, count - hits + 1, tail),
          successes == n ? 1 : boost::math::ibetac_inv(hits + 1, count - hits, tail)};
}

/// Student's interval of the mean of independent values, two-sided.
///
/// - units:  those of the values; the ends may leave the range the values can have
/// - errors: one value shows no spread, so its interval is everything: [-infinity, infinity]; equal
///           values give a point; no values or a confidence outside (0, 1) throw `Error`
/// - shared_variance: of what all values have in common, as if each had drawn it for itself; it is
///           added to the variance seen among them
/// - source: Student 1908, "The probable error of a mean"
[[nodiscard]] inline Interval student_mean(std::span<const double> values, double confidence = 0.95,
                                           double shared_variance = 0) {
  detail::expect_confidence(confidence);
  const double center = mean(values);
  if (values.size() == 1) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return {-infinity, infinity};
  }
  const double n = static_cast<double>(values.size());
  const double t = boost::math::quantile(
      boost::math::complement(boost::math::students_t(n - 1), (1 - confidence) / 2));
  const double half =
      t * std::hypot(standard_deviation(values), std::sqrt(shared_variance)) / std::sqrt(n);
  return {center - half, center + half};
}

}  // namespace upset
