// SPDX-License-Identifier: BSL-1.0
/// Box plots: accuracies of all trials, per bit error rate or per format.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/metric/resilience.hpp>
#include <upset/metric/summary.hpp>
#include <upset/report/cell.hpp>
#include <upset/report/plot_style.hpp>

namespace upset {

/// One box: where it stands on the axis of categories, and what it shows.
struct Box {
  std::string category{};
  Summary summary{};
};

/// Boxes of one colour.
struct BoxSeries {
  std::string name{};
  std::vector<Box> boxes{};
};

/// Boxes side by side in categories (rates, formats), in the order in which categories first come.
///
/// Short category names stand below the plot; long ones to its left, with the boxes lying down.
/// `frame.x_label` names the categories and `frame.y_label` the values, either way; names down the
/// side go without.
struct BoxPlot {
  PlotFrame frame{"", "bit error rate", "accuracy (%)"};
  std::vector<BoxSeries> series{};
  double low = 0;
  double high = 100;
};

/// A box a point of its accuracies in percent, in the category of its rate: in three digits, or in
/// as many more as no two rates of the curve are alike in.
[[nodiscard]] inline std::vector<Box> accuracy_boxes(std::span<const CurvePoint> curve) {
  const std::vector<std::string> names = rate_texts(curve, &CurvePoint::ber);
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    std::vector<double> percent;
    for (const double accuracy : curve[i].accuracies) {
      percent.push_back(100 * accuracy);
    }
    boxes.push_back({names[i], summarise(percent)});
  }
  return boxes;
}

namespace detail {

// Data of one series, in the coordinates of the page: boxes lie down where `lying` is set.
struct BoxDrawing {
  bool lying;
  std::string boxes{};     // x y x_low x_high y_low y_high
  std::string segments{};  // x y dx dy, thin: whiskers and their caps
  std::string medians{};   // x y dx dy, thick
  std::string outliers{};  // x y

  [[nodiscard]] std::string pair(double position, double value) const {
    return lying ? shortest(value) + ' ' + shortest(position)
                 : shortest(position) + ' ' + shortest(value);
  }
  void add(double position, double width, const Summary& sum) {
    const double left = position - width / 2;
    const auto across = [&](double value, double share) {
      return pair(position - share * width / 2, value) + ' ' + pair(share * width, 0) + '\n';
    };
    boxes += pair(position, sum.median) + ' ';
    boxes += lying ? shortest(sum.lower_quartile) + ' ' + shortest(sum.upper_quartile) + ' ' +
                         shortest(left) + ' ' + shortest(left + width)
                   : shortest(left) + ' ' + shortest(left + width) + ' ' +
                         shortest(sum.lower_quartile) + ' ' + shortest(sum.upper_quartile);
    boxes += '\n';
    segments += pair(position, sum.lower_whisker) + ' ' +
                pair(0, sum.lower_quartile - sum.lower_whisker) + '\n' +
                pair(position, sum.upper_quartile) + ' ' +
                pair(0, sum.upper_whisker - sum.upper_quartile) + '\n' +
                across(sum.lower_whisker, 0.5) + across(sum.upper_whisker, 0.5);
    medians += across(sum.median, 1);
    for (const double value : sum.outliers) {
      outliers += pair(position, value) + '\n';
    }
  }
};

}  // namespace detail

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
    throw Error("Plot '" + plot.frame.title + "' has no box");
  }

  const bool lying = longest > 10;
  const std::string category_axis = lying ? "y" : "x";
  const std::string value_axis = lying ? "x" : "y";
  std::string script;
  if (lying) {
    // The names down the side say what they are, and need its room.
    const std::size_t rows = categories.size() * plot.series.size();
    script = detail::plot_preamble({plot.frame.title, plot.frame.y_label, ""}, legend,
                                   560 + 8 * longest, std::max<std::size_t>(300, 130 + 24 * rows));
  } else {
    script = detail::plot_preamble(plot.frame, legend, 680, 480);
  }
  const std::string first = "0.4";
  const std::string last = shortest(static_cast<double>(categories.size()) + 0.6);
  script += "set " + category_axis + "range [" + (lying ? last + ":" + first : first + ":" + last) +
            "]\n";  // read from the top down
  script +=
      "set " + value_axis + "range [" + shortest(plot.low) + ":" + shortest(plot.high) + "]\n";
  script += "set format " + value_axis + " '%g'\nset grid no" + category_axis + "tics\n";
  script += "set " + category_axis + "tics noenhanced scale 0";
  if (!lying && longest * categories.size() > 70) {
    script += " rotate by -40 left";
  }
  script += " (";
  for (std::size_t c = 0; c < categories.size(); ++c) {
    script += (c == 0 ? "" : ", ") + gnuplot_tic(categories[c]) + " " + std::to_string(c + 1);
  }
  script += ")\n";

  const double count = static_cast<double>(plot.series.size());
  const double pitch = 0.8 / count;
  std::vector<std::string> drawn;
  for (std::size_t s = 0; s < plot.series.size(); ++s) {
    if (plot.series[s].boxes.empty()) {
      continue;
    }
    detail::BoxDrawing drawing{lying};
    for (const Box& box : plot.series[s].boxes) {
      const auto category =
          static_cast<double>(std::ranges::find(categories, box.category) - categories.begin());
      drawing.add(category + 1 + (static_cast<double>(s) - (count - 1) / 2) * pitch, 0.75 * pitch,
                  box.summary);
    }
    const auto block = [&](const std::string& name, const std::string& lines) {
      script += "$" + name + std::to_string(s) + " << END\n" + lines + "END\n";
      return "$" + name + std::to_string(s);
    };
    const std::string color = detail::line_color(s);
    drawn.push_back(block("boxes", drawing.boxes) +
                    " using 1:2:3:4:5:6 with boxxyerror fillstyle solid 0.25 border linewidth 1.3" +
                    color + " title " + gnuplot_string(plot.series[s].name));
    drawn.push_back(block("whiskers", drawing.segments) +
                    " using 1:2:3:4 with vectors nohead linewidth 1.3" + color + " notitle");
    drawn.push_back(block("medians", drawing.medians) +
                    " using 1:2:3:4 with vectors nohead linewidth 2.6" + color + " notitle");
    if (!drawing.outliers.empty()) {
      drawn.push_back(block("outliers", drawing.outliers) +
                      " using 1:2 with points pointtype 6 pointsize 0.5" + color + " notitle");
    }
  }
  return script + detail::plot_command(drawn);
}

}  // namespace upset
