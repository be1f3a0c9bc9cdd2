// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/text.hpp"
#include <doctest/doctest.h>
#include <report/xml.hpp>

#include <upset/report/heat_map.hpp>

using upset::HeatMap;
using upset::test::count;
using upset::test::has;
using upset_test::Document;

namespace {

const double missing = std::nan("");

HeatMap map(std::vector<double> cells) {
  HeatMap result;
  result.frame.title = "M";
  result.rows = {"conv1", "linear"};
  result.columns = {"31", "30"};
  result.cells = std::move(cells);
  return result;
}

std::string data_block(const std::string& script, const std::string& name) {
  const std::string head = "$" + name + " << END\n";
  const std::size_t begin = script.find(head);
  return begin == std::string::npos
             ? ""
             : script.substr(begin + head.size(),
                             script.find("END\n", begin + head.size()) - begin - head.size());
}

}  // namespace

TEST_CASE("HeatMap: values, zeros and cells without data are drawn apart") {
  const std::string script = gnuplot_script(map({0.25, 0, missing, 0.5}));
  CHECK(data_block(script, "values") == "0 0 0.5 0.5 0.25\n1 1 0.5 0.5 0.5\n");
  CHECK(data_block(script, "zero") == "1 0 0.5 0.5\n");
  CHECK(data_block(script, "missing") == "0 1 0.5 0.5\n");
  CHECK(has(script, "set label 'no data'"));
  CHECK(has(script, "set label '0'"));
  CHECK(has(script, "set yrange [1.5:-0.5]"));  // the first row on top
  CHECK(has(script, "('31' 0, '30' 1)"));
  const std::string full = gnuplot_script(map({0.25, 0.1, 0.2, 0.5}));
  CHECK_FALSE(has(full, "set label 'no data'"));
  CHECK_FALSE(has(full, "$zero"));
}

TEST_CASE("HeatMap: colours go by whole decades of the values above 0, or by the values") {
  CHECK(has(gnuplot_script(map({0.25, 0, missing, 3e-4})), "set cbrange [1e-04:1]"));
  CHECK(has(gnuplot_script(map({0.1, 0.01, 0.1, 0.1})), "set cbrange [0.01:0.1]"));
  CHECK(has(gnuplot_script(map({0.1, 0.1, 0.1, 0.1})), "set cbrange [0.1:1]"));  // one decade
  HeatMap linear = map({0.25, 0, missing, 3e-4});
  linear.logarithmic = false;
  CHECK(has(gnuplot_script(linear), "set cbrange [0:0.25]"));
  CHECK_FALSE(has(gnuplot_script(linear), "logscale"));
  CHECK(has(gnuplot_script(map({0, 0, missing, 0})), "unset colorbox"));
}

TEST_CASE("HeatMap: few cells say their values, white on dark") {
  const std::string script = gnuplot_script(map({0.456, 0, 1.23e-4, missing}));
  CHECK(data_block(script, "on_dark") == "0 0 0.46\n");
  CHECK(data_block(script, "on_light") == "1 0 0\n0 1 1.2e-4\n");
  HeatMap wide = map({});
  wide.columns.assign(32, "b");
  wide.cells.assign(64, 0.1);
  CHECK_FALSE(has(gnuplot_script(wide), "$on_"));
}

TEST_CASE("HeatMap: drawn, it is well formed, and names of any spelling are as they are") {
  HeatMap plot = map({0.25, 0, missing, 3e-4});
  plot.frame.title = "Mono<8> & 'quotes'_x";
  plot.rows[1] = "layer2.0.conv1_{x}";
  plot.columns[1] = "a name as long as this stands";
  const std::string svg = render_svg(plot);
  CHECK(Document(svg).error == "");
  CHECK(has(svg, "Mono&lt;8> &amp; 'quotes'_x"));
  CHECK(has(svg, "layer2.0.conv1_{x}"));
  CHECK(has(svg, "critical share of fault-images"));
  CHECK(has(svg, "rotate(-90"));
  CHECK(count(svg, "url(#gpPat") == 2);  // one cell without data, and the legend's
  CHECK(Document(render_svg(map({0, 0, missing, 0}))).error == "");
}

TEST_CASE("HeatMap: names with a % are drawn, and both ends of one decade are labelled") {
  HeatMap plot = map({0.25, 0.5, 0.2, 1});
  plot.rows = {"%g", "100%"};
  plot.columns = {"a%%b", "5 % x"};
  const std::string svg = render_svg(plot);
  CHECK(Document(svg).error == "");
  for (const char* text : {">%g<", ">100%<", ">a%%b<", ">5 % x<"}) {
    CAPTURE(text);
    CHECK(has(svg, text));
  }
  for (const char* power : {"-1", "0"}) {
    CAPTURE(std::string(power));
    CHECK(has(svg, std::string(">") + power + "</tspan>"));
  }
}

TEST_CASE("HeatMap: what cannot be drawn is refused with the map") {
  CHECK_THROWS_WITH_AS(static_cast<void>(gnuplot_script(map({1, 2, 3}))),
                       "Heat map 'M' has 3 cells for 2 rows of 2; give one for each row and column",
                       upset::Error);
  CHECK_THROWS_AS(static_cast<void>(gnuplot_script(HeatMap{})), upset::Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(gnuplot_script(map({0, -1, 0, 0}))),
                       "Heat map 'M' has a cell of -1; values are 0 and above, and NaN where there "
                       "is no data",
                       upset::Error);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(static_cast<void>(gnuplot_script(map({0, infinity, 0, 0}))), upset::Error);
}
