// SPDX-License-Identifier: BSL-1.0
/// Rates of a population that is sampled stratum by stratum.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <upset/core/error.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/summary.hpp>

namespace upset {

/// What was drawn from one stratum without replacement; each value within [0, 1].
struct StratumSample {
  std::uint64_t population = 0;  ///< faults in the stratum
  std::uint64_t draws = 0;
  double mean = 0;
  double variance = 0;  ///< of the draws, divided by one less than they are; 0 for one draw

  /// From the value of each draw. Throws `Error` without values, or when one is not finite.
  [[nodiscard]] static StratumSample of(std::uint64_t population, std::span<const double> values) {
    const double spread = values.size() == 1 ? 0 : standard_deviation(values);
    return {population, values.size(), upset::mean(values), spread * spread};
  }
  /// From draws of which each is a hit or is not. Throws `Error` for more hits than draws.
  [[nodiscard]] static StratumSample of_hits(std::uint64_t population, std::uint64_t draws,
                                             std::uint64_t hits) {
    if (hits > draws) {
      throw Error("A stratum cannot have " + std::to_string(hits) + " hits in " +
                  std::to_string(draws) + " draws");
    }
    const auto n = static_cast<double>(draws);
    const double p = static_cast<double>(hits) / n;
    return {population, draws, p, draws == 1 ? 0 : n / (n - 1) * p * (1 - p)};
  }
};

/// A rate put together from strata.
struct StratifiedRate {
  double rate = 0;            ///< sum of the strata's means, each by its share of the population
  double standard_error = 0;  ///< estimated
  /// Each end the farther of two: the normal approximation's, to which strata in which nothing
  /// varied add nothing, and what Wilson's intervals of the strata leave together.
  Interval interval;
  Interval conservative;  ///< holds the rate at least as often as stated, whatever the values
};

/// The rate of the whole population. Strata that were drawn whole add no error.
///
/// - errors: no strata, a stratum without draws or with more draws than faults, a mean outside
///           [0, 1] or a variance that none can have: `Error`
/// - source: Cochran, Sampling Techniques, 1977, theorem 5.1 and equation 5.12; Zou and Donner
///           2008, "Construction of confidence limits about effect measures", for a sum of terms
///           that have intervals; conservative: Hoeffding 1963, theorem 2 and section 6, the bound
///           of a sum of terms within W_h / n_h, with the factor of Serfling 1974, corollary 1.1,
///           for draws without replacement
[[nodiscard]] inline StratifiedRate stratified_rate(std::span<const StratumSample> strata,
                                                    double confidence = 0.95) {
  const double z = detail::normal_deviate(confidence);
  if (strata.empty()) {
    throw Error("A rate needs at least one stratum");
  }
  double population = 0;
  for (std::size_t h = 0; h < strata.size(); ++h) {
    const StratumSample& each = strata[h];
    if (each.draws == 0 || each.draws > each.population) {
      throw Error("Stratum " + std::to_string(h) + " has " + std::to_string(each.draws) +
                  " draws of " + std::to_string(each.population) +
                  " faults; draw at least one, and at most all");
    }
    if (!(each.mean >= 0 && each.mean <= 1 && each.variance >= 0)) {
      throw Error("Stratum " + std::to_string(h) + " has a mean of " + std::to_string(each.mean) +
                  " and a variance of " + std::to_string(each.variance) +
                  "; values must lie in [0, 1]");
    }
    population += static_cast<double>(each.population);
  }
  StratifiedRate result;
  double variance = 0;
  double squares = 0;  // of the ranges of all terms
  double below = 0;    // squares of how far Wilson's intervals reach
  double above = 0;
  for (const StratumSample& each : strata) {
    const auto all = static_cast<double>(each.population);
    const auto n = static_cast<double>(each.draws);
    const double share = all / population;
    result.rate += share * each.mean;
    if (each.draws < each.population) {
      variance += share * share * (1 - n / all) * each.variance / n;
      squares += share * share / n * (1 - (n - 1) / all);
      const Interval wilson = wilson_mean(each.mean, each.draws, confidence);
      below += std::pow(share * (each.mean - wilson.low), 2);
      above += std::pow(share * (wilson.high - each.mean), 2);
    }
  }
  result.standard_error = std::sqrt(variance);
  const auto within = [&](double down, double up) {
    return Interval{std::max(0.0, result.rate - down), std::min(1.0, result.rate + up)};
  };
  const double normal = z * result.standard_error;
  result.interval = within(std::max(normal, std::sqrt(below)), std::max(normal, std::sqrt(above)));
  const double most = std::sqrt(std::log(2 / (1 - confidence)) / 2 * squares);
  result.conservative = within(most, most);
  return result;
}

}  // namespace upset
