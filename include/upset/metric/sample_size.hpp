// SPDX-License-Identifier: BSL-1.0
/// How many faults to inject for an error margin stated beforehand.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include <upset/core/error.hpp>
#include <upset/metric/interval.hpp>

namespace upset {

/// Faults to draw without replacement from `population`, so that a rate near `rate` is known to
/// within `margin` at `t` standard errors; rounded up.
///
/// Tables in the literature round t: with 2.58 for 99 %, a margin of 1 % and the 17,174,144
/// stuck-at faults of ResNet-20 give 16,625; the quantile itself gives 16,572.
///
/// - errors: an empty population, a margin or rate outside (0, 1), a t that is not positive:
/// `Error`
/// - source: Leveugle, Calvez, Maistri and Vanhauwaert, Statistical Fault Injection: Quantified
///           Error and Confidence, DATE 2009, equation 1; rate 0.5 is the most careful
[[nodiscard]] inline std::uint64_t sample_size_at(std::uint64_t population, double margin, double t,
                                                  double rate = 0.5) {
  if (population == 0) {
    throw Error("A population of no faults has no sample; give at least one");
  }
  if (!(margin > 0 && margin < 1)) {
    throw Error("An error margin of " + std::to_string(margin) +
                " lies outside (0, 1); write 0.01 for 1 %");
  }
  if (!(rate > 0 && rate < 1)) {
    throw Error("An expected rate of " + std::to_string(rate) +
                " lies outside (0, 1); write 0.5 where nothing is known");
  }
  if (!(t > 0 && std::isfinite(t))) {
    throw Error("A sample size needs a positive number of standard errors, not " +
                std::to_string(t));
  }
  const auto all = static_cast<double>(population);
  const double n = all / (1 + margin * margin * (all - 1) / (t * t * rate * (1 - rate)));
  // a double may round the whole population up past what an integer holds
  return n >= all ? population : std::min(population, static_cast<std::uint64_t>(std::ceil(n)));
}

/// The same for a two-sided confidence, through the quantile of the normal distribution.
/// Throws as `sample_size_at`, and for a confidence outside (0, 1).
[[nodiscard]] inline std::uint64_t sample_size(std::uint64_t population, double margin,
                                               double confidence = 0.95, double rate = 0.5) {
  return sample_size_at(population, margin, detail::normal_deviate(confidence), rate);
}

}  // namespace upset
