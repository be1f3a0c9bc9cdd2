// SPDX-License-Identifier: BSL-1.0
/// Accuracy against bit error rate: mean lines with interval bands, several series.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/resilience.hpp>
#include <upset/report/plot_style.hpp>

namespace upset {

/// A point of a line with its band, in the units of the axes.
struct BandPoint {
  double x = 0;
  double y = 0;
  double low = 0;
  double high = 0;
};

/// A line of a plot. Series of one group (a format) share a colour and differ in dash and marker
/// (its protections); without a group, each is its own.
struct LineSeries {
  std::string name{};
  std::string group{};
  std::vector<BandPoint> points{};
};

/// Lines with bands over a logarithmic axis of bit error rates.
///
/// A rate of 0, which no logarithm has, is drawn apart at the left edge, under a tic of its own.
/// The band of a point that no other of its line is joined to is an error bar.
struct LinePlot {
  PlotFrame frame{"", "bit error rate", "accuracy (%)"};
  std::vector<LineSeries> series{};
  double y_low = 0;
  double y_high = 100;
};

/// The mean of each point in percent, with Student's interval cut to 0..100; a single trial has no
/// band.
[[nodiscard]] inline LineSeries accuracy_series(std::string name, std::span<const CurvePoint> curve,
                                                std::string group = {}, double confidence = 0.95) {
  LineSeries series{std::move(name), std::move(group), {}};
  for (const CurvePoint& point : curve) {
    const double center = 100 * mean(point.accuracies);
    BandPoint drawn{point.ber, center, center, center};
    if (point.accuracies.size() > 1) {
      const Interval interval = student_mean(point.accuracies, confidence);
      drawn.low = std::clamp(100 * interval.low, 0.0, center);
      drawn.high = std::clamp(100 * interval.high, center, 100.0);
    }
    series.points.push_back(drawn);
  }
  return series;
}

namespace detail {

/// A logarithmic axis over the rates of a plot, and the place beside it where rate 0 is drawn.
struct RateAxis {
  double least = std::numeric_limits<double>::infinity();  ///< above 0
  double most = 0;
  bool has_zero = false;

  explicit RateAxis(const LinePlot& plot) {
    for (const LineSeries& line : plot.series) {
      for (const BandPoint& point : line.points) {
        const bool finite =
            std::isfinite(point.y) && std::isfinite(point.low) && std::isfinite(point.high);
        if (!(point.x >= 0 && point.x <= 1) || !finite) {
          throw Error("Line '" + line.name + "' of plot '" + plot.frame.title +
                      "' has a point that is not finite, or a bit error rate outside [0, 1]");
        }
        if (point.x > 0 && point.x < 1e-300) {  // whose tics would be no numbers
          throw Error("Line '" + line.name + "' of plot '" + plot.frame.title +
                      "' has a bit error rate of " + shortest(point.x) +
                      ", below which no tics are; leave it out or draw it as 0");
        }
        has_zero = has_zero || point.x == 0;
        if (point.x > 0) {
          least = std::min(least, point.x);
          most = std::max(most, point.x);
        }
      }
    }
    if (most == 0) {
      throw Error("Plot '" + plot.frame.title + "' has no point with a bit error rate above 0");
    }
    if (most < 10 * least) {  // less than a decade may hold no power of ten, and so no tic
      least = std::pow(10, std::floor(std::log10(least)));
      most = std::max(10 * least, std::pow(10, std::ceil(std::log10(most))));
    }
  }

