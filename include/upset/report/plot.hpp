// SPDX-License-Identifier: BSL-1.0
/// Figures: accuracy against bit error rate, and box plots. Drawn by gnuplot as SVG.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/resilience.hpp>
#include <upset/metric/summary.hpp>
#include <upset/report/cell.hpp>
#include <upset/report/gnuplot.hpp>

namespace upset {

// -- what a figure holds

/// A point of a line with its band, in the units of the axes.
struct BandPoint {
  double x = 0;
  double y = 0;
  double low = 0;
  double high = 0;
};

/// A line of a plot. Series of one group (a format) share a colour and differ in dash and marker
/// (its protections); without a group, each has a colour of its own while colours last.
struct LineSeries {
  std::string name;
  std::string group{};
  std::vector<BandPoint> points{};
};

/// Lines with bands over a logarithmic axis of bit error rates.
///
/// A rate of 0, which no logarithm has, is drawn apart at the left edge, under a tic of its own.
struct LinePlot {
  std::string title{};
  std::vector<LineSeries> series{};
  std::string x_label = "bit error rate";
  std::string y_label = "accuracy (%)";
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

/// One box: where it stands on the axis of categories, and what it shows.
struct Box {
  std::string category;
  Summary summary;
};

/// Boxes of one colour.
struct BoxSeries {
  std::string name;
  std::vector<Box> boxes{};
};

/// Boxes side by side in categories (rates, formats), in the order in which categories first come.
struct BoxPlot {
  std::string title{};
  std::vector<BoxSeries> series{};
  std::string x_label = "bit error rate";
  std::string y_label = "accuracy (%)";
  double y_low = 0;
  double y_high = 100;
};

/// A box of the accuracies of a point, in percent, in the category of its rate.
[[nodiscard]] inline Box accuracy_box(const CurvePoint& point) {
  std::vector<double> percent;
  for (const double accuracy : point.accuracies) {
    percent.push_back(100 * accuracy);
  }
  return {rate_text(point.ber), summarise(percent)};
}

namespace detail {

// -- how a figure looks

struct PlotStyle {
  std::string_view color;
  int dash;
  int marker;
};

// Colours told apart by colour-blind readers (Okabe and Ito 2008, "Color universal design"); its
// yellow is left out, which white paper swallows.
inline constexpr std::array<std::string_view, 7> plot_colors{
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};
inline constexpr std::array<int, 4> plot_dashes{1, 2, 4, 3};
// gnuplot's point types: filled disc, square, triangle, diamond, triangle down, then outlines.
inline constexpr std::array<int, 10> plot_markers{7, 5, 9, 13, 11, 6, 4, 8, 12, 10};

/// A style for each series: unlike all others while (colour, dash, marker) last.
[[nodiscard]] inline std::vector<PlotStyle> line_styles(std::span<const LineSeries> series) {
  std::vector<std::string> groups;
  std::vector<std::size_t> members;
  std::vector<PlotStyle> styles;
  for (const LineSeries& line : series) {
    // A series without a group is a group of its own, under a name no group has.
    const std::string key =
        line.group.empty() ? std::string(1, '\0') + std::to_string(styles.size()) : line.group;
    const auto found = std::ranges::find(groups, key);
    const auto group = static_cast<std::size_t>(found - groups.begin());
    if (found == groups.end()) {
      groups.push_back(key);
      members.push_back(0);
    }
    const std::size_t turn = group / plot_colors.size() + members[group]++;
    styles.push_back({plot_colors[group % plot_colors.size()],
                      plot_dashes[turn % plot_dashes.size()],
                      plot_markers[(group + 5 * turn) % plot_markers.size()]});
  }
  return styles;
}

inline constexpr std::size_t most_inside = 6;  ///< series whose legend fits inside the plot

/// Terminal, fonts, frame, grid and legend, the same for all figures.
[[nodiscard]] inline std::string plot_preamble(std::string_view title, std::string_view y_label,
                                               double y_low, double y_high,
                                               std::span<const std::string> legend,
                                               std::string_view inside) {
  std::size_t longest = 0;
  for (const std::string& name : legend) {
    longest = std::max(longest, name.size());
  }
  const bool outside = legend.size() > most_inside;
  const std::size_t width = 720 + (outside ? 60 + 8 * longest : 0);
  const std::size_t height = std::max<std::size_t>(460, 100 + 18 * (outside ? legend.size() : 0));
  std::string script = "set encoding utf8\nset terminal svg size " + std::to_string(width) + "," +
                       std::to_string(height) +
                       " enhanced font 'DejaVu Sans,13' rounded background '#ffffff'\n";
  script += "set title " + gnuplot_string(std::string(title)) + " noenhanced font ',15'\n";
  script += "set ylabel " + gnuplot_string(std::string(y_label)) + " noenhanced\n";
  script += "set yrange [" + shortest(y_low) + ":" + shortest(y_high) + "]\n";
  script +=
      "set border 3 linecolor '#404040' linewidth 1\n"
      "set tics nomirror out textcolor '#000000'\n"
      "set style line 101 linecolor '#d8d8d8' linewidth 0.8\n"
      "set style line 102 linecolor '#efefef' linewidth 0.6\n"
      "set grid back linestyle 101, linestyle 102\n";
  script += legend.size() < 2 ? "unset key\n"
            : outside
                ? "set key outside right top vertical Left reverse noenhanced samplen 3\n"
                : "set key " + std::string(inside) + " Left reverse noenhanced samplen 3 opaque\n";
  return script;
}

/// Where on a logarithmic axis the figure begins and ends, and where it puts the rate 0.
struct RateAxis {
  double low = 0;
  double high = 0;
  double zero = 0;      ///< 0 where no point has rate 0
  double break_at = 0;  ///< between 0 and the rates
};

[[nodiscard]] inline RateAxis rate_axis(const LinePlot& plot) {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  bool has_zero = false;
  for (const LineSeries& line : plot.series) {
    for (const BandPoint& point : line.points) {
      if (!(point.x >= 0 && point.x <= 1) || !std::isfinite(point.y)) {
        throw Error("Line '" + line.name + "' of plot '" + plot.title +
                    "' has a point that is not finite or whose bit error rate lies outside [0, 1]");
      }
      has_zero = has_zero || point.x == 0;
      if (point.x > 0) {
        least = std::min(least, point.x);
        most = std::max(most, point.x);
      }
    }
  }
  if (most == 0) {
    throw Error("Plot '" + plot.title + "' has no point with a bit error rate above 0");
  }
  if (most / least < 10) {  // an axis of less than a decade might have no tic
    least = std::pow(10, std::floor(std::log10(least)));
    most = std::pow(10, std::ceil(std::log10(most)));
    most = most > least ? most : 10 * least;
  }
  const double decades = std::log10(most / least);
  const double margin = std::pow(10, 0.02 * decades);
  RateAxis axis{least / margin, most * margin, 0, 0};
  if (has_zero) {
    axis.zero = least / std::pow(10, std::max(0.3, 0.08 * decades));
    axis.break_at = std::sqrt(axis.zero * least);
    axis.low = axis.zero / margin;
  }
  return axis;
}

[[nodiscard]] inline std::string joined(std::span<const std::string> parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : ", \\\n  ") + part;
  }
  return text;
}

}  // namespace detail

