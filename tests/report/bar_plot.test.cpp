// SPDX-License-Identifier: BSL-1.0
#include <limits>
#include <string>

#include "support/text.hpp"
#include <doctest/doctest.h>
#include <report/xml.hpp>

#include <upset/report/bar_plot.hpp>

using upset::BarPlot;
using upset::test::has;
using upset_test::Document;

TEST_CASE("BarPlot: bars begin at 0, the first on top, whiskers where there is an interval") {
  BarPlot plot;
  plot.frame.title = "Layers & <bits>";
  plot.bars = {{"conv1", 2, 1, 4}, {"layer1.0.conv1_{x}", 0.5, 0.5, 0.5}};
  const std::string script = gnuplot_script(plot);
  CHECK(has(script, "$bars << END\n0 0 0 2 -0.375 0.375\n0 1 0 0.5 0.625 1.375\nEND\n"));
  CHECK(has(script, "$whiskers << END\n1 0 3 0\n1 -0.1875 0 0.375\n4 -0.1875 0 0.375\nEND\n"));
  CHECK(has(script, "set yrange [1.6:-0.6]"));
  CHECK(has(script, "set xrange [0:4.12]"));
  const std::string svg = render_svg(plot);
  CHECK(Document(svg).error == "");
  CHECK(has(svg, "layer1.0.conv1_{x}"));
  CHECK(has(svg, "critical share of fault-images (%)"));
}

TEST_CASE("BarPlot: bars of 0 are drawn too") {
  BarPlot plot;
  plot.bars = {{"conv1"}};
  CHECK_FALSE(has(gnuplot_script(plot), "$whiskers"));
  CHECK(Document(render_svg(plot)).error == "");
}

TEST_CASE("BarPlot: what cannot be drawn is refused with the bar and the plot") {
  BarPlot plot;
  plot.frame.title = "P";
  CHECK_THROWS_WITH_AS(static_cast<void>(gnuplot_script(plot)), "Plot 'P' has no bar",
                       upset::Error);
  for (const double bad :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    plot.bars = {{"B", bad, 0, 0}};
    CHECK_THROWS_WITH_AS(static_cast<void>(gnuplot_script(plot)),
                         "Bar 'B' of plot 'P' is negative or not finite", upset::Error);
  }
}

TEST_CASE("BarPlot: names with a % or with what XML cannot hold are drawn") {
  BarPlot plot;
  plot.frame.title = "50 % of %g";
  plot.bars = {
      {"%g", 1}, {"100%", 1}, {"a%%b", 1}, {"5 % x", 1}, {std::string("n\0ul\x1B\xFF", 6), 1}};
  const std::string svg = render_svg(plot);
  CHECK(Document(svg).error == "");
  for (const char* text : {">50 % of %g<", ">%g<", ">100%<", ">a%%b<", ">5 % x<",
                           ">n\xEF\xBF\xBDul\xEF\xBF\xBD\xEF\xBF\xBD<"}) {
    CAPTURE(text);
    CHECK(has(svg, text));
  }
}
