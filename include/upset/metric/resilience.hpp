// SPDX-License-Identifier: BSL-1.0
/// Figures that say how many bit errors a network survives: tolerated BER, BERZAD, AUC.
#pragma once

#include <algorithm>
#include <charconv>  // rates such as 5e-9, which std::to_string prints as zero
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/summary.hpp>

namespace upset {

/// Accuracies at one bit error rate, one per trial, as shares from 0 to 1.
///
/// A curve is a span of these in ascending order of rate, which may begin with 0. Fault-free
/// accuracy, wherever it is asked for, is that of the same pictures the trials classified: the
/// figures below ask whether trials *lost* accuracy, and 2,000 pictures differ from 10,000 by more
/// than a point without any fault.
struct CurvePoint {
  double ber = 0;
  std::vector<double> accuracies{};
};

/// A bit error rate on the grid of a curve.
struct GridRate {
  double ber = 0;         ///< 0: not even the first rate of the grid qualified
  bool at_least = false;  ///< it is the grid's last rate: the true figure may be larger

  [[nodiscard]] friend constexpr bool operator==(const GridRate&, const GridRate&) = default;
};

/// Ends of a range of bit error rates.
struct BerRange {
  double low = 0;
  double high = 0;
};

namespace detail {

[[nodiscard]] inline std::string number_text(double rate) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, rate).ptr};
}

inline void expect_curve(std::span<const CurvePoint> curve) {
  if (curve.empty()) {
    throw Error("A resilience curve without points has no figures; give at least one");
  }
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const CurvePoint& point = curve[i];
    const auto where = [&] { return "Point " + std::to_string(i) + " of a resilience curve"; };
    if (!(point.ber >= 0 && point.ber <= 1)) {
      throw Error(where() + " has a bit error rate outside [0, 1]");
    }
    if (i > 0 && !(curve[i - 1].ber < point.ber)) {
      throw Error(where() +
                  " does not have a larger bit error rate than the one before; sort the "
                  "points and merge equal rates");
    }
    if (point.accuracies.empty()) {
      throw Error(where() + " has no trials; give at least one accuracy");
    }
    for (const double accuracy : point.accuracies) {
      if (!(accuracy >= 0 && accuracy <= 1)) {
        throw Error(where() + " has an accuracy outside [0, 1]; write 90 % as 0.9");
      }
    }
  }
}

inline void expect_share(double accuracy, const char* what) {
  if (!(accuracy >= 0 && accuracy <= 1)) {
    throw Error(std::string(what) + " of " + number_text(accuracy) +
                " lies outside [0, 1]; write 90 % as 0.9");
  }
}

}  // namespace detail

/// Largest rate before the first one that loses more than `drop` of mean accuracy.
///
/// Later points may recover by chance; they do not count. A loss of exactly `drop` is tolerated:
/// means of counted pictures are multiples of 1 / (pictures * trials), far above the 1e-9 allowed
/// for the rounding of 0.90 - 0.89 to more than 0.01.
///
/// - errors: throws `Error` unless rates ascend within [0, 1] and accuracies lie in [0, 1]
/// - source: MONO, IEEE Embedded Systems Letters 2024: the largest rate on the grid whose next
///           point loses more than one point of accuracy
[[nodiscard]] inline GridRate tolerated_ber(std::span<const CurvePoint> curve, double fault_free,
                                            double drop = 0.01) {
  detail::expect_curve(curve);
  detail::expect_share(fault_free, "A fault-free accuracy");
  constexpr double rounding = 1e-9;
  GridRate tolerated;
  for (const CurvePoint& point : curve) {
    if (fault_free - mean(point.accuracies) > drop + rounding) {
      return tolerated;
    }
    tolerated.ber = point.ber;
  }
  tolerated.at_least = true;
  return tolerated;
}