/// The gnuplot commands that draw `plot`, its data inside; the same plot gives the same text.
///
/// - errors: throws `Error` without a rate above 0, or for a rate outside [0, 1]
[[nodiscard]] inline std::string gnuplot_script(const LinePlot& plot) {
  const detail::RateAxis axis = detail::rate_axis(plot);
  std::vector<std::string> legend;
  for (const LineSeries& line : plot.series) {
    legend.push_back(line.name);
  }
  std::string script = detail::plot_preamble(plot.title, plot.y_label, plot.y_low, plot.y_high,
                                             legend, "bottom left");
  script += "set xlabel " + gnuplot_string(plot.x_label) + " noenhanced\n";
  script += "set logscale x\nset format x '10^{%T}'\nset mxtics 10\nset xtics 10\nset xrange [" +
            shortest(axis.low) + ":" + shortest(axis.high) + "]\n";
  if (axis.zero > 0) {
    script += "set xtics add ('0' " + shortest(axis.zero) + ")\n";
    script += "set arrow from first " + shortest(axis.break_at) + ", graph 0 to first " +
              shortest(axis.break_at) + ", graph 1 nohead dashtype 3 linecolor '#808080'\n";
  }
  const auto styles = detail::line_styles(plot.series);
  std::vector<std::string> bands;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const std::string data = "$series" + std::to_string(i);
    script += data + " << END\n";
    bool pending_break = false;
    for (const BandPoint& point : plot.series[i].points) {
      if (point.x > 0 && pending_break) {
        script += '\n';  // a blank line: gnuplot draws no line from rate 0 across the break
      }
      pending_break = point.x == 0;
      script += shortest(point.x == 0 ? axis.zero : point.x) + ' ' + shortest(point.y) + ' ' +
                shortest(point.low) + ' ' + shortest(point.high) + '\n';
    }
    script += "END\n";
    const std::string color = " linecolor '" + std::string(styles[i].color) + "'";
    bands.push_back(data +
                    " using 1:3:4 with filledcurves fillstyle transparent solid 0.15 "
                    "noborder" +
                    color + " notitle");
    lines.push_back(data + " using 1:2 with linespoints linewidth 1.8 pointsize 0.6" + color +
                    " dashtype " + std::to_string(styles[i].dash) + " pointtype " +
                    std::to_string(styles[i].marker) + " title " +
                    gnuplot_string(plot.series[i].name));
  }
  bands.insert(bands.end(), lines.begin(), lines.end());
  return script + "plot " + detail::joined(bands) + "\n";
}

