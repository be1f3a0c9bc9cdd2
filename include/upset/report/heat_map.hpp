// SPDX-License-Identifier: BSL-1.0
/// Heat maps: a share for every layer and bit position, as colours.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/report/plot_style.hpp>

namespace upset {

/// A grid of values of 0 and above: rows from the top down, columns from left to right.
///
/// 0 is white, outside the scale of colours, which begins at the least value above it; a cell
/// without data is hatched. Where there are few, cells say their values.
struct HeatMap {
  PlotFrame frame{"", "bit position", ""};
  std::string value_label = "critical share of fault-images";  ///< beside the colour bar
  std::vector<std::string> rows{};
  std::vector<std::string> columns{};
  std::vector<double> cells{};  ///< row by row; NaN: no data
  bool logarithmic = true;      ///< colours go by the decades of the values, else by the values
};

namespace detail {

// Viridis, light to dark: its lightness alone tells values apart, in grey and to colour-blind
// readers (Smith and van der Walt 2015, matplotlib).
inline constexpr std::array<std::string_view, 9> heat_colors{"#fde725", "#addc30", "#5ec962",
                                                             "#28ae80", "#21918c", "#2c728e",
                                                             "#3b528b", "#472d7b", "#440154"};

/// The ends of the colours, and what lies outside them.
struct HeatScale {
  double least = 0;
  double most = 0;
  bool has_zero = false;
  bool has_missing = false;

  explicit HeatScale(const HeatMap& map) {
    if (map.cells.empty() || map.cells.size() != map.rows.size() * map.columns.size()) {
      throw Error("Heat map '" + map.frame.title + "' has " + std::to_string(map.cells.size()) +
                  " cells for " + std::to_string(map.rows.size()) + " rows of " +
                  std::to_string(map.columns.size()) + "; give one for each row and column");
    }
    for (const double cell : map.cells) {
      if (cell < 0 || std::isinf(cell)) {
        throw Error("Heat map '" + map.frame.title + "' has a cell of " + shortest(cell) +
                    "; values are 0 and above, and NaN where there is no data");
      }
      has_zero = has_zero || cell == 0;
      has_missing = has_missing || std::isnan(cell);
      if (cell > 0) {
        least = least == 0 ? cell : std::min(least, cell);
        most = std::max(most, cell);
      }
    }
    if (map.logarithmic && most > 0) {  // whole decades, for the tics of the colour bar
      least = std::pow(10, std::floor(std::log10(least) + 1e-9));
      most = std::max(10 * least, std::pow(10, std::ceil(std::log10(most) - 1e-9)));
    } else {
      least = 0;
    }
  }

  /// From 0 at the light end of the colours to 1 at the dark one.
  [[nodiscard]] double place(double value) const {
    return least > 0 ? std::log10(value / least) / std::log10(most / least) : value / most;
  }
};

/// Where things are, in points of 1/96 inch from the lower left corner; gnuplot places everything
/// else around the grid, so that cells are as large as their text needs.
struct HeatLayout {
  bool says_values;
  bool names_stand = false;  ///< names of columns are written upwards
  std::size_t left = 0;
  std::size_t bottom = 60;
  std::size_t cell_width = 0;
  std::size_t grid_width = 0;
  std::size_t grid_height = 0;
  std::size_t width = 0;
  std::size_t height = 0;

  explicit HeatLayout(const HeatMap& map)
      : says_values(map.columns.size() <= 12 && map.cells.size() <= 200) {
    const auto longest = [](const std::vector<std::string>& names) {
      return std::ranges::max_element(names, {}, &std::string::size)->size();
    };
    const std::size_t name = longest(map.columns);
    cell_width = std::clamp<std::size_t>(680 / map.columns.size(), says_values ? 52 : 17, 110);
    names_stand = 9 * name > cell_width + 4;
    bottom += names_stand ? 9 * name - 14 : 0;
    left = 24 + 8 * longest(map.rows) + (map.frame.y_label.empty() ? 0 : 22);
    grid_width = cell_width * map.columns.size();
    grid_height = std::max<std::size_t>(22 * map.rows.size(), 250);  // the colour bar needs it
    width = left + grid_width + 130;
    height = bottom + grid_height + 48;
  }