  [[nodiscard]] double decades() const { return std::log10(most / least); }
  /// `decades` of the axis's length left of `rate`.
  [[nodiscard]] double left_of(double rate, double share) const {
    return rate / std::pow(10, share * decades());
  }
  [[nodiscard]] double zero() const { return left_of(least, 0.1); }
  [[nodiscard]] double place(double rate) const { return rate == 0 ? zero() : rate; }
};

// Tics are listed one by one: gnuplot's own would go on below the least rate, towards the 0.
[[nodiscard]] inline std::string rate_tics(const RateAxis& axis) {
  std::string script = "set logscale x\nset xrange [" +
                       shortest(axis.left_of(axis.has_zero ? axis.zero() : axis.least, 0.02)) +
                       ":" + shortest(axis.left_of(axis.most, -0.02)) + "]\nset xtics (";
  if (axis.has_zero) {
    script += "'0' " + shortest(axis.zero()) + ", ";
  }
  const int first = static_cast<int>(std::floor(std::log10(axis.least) + 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(axis.most) + 1e-9));
  const int step = last - first > 10 ? 2 : 1;  // every other power labelled where they crowd
  bool any = false;
  for (int power = first; power <= last; ++power) {
    for (int multiple = 1; multiple <= 9; ++multiple) {
      // Read back from text: 3e-5 is to be the tic 3e-5, not 3 * 1e-5.
      const std::string tic = std::to_string(multiple) + "e" + std::to_string(power);
      const double rate = std::stod(tic);
      if (rate < axis.least * (1 - 1e-9) || rate > axis.most * (1 + 1e-9)) {
        continue;
      }
      script += any ? ", " : "";
      any = true;
      if (multiple > 1) {
        script += "'' " + tic + " 1";
      } else if ((last - power) % step != 0) {
        script += "'' " + tic;
      } else {
        script += "'" + (power == 0 ? "1" : "10^{" + std::to_string(power) + "}") + "' " + tic;
      }
    }
  }
  script += ")\n";
  if (axis.has_zero) {
    const std::string at = shortest(std::sqrt(axis.zero() * axis.least));
    script += "set arrow from first " + at + ", graph 0 to first " + at +
              ", graph 1 nohead dashtype 3 linecolor '#808080'\n";
  }
  return script;
}

}  // namespace detail

/// The gnuplot commands that draw `plot`, its data inside; the same plot gives the same text.
///
/// - errors: throws `Error` without a rate above 0, for a rate outside [0, 1], and between 0 and
///           1e-300
[[nodiscard]] inline std::string gnuplot_script(const LinePlot& plot) {
  const detail::RateAxis axis(plot);
  std::vector<std::string> legend;
  std::vector<std::string> groups;
  for (const LineSeries& line : plot.series) {
    legend.push_back(line.name);
    groups.push_back(line.group.empty() ? "line " + std::to_string(groups.size()) : line.group);
  }
  std::string script = detail::plot_preamble(plot.frame, legend, 680, 480) +
                       detail::rate_tics(axis) + "set format y '%g'\nset yrange [" +
                       shortest(plot.y_low) + ":" + shortest(plot.y_high) + "]\n";
  const auto styles = detail::plot_styles(groups);
  const std::string opacity = plot.series.size() > 8 ? "0.10" : "0.17";
  std::vector<std::string> bands;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const std::string data = "$series" + std::to_string(i);
    const auto& points = plot.series[i].points;
    if (points.empty()) {
      continue;
    }
    script += data + " << END\n";
    std::string alone;  // points that a band has no width for
    for (std::size_t p = 0; p < points.size(); ++p) {
      const bool begins = p == 0 || points[p - 1].x == 0;
      if (begins && p > 0) {
        script += '\n';  // a blank line: no line is drawn from rate 0 across the break
      }
      const std::string point = shortest(axis.place(points[p].x)) + ' ' + shortest(points[p].y) +
                                ' ' + shortest(points[p].low) + ' ' + shortest(points[p].high) +
                                '\n';
      script += point;
      const bool ends = p + 1 == points.size() || points[p].x == 0;
      if (begins && ends && points[p].low != points[p].high) {
        alone += point;
      }
    }
    script += "END\n";
    const std::string color = detail::line_color(styles[i].color);
    if (!alone.empty()) {
      script += "$alone" + std::to_string(i) + " << END\n" + alone + "END\n";
      bands.push_back("$alone" + std::to_string(i) +
                      " using 1:2:3:4 with yerrorbars linewidth 1.3 pointtype 0" + color +
                      " notitle");
    }
    bands.push_back(data + " using 1:3:4 with filledcurves fillstyle transparent solid " + opacity +
                    " noborder" + color + " notitle");
    lines.push_back(data + " using 1:2 with linespoints linewidth 1.8 pointsize 0.6" + color +
                    " dashtype " + std::to_string(styles[i].dash) + " pointtype " +
                    std::to_string(styles[i].marker) + " title " +
                    gnuplot_string(plot.series[i].name));
  }
  bands.insert(bands.end(), lines.begin(), lines.end());
  return script + detail::plot_command(bands);
}

}  // namespace upset