/// The gnuplot commands that draw `plot`: boxes from quartile to quartile, a line at the median,
/// whiskers and outliers as `Summary` has them.
///
/// - errors: throws `Error` when there is no box
[[nodiscard]] inline std::string gnuplot_script(const BoxPlot& plot) {
  std::vector<std::string> legend;
  std::vector<std::string> categories;
  std::size_t longest = 0;
  for (const BoxSeries& series : plot.series) {
    legend.push_back(series.name);
    for (const Box& box : series.boxes) {
      if (std::ranges::find(categories, box.category) == categories.end()) {
        categories.push_back(box.category);
        longest = std::max(longest, box.category.size());
      }
    }
  }
  if (categories.empty()) {
    throw Error("Plot '" + plot.title + "' has no box");
  }
  std::string script = detail::plot_preamble(plot.title, plot.y_label, plot.y_low, plot.y_high,
                                             legend, "bottom left");
  script += "set xlabel " + gnuplot_string(plot.x_label) + " noenhanced\n";
  script += "set xrange [0.4:" + shortest(static_cast<double>(categories.size()) + 0.6) + "]\n";
  script += "set grid noxtics\nset xtics noenhanced";
  if (longest * categories.size() > 70) {
    script += " rotate by -35 left";
  }
  script += " ()\n";
  for (std::size_t c = 0; c < categories.size(); ++c) {
    script +=
        "set xtics add (" + gnuplot_string(categories[c]) + " " + std::to_string(c + 1) + ")\n";
  }
  const double count = static_cast<double>(plot.series.size());
  const double width = 0.8 / count;
  const std::string box_width = shortest(0.8 * width);
  std::vector<std::string> drawn;
  for (std::size_t s = 0; s < plot.series.size(); ++s) {
    const std::string number = std::to_string(s);
    std::string boxes = "$boxes" + number + " << END\n";
    std::string outliers = "$outliers" + number + " << END\n";
    bool has_outliers = false;
    for (const Box& box : plot.series[s].boxes) {
      const auto category =
          static_cast<double>(std::ranges::find(categories, box.category) - categories.begin());
      const double x = category + 1 + (static_cast<double>(s) - (count - 1) / 2) * width;
      const Summary& sum = box.summary;
      boxes += shortest(x);
      for (const double y : {sum.lower_whisker, sum.lower_quartile, sum.median, sum.upper_quartile,
                             sum.upper_whisker}) {
        boxes += ' ' + shortest(y);
      }
      boxes += '\n';
      for (const double y : sum.outliers) {
        outliers += shortest(x) + ' ' + shortest(y) + '\n';
        has_outliers = true;
      }
    }
    script += boxes + "END\n" + (has_outliers ? outliers + "END\n" : "");
    const std::string color =
        " linecolor '" + std::string(detail::plot_colors[s % detail::plot_colors.size()]) + "'";
    drawn.push_back(
        "$boxes" + number + " using 1:3:2:6:5:(" + box_width +
        ") with candlesticks whiskerbars 0.5 fillstyle solid 0.25 border linewidth 1.3" + color +
        " title " + gnuplot_string(plot.series[s].name));
    drawn.push_back("$boxes" + number + " using 1:4:4:4:4:(" + box_width +
                    ") with candlesticks linewidth 2.4" + color + " notitle");
    if (has_outliers) {
      drawn.push_back("$outliers" + number + " using 1:2 with points pointtype 6 pointsize 0.5" +
                      color + " notitle");
    }
  }
  return script + "plot " + detail::joined(drawn) + "\n";
}

/// A figure as an SVG document. Throws as `gnuplot_script` and `run_gnuplot`.
template <class Plot>
[[nodiscard]] std::string render_svg(const Plot& plot) {
  return run_gnuplot(gnuplot_script(plot));
}

}  // namespace upset
