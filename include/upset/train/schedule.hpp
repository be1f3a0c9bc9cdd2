// SPDX-License-Identifier: BSL-1.0
/// How the learning rate runs over a training.
#pragma once

#include <cmath>
#include <concepts>
#include <numbers>
#include <vector>

namespace upset {

/// A learning rate as a function of the share of the training that is done, in [0, 1).
template <class S>
concept Schedule = std::copyable<S> && requires(const S schedule, double progress) {
  { schedule(progress) } -> std::convertible_to<double>;
};

/// Always the same.
struct ConstantRate {
  double rate = 1e-3;

  [[nodiscard]] double operator()(double /*progress*/) const { return rate; }
};

/// Multiplied by `factor` at each of `at`, ascending shares of the training.
///
/// - example: StepRate{0.01, 0.1, {1.0 / 3}} is the one of MONO for ResNet-20
struct StepRate {
  double rate = 1e-3;
  double factor = 0.1;
  std::vector<double> at = {0.5};

  [[nodiscard]] double operator()(double progress) const {
    double now = rate;
    for (const double step : at) {
      now *= progress >= step ? factor : 1.0;
    }
    return now;
  }
};

/// From `rate` to `last` along half a cosine.
///
/// - source: Loshchilov, Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017, eq. 5
struct CosineRate {
  double rate = 1e-3;
  double last = 0;

  [[nodiscard]] double operator()(double progress) const {
    return last + (rate - last) * (1 + std::cos(std::numbers::pi * progress)) / 2;
  }
};

/// Any schedule, run from its start again at each of `at`, ascending shares of the training.
///
/// - example: WarmRestarts{StepRate{1e-4, 0.1, {1.0 / 3}}, {0.5}} is the one of MONO for ResNet-18
template <Schedule S>
struct WarmRestarts {
  S schedule{};
  std::vector<double> at = {0.5};

  [[nodiscard]] double operator()(double progress) const {
    double begin = 0;
    double end = 1;
    for (const double restart : at) {
      if (progress >= restart) {
        begin = restart;
      } else {
        end = restart;
        break;
      }
    }
    return schedule((progress - begin) / (end - begin));
  }
};
template <Schedule S>
WarmRestarts(S, std::vector<double>) -> WarmRestarts<S>;

static_assert(Schedule<ConstantRate> && Schedule<StepRate> && Schedule<WarmRestarts<CosineRate>>);

}  // namespace upset
