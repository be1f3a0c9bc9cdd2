// SPDX-License-Identifier: BSL-1.0
/// Bar plots: one value with its interval per name, names down the side.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/report/plot_style.hpp>

namespace upset {

/// A bar from 0 to `value`, in the units of the axis; no whisker where `low` equals `high`.
struct Bar {
  std::string name{};
  double value = 0;
  double low = 0;
  double high = 0;
};

/// Bars lying one below the other, the first on top. `frame.y_label` names the values, as in a
/// `BoxPlot`.
struct BarPlot {
  PlotFrame frame{"", "", "critical share of fault-images (%)"};
  std::vector<Bar> bars{};
};

/// The gnuplot commands that draw `plot`; the same plot gives the same text.
///
/// - errors: throws `Error` without bars, or when one is negative or not finite
[[nodiscard]] inline std::string gnuplot_script(const BarPlot& plot) {
  if (plot.bars.empty()) {
    throw Error("Plot '" + plot.frame.title + "' has no bar");
  }
  std::size_t longest = 0;
  double most = 0;
  std::string tics;
  std::string bars;      // x y x_low x_high y_low y_high
  std::string whiskers;  // x y dx dy
  for (std::size_t i = 0; i < plot.bars.size(); ++i) {
    const Bar& bar = plot.bars[i];
    if (!(bar.value >= 0 && bar.low >= 0) || !std::isfinite(bar.value + bar.low + bar.high)) {
      throw Error("Bar '" + bar.name + "' of plot '" + plot.frame.title +
                  "' is negative or not finite");
    }
    longest = std::max(longest, bar.name.size());
    most = std::max({most, bar.value, bar.high});
    const std::string at = std::to_string(i);
    const auto y = [&](double offset) { return shortest(static_cast<double>(i) + offset); };
    tics += (i == 0 ? "" : ", ") + gnuplot_tic(bar.name) + " " + at;
    bars += "0 " + at + " 0 " + shortest(bar.value) + ' ' + y(-0.375) + ' ' + y(0.375) + '\n';
    if (bar.low != bar.high) {
      whiskers += shortest(bar.low) + ' ' + at + ' ' + shortest(bar.high - bar.low) + " 0\n";
      for (const double end : {bar.low, bar.high}) {
        whiskers += shortest(end) + ' ' + y(-0.1875) + " 0 0.375\n";
      }
    }
  }
  const std::size_t rows = plot.bars.size();
  std::vector<std::string> drawn{
      "$bars using 1:2:3:4:5:6 with boxxyerror fillstyle solid 0.35 border linewidth 1" +
      detail::line_color(0) + " notitle"};
  std::string script =
      detail::plot_preamble({plot.frame.title, plot.frame.y_label, ""}, {}, 560 + 8 * longest,
                            std::max<std::size_t>(220, 120 + 22 * rows)) +
      "set yrange [" + std::to_string(rows - 1) +
      ".6:-0.6]\nset xrange [0:" + (most > 0 ? shortest(1.03 * most) : "1") +
      "]\nset format x '%g'\nset grid noytics\n" + "set ytics noenhanced scale 0 font ',12' (" +
      tics + ")\n$bars << END\n" + bars + "END\n";
  if (!whiskers.empty()) {
    script += "$whiskers << END\n" + whiskers + "END\n";
    drawn.push_back(
        "$whiskers using 1:2:3:4 with vectors nohead linewidth 1.3 linecolor '#000000' "
        "notitle");
  }
  return script + detail::plot_command(drawn);
}

}  // namespace upset
