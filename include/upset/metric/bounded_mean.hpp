// SPDX-License-Identifier: BSL-1.0
/// Intervals of the mean of values within [0, 1] that hold whatever their distribution.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include <upset/core/error.hpp>
#include <upset/metric/interval.hpp>

namespace upset {

namespace detail {

/// Information of a rate p against q, in nats; 0 log 0 is 0.
[[nodiscard]] inline double bernoulli_divergence(double p, double q) {
  return (p > 0 ? p * std::log(p / q) : 0) + (p < 1 ? (1 - p) * std::log((1 - p) / (1 - q)) : 0);
}

/// Where the divergence from `p` reaches `most`, between `p` and `end`, which is 0 or 1.
[[nodiscard]] inline double divergence_end(double p, double end, double most) {
  double inside = p;
  double outside = end;
  for (int step = 0; step < 60; ++step) {
    const double middle = (inside + outside) / 2;
    (bernoulli_divergence(p, middle) <= most ? inside : outside) = middle;
  }
  return outside;
}

inline void expect_bounded_mean(double mean, std::uint64_t n) {
  if (n == 0 || !(mean >= 0 && mean <= 1)) {
    throw Error("A mean of " + std::to_string(mean) + " of " + std::to_string(n) +
                " values has no interval; give at least one value, all within [0, 1]");
  }
}

}  // namespace detail

/// From the mean alone: narrow where it is close to 0 or 1. Independent values need not be of one
/// distribution.
///
/// - errors: no values, a mean outside [0, 1], a confidence outside (0, 1): `Error`
/// - source: Hoeffding 1963, "Probability inequalities for sums of bounded random variables",
///           theorem 1, equation 2.1, on both sides
[[nodiscard]] inline Interval hoeffding_mean(double mean, std::uint64_t n,
                                             double confidence = 0.95) {
  detail::expect_confidence(confidence);
  detail::expect_bounded_mean(mean, n);
  const double most = std::log(2 / (1 - confidence)) / static_cast<double>(n);
  return {detail::divergence_end(mean, 0, most), detail::divergence_end(mean, 1, most)};
}

/// From mean and variance (divided by n - 1): narrow where the values are close to each other.
///
/// - errors: as `hoeffding_mean`, and for a negative variance; one value gives [0, 1]
/// - source: Maurer and Pontil 2009, "Empirical Bernstein bounds and sample variance penalization",
///           theorem 4, on both sides
[[nodiscard]] inline Interval bernstein_mean(double mean, double variance, std::uint64_t n,
                                             double confidence = 0.95) {
  detail::expect_confidence(confidence);
  detail::expect_bounded_mean(mean, n);
  if (n == 1) {
    return {0, 1};
  }
  if (!(variance >= 0)) {
    throw Error("A variance of " + std::to_string(variance) +
                " has no interval; it cannot be negative");
  }
  const double log = std::log(4 / (1 - confidence));
  const auto count = static_cast<double>(n);
  const double margin = std::sqrt(2 * variance * log / count) + 7 * log / (3 * (count - 1));
  return {std::max(0.0, mean - margin), std::min(1.0, mean + margin)};
}

}  // namespace upset
