// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/text.hpp"
#include <doctest/doctest.h>
#include <report/xml.hpp>

#include <upset/report/line_plot.hpp>

using doctest::Approx;
using upset::CurvePoint;
using upset::LinePlot;
using upset::LineSeries;
using upset::test::count;
using upset_test::Document;

namespace {

struct Place {
  double x, y;
};

// Where gnuplot put the markers with this id, in order.
std::vector<Place> markers(const Document& svg, const std::string& id) {
  std::vector<Place> places;
  for (const auto& use : svg.all("use")) {
    const auto transform = use.attributes.find("transform");
    if (use.attributes.at("xlink:href") == "#" + id && transform != use.attributes.end() &&
        transform->second.starts_with("translate(")) {
      const char* at = transform->second.c_str() + 10;
      char* comma = nullptr;
      const double x = std::strtod(at, &comma);
      places.push_back({x, std::strtod(comma + 1, nullptr)});
    }
  }
  return places;
}

LineSeries line(std::string name, std::vector<std::pair<double, double>> points) {
  LineSeries series{std::move(name)};
  for (const auto& [x, y] : points) {
    series.points.push_back({x, y, y, y});
  }
  return series;
}

}  // namespace

TEST_CASE("LinePlot: points stand where a logarithmic and a linear axis put them") {
  LinePlot plot;
  plot.series = {line("only", {{1e-4, 0}, {1e-3, 25}, {1e-2, 50}, {1e-1, 100}})};
  const Document svg(render_svg(plot));
  REQUIRE(svg.error == "");
  const auto at = markers(svg, "gpPt6");
  REQUIRE(at.size() == 4);
  const double step = at[1].x - at[0].x;
  CHECK(step > 100);  // the axis is filled, not squeezed
  CHECK(at[2].x - at[1].x == Approx(step).epsilon(1e-3));
  CHECK(at[3].x - at[2].x == Approx(step).epsilon(1e-3));
  const double height = at[0].y - at[3].y;
  CHECK(height > 200);
  CHECK(at[0].y - at[1].y == Approx(0.25 * height).epsilon(1e-2));
  CHECK(at[0].y - at[2].y == Approx(0.50 * height).epsilon(1e-2));
}

TEST_CASE("LinePlot: a rate of 0 stands apart on the left, under a tic of its own") {
  LinePlot plot;
  plot.series = {line("only", {{0, 90}, {1e-3, 90}, {1e-2, 10}})};
  const std::string script = gnuplot_script(plot);
  CHECK(script.find("set xtics ('0' ") != std::string::npos);
  CHECK(count(script, "\n\n") == 1);  // the break between 0 and the rates
  const Document svg(render_svg(plot));
  REQUIRE(svg.error == "");
  const auto at = markers(svg, "gpPt6");
  REQUIRE(at.size() == 3);
  CHECK(at[0].x < at[1].x - 20);
  CHECK(at[0].y == Approx(at[1].y).epsilon(1e-3));
  plot.series = {line("only", {{1e-3, 90}, {1e-2, 10}})};
  CHECK(gnuplot_script(plot).find("'0'") == std::string::npos);
}

TEST_CASE("LinePlot: every power of ten in range is a labelled tic, and nothing below") {
  LinePlot plot;
  plot.series = {line("only", {{0, 90}, {2e-5, 90}, {3e-2, 10}})};
  const std::string script = gnuplot_script(plot);
  for (const char* tic :
       {"'10^{-4}' 1e-4", "'10^{-3}' 1e-3", "'10^{-2}' 1e-2", "'' 2e-5 1", "'' 3e-2 1"}) {
    CAPTURE(tic);
    CHECK(count(script, tic) == 1);
  }
  CHECK(count(script, "'10^{") == 3);
  CHECK(script.find("1e-5 1") == std::string::npos);
  CHECK(script.find("4e-2") == std::string::npos);
  // Less than a decade is widened until it has tics.
  plot.series = {line("only", {{2e-5, 90}, {4e-5, 10}})};
  CHECK(count(gnuplot_script(plot), "'10^{-5}' 1e-5") == 1);
  plot.series = {line("only", {{1, 10}})};
  CHECK(count(gnuplot_script(plot), "'1' 1e0") == 1);
  // 1e-9 to 9e-1: nine decades, each labelled; 1e-18 to 1e-1 every other.
  plot.series = {line("only", {{1e-9, 90}, {0.9, 10}})};
  CHECK(count(gnuplot_script(plot), "'10^{") == 9);
  plot.series = {line("only", {{1e-18, 90}, {0.1, 10}})};
  CHECK(count(gnuplot_script(plot), "'10^{") == 9);
}

TEST_CASE("LinePlot: names and titles of any spelling are drawn as they are") {
  LinePlot plot;
  plot.frame.title = "Faults & 'quotes' in <weights>: a_b^{c}";
  plot.series = {line("Fixed<8,6> & it's_x", {{1e-3, 90}, {1e-2, 10}}),
                 line("Mono<8>", {{1e-3, 80}, {1e-2, 70}})};
  const std::string text = render_svg(plot);
  const Document svg(text);
  CHECK(svg.error == "");
  CHECK(text.find("Faults &amp; 'quotes' in &lt;weights>: a_b^{c}") != std::string::npos);
  CHECK(text.find("Fixed&lt;8,6> &amp; it's_x") != std::string::npos);
  CHECK(text.find("accuracy (%)") != std::string::npos);
  CHECK(text.find("bit error rate") != std::string::npos);
  CHECK(text.find("gnuplot_plot_1</title>") == std::string::npos);
  CHECK(text.find("DejaVu Sans, ") != std::string::npos);
}

