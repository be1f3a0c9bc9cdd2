// SPDX-License-Identifier: BSL-1.0
/// How figures look: colours, dashes, markers, fonts, frame and legend.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <upset/report/cell.hpp>
#include <upset/report/gnuplot.hpp>

namespace upset {

/// What every figure says around its data.
struct PlotFrame {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
};

namespace detail {

// Colours told apart by colour-blind readers (Okabe and Ito 2008, "Color universal design"); their
// yellow is left out, which white paper swallows.
inline constexpr std::array<std::string_view, 7> plot_colors{
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};
inline constexpr std::array<int, 4> plot_dashes{1, 2, 4, 3};
// gnuplot's point types: disc, square, triangle, diamond, triangle down, filled; then in outline.
inline constexpr std::array<int, 10> plot_markers{7, 5, 9, 13, 11, 6, 4, 8, 12, 10};

[[nodiscard]] inline std::string line_color(std::size_t index) {
  return " linecolor '" + std::string(plot_colors[index % plot_colors.size()]) + "'";
}

struct PlotStyle {
  std::size_t color;
  int dash;
  int marker;
};

/// A style for each series, by the name of its group: groups differ in colour, members of one in
/// dash and marker. No two are alike among 7 groups of 40 or 14 groups of 8.
[[nodiscard]] inline std::vector<PlotStyle> plot_styles(std::span<const std::string> group_names) {
  std::vector<std::string_view> groups;
  std::vector<std::size_t> members;
  std::vector<PlotStyle> styles;
  for (const std::string& name : group_names) {
    const auto found = std::ranges::find(groups, name);
    const auto group = static_cast<std::size_t>(found - groups.begin());
    if (found == groups.end()) {
      groups.push_back(name);
      members.push_back(0);
    }
    // Where colours come round again, so do dashes and markers one turn later.
    const std::size_t turn = group / plot_colors.size() + members[group]++;
    styles.push_back({group % plot_colors.size(), plot_dashes[turn % plot_dashes.size()],
                      plot_markers[(group + 5 * turn + turn / 4) % plot_markers.size()]});
  }
  return styles;
}

/// Terminal, fonts, frame, grid, and the legend to the right of the plot, where it hides no data.
/// The size, in points of 1/96 inch, is without the legend, which makes room for itself.
[[nodiscard]] inline std::string plot_preamble(const PlotFrame& frame,
                                               std::span<const std::string> legend,
                                               std::size_t width, std::size_t height) {
  const bool has_legend = legend.size() > 1;
  if (has_legend) {
    std::size_t longest = 0;
    for (const std::string& name : legend) {
      longest = std::max(longest, name.size());
    }
    width += 70 + 9 * longest;
    height = std::max(height, 190 + 21 * legend.size());  // or gnuplot makes a second column
  }
  const auto label = [](std::string_view what, const std::string& text) {
    return "set " + std::string(what) + " " + gnuplot_string(text) + " noenhanced";
  };
  return "set encoding utf8\nset terminal svg size " + std::to_string(width) + "," +
         std::to_string(height) +
         " enhanced font 'DejaVu Sans,14' rounded background '#ffffff'\n"
         // Not `set title`, which is centred on the plot without legend and labels and may be cut.
         "set tmargin 3\n" +
         label("label", frame.title) + " at screen 0.5, graph 1 center offset 0, 1.3 font ',16'\n" +
         label("xlabel", frame.x_label) + "\n" + label("ylabel", frame.y_label) +
         "\n"
         "set border 3 linecolor '#404040' linewidth 1\n"
         "set tics nomirror out textcolor '#000000'\n"
         "set style line 101 linecolor '#d8d8d8' linewidth 0.8\n"
         "set style line 102 linecolor '#eeeeee' linewidth 0.6\n"
         "set grid back linestyle 101, linestyle 102\n" +
         (has_legend ? "set key outside right top vertical maxcols 1 Left reverse noenhanced "
                       "samplen 3\n"
                     : "unset key\n");
}

[[nodiscard]] inline std::string plot_command(std::span<const std::string> parts) {
  std::string text = "plot ";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    text += (i == 0 ? "" : ", \\\n  ") + parts[i];
  }
  return text + "\n";
}

}  // namespace detail

}  // namespace upset