/// Largest rate at which no loss is shown: Student's interval of the mean reaches fault-free
/// accuracy ("bit error rate with zero accuracy drop"), or lies above it: a gain is no drop.
///
/// - pictures: how many, where all trials have seen the same ones: the interval is then as wide as
///             if each trial had drawn so many for itself, as the source's did; of the same ones
///             the slightest loss shows. 0 where each has drawn its own
///
/// A point of few or scattered trials shows little, so this flatters networks that seldom fail but
/// then fail altogether; `tolerated_ber` does not.
///
/// - errors: throws as `tolerated_ber`, and for points of one trial, whose interval is everything
/// - source: Burel, Evans and Anghel 2021, "Zero-Overhead Protection for CNN Weights"
[[nodiscard]] inline GridRate berzad(std::span<const CurvePoint> curve, double fault_free,
                                     double confidence = 0.95, std::size_t pictures = 0) {
  detail::expect_curve(curve);
  detail::expect_share(fault_free, "A fault-free accuracy");
  GridRate found;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (curve[i].accuracies.size() < 2) {
      throw Error("BERZAD needs at least 2 trials at every bit error rate; point " +
                  std::to_string(i) + " has one");
    }
    const double right = mean(curve[i].accuracies);
    const double drawing = pictures == 0 ? 0 : right * (1 - right) / static_cast<double>(pictures);
    if (fault_free <= student_mean(curve[i].accuracies, confidence, drawing).high) {
      found = {curve[i].ber, i + 1 == curve.size()};
    }
  }
  return found;
}

/// `curve` with the fault-free accuracy as its point at rate 0, unless it has one.
[[nodiscard]] inline std::vector<CurvePoint> with_fault_free(std::span<const CurvePoint> curve,
                                                             double fault_free) {
  std::vector<CurvePoint> result(curve.begin(), curve.end());
  if (result.empty() || result.front().ber != 0) {
    result.insert(result.begin(), {0, {fault_free}});
  }
  return result;
}

namespace detail {

// Trapezoids over `axis(ber)`, cut at the ends of the range by interpolation on that axis, divided
// by its length: 1 where every accuracy is 1.
template <class Axis>
[[nodiscard]] double normalised_area(std::span<const CurvePoint> curve, BerRange range, Axis axis) {
  expect_curve(curve);
  const double first = curve.front().ber;
  const double last = curve.back().ber;
  // A grid of powers, 1e-6 times 10, may miss the literal 1e-5 by a rounding: that is not outside.
  constexpr double rounding = 1e-9;
  const BerRange kept{std::max(range.low, first), std::min(range.high, last)};
  if (!(kept.low < kept.high) || range.low < first * (1 - rounding) ||
      range.high > last * (1 + rounding)) {
    throw Error("The area from bit error rate " + number_text(range.low) + " to " +
                number_text(range.high) +
                " needs a curve that covers it; narrow the range, add points, or prepend the "
                "fault-free accuracy at rate 0");
  }
  const double low = axis(kept.low);
  const double high = axis(kept.high);
  double area = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    if (curve[i].ber <= kept.low || curve[i - 1].ber >= kept.high) {
      continue;
    }
    const double x0 = axis(curve[i - 1].ber);
    const double x1 = axis(curve[i].ber);
    const double y0 = mean(curve[i - 1].accuracies);
    const double y1 = mean(curve[i].accuracies);
    const auto at = [&](double x) { return y0 + (y1 - y0) * (x - x0) / (x1 - x0); };
    const double from = std::max(x0, low);
    const double to = std::min(x1, high);
    area += (to - from) * (at(from) + at(to)) / 2;
  }
  return area / (high - low);
}

}  // namespace detail

/// Area under mean accuracy against rate, both axes linear and normalised: 1 is 100 % everywhere.
///
/// The largest decade makes up nine tenths of it; `log_auc` weighs decades alike.
///
/// - errors: throws `Error` for a bad curve, or one that does not cover `range`
/// - source: Hoang, Hanif and Shafique 2020, "FT-ClipAct"
[[nodiscard]] inline double auc(std::span<const CurvePoint> curve, BerRange range) {
  return detail::normalised_area(curve, range, [](double ber) { return ber; });
}

/// `auc` with the rate on a logarithmic axis. Not the published figure: not to be compared with it.
///
/// - errors: throws as `auc`, and for a range that begins at 0
[[nodiscard]] inline double log_auc(std::span<const CurvePoint> curve, BerRange range) {
  if (!(range.low > 0)) {
    throw Error(
        "The area over a logarithmic axis cannot begin at bit error rate 0; begin at the "
        "first rate above it");
  }
  // Rates below the range never reach the logarithm with weight, but a point at 0 may border it.
  const auto first = std::ranges::find_if(curve, [](const CurvePoint& p) { return p.ber > 0; });
  const auto positive = curve.subspan(static_cast<std::size_t>(first - curve.begin()));
  return detail::normalised_area(positive, range, [](double ber) { return std::log10(ber); });
}

}  // namespace upset