TEST_CASE("LinePlot: the legend of any number of series is one column beside the plot") {
  for (const std::size_t series : {2U, 7U, 12U, 20U, 21U, 40U}) {
    LinePlot plot;
    std::set<std::string> names;
    for (std::size_t i = 0; i < series; ++i) {
      const std::string name = "series number " + std::to_string(i) + ".";
      names.insert(name);
      plot.series.push_back(line(name, {{1e-3, 90}, {1e-2, 10}}));
    }
    const Document svg(render_svg(plot));
    REQUIRE(svg.error == "");
    // A text is <g transform="translate(x,y)"><text>, perhaps with a <tspan>.
    std::set<std::string> columns;
    std::size_t found = 0;
    for (std::size_t i = 2; i < svg.elements.size(); ++i) {
      if (names.contains(svg.elements[i].text) && svg.elements[i].tag != "title") {
        const std::size_t group = svg.elements[i].tag == "tspan" ? i - 2 : i - 1;
        const std::string at = svg.elements[group].attributes.at("transform");
        columns.insert(at.substr(0, at.find(',')));
        ++found;
      }
    }
    CAPTURE(series);
    CHECK(found == series);
    CHECK(columns.size() == 1);
  }
}

TEST_CASE("LinePlot: a series of accuracies is in percent, with a band cut to the possible") {
  const std::vector<CurvePoint> curve{{0, {0.9}}, {1e-3, {0.8, 0.9}}, {1e-2, {0.84, 0.86}}};
  const LineSeries series = upset::accuracy_series("Mono<8>", curve, "Mono");
  CHECK(series.name == "Mono<8>");
  CHECK(series.group == "Mono");
  REQUIRE(series.points.size() == 3);
  CHECK(series.points[0].low == 90);  // one trial: no band
  CHECK(series.points[0].high == 90);
  CHECK(series.points[1].y == Approx(85));
  CHECK(series.points[1].high == 100);  // 85 + 12.706 * 5
  CHECK(series.points[1].low == Approx(85 - 63.531).epsilon(1e-4));
  CHECK(series.points[2].low == Approx(85 - 12.7062).epsilon(1e-5));
  CHECK(series.points[2].high == Approx(85 + 12.7062).epsilon(1e-5));
}

TEST_CASE("LinePlot: the band of a point that stands alone is an error bar") {
  LinePlot plot;
  plot.series = {{"alone", "", {{1e-3, 50, 40, 70}}},
                 {"after 0", "", {{0, 90, 85, 95}, {1e-3, 50, 40, 70}}},
                 {"joined", "", {{0, 90, 90, 90}, {1e-3, 50, 40, 70}, {1e-2, 20, 10, 30}}}};
  const std::string script = gnuplot_script(plot);
  CHECK(script.find("$alone0 << END\n0.001 50 40 70\nEND\n") != std::string::npos);
  CHECK(script.find(" 90 85 95\n0.001 50 40 70\nEND\n$alone1") == std::string::npos);
  CHECK(count(script, " 90 85 95\n") == 2);
  CHECK(count(script, "0.001 50 40 70\n") == 5);
  CHECK(count(script, "with yerrorbars") == 2);
  CHECK(script.find("$alone2") == std::string::npos);
  CHECK(Document(render_svg(plot)).error == "");
}

TEST_CASE("LinePlot: what cannot be drawn is refused with the line and the plot") {
  LinePlot plot;
  plot.frame.title = "P";
  CHECK_THROWS_WITH_AS(static_cast<void>(gnuplot_script(plot)),
                       "Plot 'P' has no point with a bit error rate above 0", upset::Error);
  plot.series = {line("L", {{0, 90}})};
  CHECK_THROWS_AS(static_cast<void>(gnuplot_script(plot)), upset::Error);
  for (const auto& bad : {std::pair{2.0, 50.0}, std::pair{-1.0, 50.0}, std::pair{0.5, std::nan("")},
                          std::pair{std::nan(""), 1.0}}) {
    plot.series = {line("L", {{1e-3, 90}, bad})};
    CHECK_THROWS_WITH_AS(static_cast<void>(gnuplot_script(plot)),
                         "Line 'L' of plot 'P' has a point that is not finite, or a bit error rate "
                         "outside [0, 1]",
                         upset::Error);
  }
  plot.series = {line("L", {{1e-309, 90}})};
  CHECK_THROWS_WITH_AS(static_cast<void>(gnuplot_script(plot)),
                       "Line 'L' of plot 'P' has a bit error rate of 1e-309, below which no tics "
                       "are; leave it out or draw it as 0",
                       upset::Error);
  plot.series = {line("L", {{1e-300, 90}})};
  CHECK(Document(render_svg(plot)).error == "");
}