  [[nodiscard]] std::string x(std::size_t points) const {
    return with_decimals(static_cast<double>(points) / static_cast<double>(width), 5);
  }
  [[nodiscard]] std::string y(std::size_t points) const {
    return with_decimals(static_cast<double>(points) / static_cast<double>(height), 5);
  }
};

// Cells outside the scale, drawn alike in the grid and in the legend.
inline constexpr std::string_view zero_fill =
    "fillcolor '#ffffff' fillstyle solid 1.0 border linecolor '#c8c8c8'";
inline constexpr std::string_view missing_fill =
    "fillcolor '#808080' fillstyle pattern 4 border linecolor '#c8c8c8'";

// Tics are listed one by one: of a single decade gnuplot labels one end.
[[nodiscard]] inline std::string decade_tics(const HeatScale& scale) {
  const auto first = static_cast<int>(std::lround(std::log10(scale.least)));
  const auto last = static_cast<int>(std::lround(std::log10(scale.most)));
  const int step = (last - first) / 11 + 1;  // ten or so, whatever the range
  std::string tics;
  for (int power = last; power >= first; power -= step) {
    const std::string text = std::to_string(power);
    tics += (power == last ? "'10^{" : ", '10^{") + text + "}' 1e" + text;
  }
  return "set logscale cb\nset cbtics (" + tics + ")\n";
}

/// The colour bar, and below it what cells outside the scale mean.
[[nodiscard]] inline std::string heat_legend(const HeatMap& map, const HeatScale& scale,
                                             const HeatLayout& at) {
  const std::size_t x = at.left + at.grid_width + 20;
  std::size_t y = at.bottom;
  std::string script;
  const auto sample = [&](std::string_view fill, const std::string& meaning) {
    script += "set object rectangle from screen " + at.x(x) + ", screen " + at.y(y) +
              " to screen " + at.x(x + 16) + ", screen " + at.y(y + 16) + " " + std::string(fill) +
              "\nset label '" + meaning + "' at screen " + at.x(x + 22) + ", screen " +
              at.y(y + 8) + " left font ',12'\n";
    y += 24;
  };
  if (scale.has_missing) {
    sample(missing_fill, "no data");
  }
  if (scale.has_zero) {
    sample(zero_fill, "0");
  }
  if (scale.most == 0) {
    return script + "unset colorbox\n";
  }
  script += "set palette defined (";
  for (std::size_t i = 0; i < heat_colors.size(); ++i) {
    script += (i == 0 ? "" : ", ") + std::to_string(i) + " '" + std::string(heat_colors[i]) + "'";
  }
  script += ")\nset cbrange [" + shortest(scale.least) + ":" + shortest(scale.most) + "]\n" +
            (map.logarithmic ? decade_tics(scale) : "set format cb '%g'\n") +
            "set colorbox user origin screen " + at.x(x) + ", " + at.y(y + 4) + " size " +
            at.x(16) + ", " + at.y(at.bottom + at.grid_height - y - 4) + "\nset cblabel " +
            gnuplot_string(map.value_label) + " noenhanced\n";
  return script;
}

[[nodiscard]] inline std::string name_tics(const char* axis, const std::vector<std::string>& names,
                                           bool standing) {
  std::string script = std::string("set ") + axis + "tics " +
                       (standing ? "rotate by 90 right " : "") + "noenhanced scale 0 font ',12' (";
  for (std::size_t i = 0; i < names.size(); ++i) {
    script += (i == 0 ? "" : ", ") + gnuplot_tic(names[i]) + " " + std::to_string(i);
  }
  return script + ")\nset " + axis + "range [";
}

}  // namespace detail

/// The gnuplot commands that draw `map`; the same map gives the same text.
///
/// - errors: throws `Error` unless there is a cell for every row and column, none negative or
///           infinite
[[nodiscard]] inline std::string gnuplot_script(const HeatMap& map) {
  const detail::HeatScale scale(map);
  const detail::HeatLayout at(map);
  const std::string right = std::to_string(map.columns.size() - 1) + ".5";
  const std::string below = std::to_string(map.rows.size() - 1) + ".5";
  std::string script = detail::plot_preamble(map.frame, {}, at.width, at.height) +
                       "unset grid\nunset border\nset lmargin at screen " + at.x(at.left) +
                       "\nset rmargin at screen " + at.x(at.left + at.grid_width) +
                       "\nset bmargin at screen " + at.y(at.bottom) + "\nset tmargin at screen " +
                       at.y(at.bottom + at.grid_height) + "\n" +
                       detail::name_tics("x", map.columns, at.names_stand) + "-0.5:" + right +
                       "]\n" + detail::name_tics("y", map.rows, false) + below + ":-0.5]\n" +
                       detail::heat_legend(map, scale, at);
  struct Layer {
    std::string name, data, drawing;
  };
  std::array<Layer, 5> layers{
      {{"$missing", "", "boxxyerror " + std::string(detail::missing_fill)},
       {"$zero", "", "boxxyerror " + std::string(detail::zero_fill)},
       {"$values", "",
        "boxxyerror fillcolor palette fillstyle solid 1.0 border linecolor '#c8c8c8'"},
       {"$on_light", "", "labels font ',12' textcolor '#000000'"},
       {"$on_dark", "", "labels font ',12' textcolor '#ffffff'"}}};
  for (std::size_t i = 0; i < map.cells.size(); ++i) {
    const double value = map.cells[i];
    const std::string place =
        std::to_string(i % map.columns.size()) + ' ' + std::to_string(i / map.columns.size()) + ' ';
    const std::size_t kind = std::isnan(value) ? 0U : value == 0 ? 1U : 2U;
    layers[kind].data += place + "0.5 0.5" + (kind == 2 ? ' ' + shortest(value) : "") + '\n';
    if (at.says_values && kind > 0) {
      const bool dark = kind == 2 && scale.place(value) > 0.45;
      layers[dark ? 4 : 3].data +=
          place + (value >= 0.01 ? with_decimals(value, 2) : rate_text(value, 2)) + '\n';
    }
  }
  std::vector<std::string> drawn;
  for (const Layer& layer : layers) {
    if (!layer.data.empty()) {
      script += layer.name + " << END\n" + layer.data + "END\n";
      drawn.push_back(
          layer.name + " using 1:2:3" + (layer.drawing.starts_with("labels") ? "" : ":4") +
          (layer.name == "$values" ? ":5" : "") + " with " + layer.drawing + " notitle");
    }
  }
  return script + detail::plot_command(drawn);
}

}  // namespace upset
