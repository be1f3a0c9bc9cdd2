// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <report/xml.hpp>

#include <upset/report/box_plot.hpp>

using upset::Box;
using upset::BoxPlot;
using upset_test::Document;

namespace {

// The numbers of the data block `name` of a script, line by line.
std::vector<std::vector<double>> block(const std::string& script, const std::string& name) {
  std::vector<std::vector<double>> lines;
  const std::string head = "$" + name + " << END\n";
  const std::size_t begin = script.find(head);
  if (begin == std::string::npos) {
    return lines;
  }
  std::istringstream text(script.substr(
      begin + head.size(), script.find("END\n", begin + head.size()) - begin - head.size()));
  for (std::string line; std::getline(text, line);) {
    std::istringstream numbers(line);
    lines.emplace_back();
    for (double x = 0; numbers >> x;) {
      lines.back().push_back(x);
    }
  }
  return lines;
}

// Quartiles 2 and 4, median 3, whiskers 1 and 5, outlier 20.
const upset::Summary sample{.count = 6,
                            .lower_quartile = 2,
                            .median = 3,
                            .upper_quartile = 4,
                            .max = 20,
                            .lower_whisker = 1,
                            .upper_whisker = 5,
                            .outliers = {20}};

using Lines = std::vector<std::vector<double>>;

bool near(const Lines& a, const Lines& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return std::ranges::equal(x, y, [](double u, double v) { return std::abs(u - v) < 1e-12; });
  });
}

}  // namespace

TEST_CASE("BoxPlot: a standing box is drawn from its summary") {
  BoxPlot plot;
  plot.series = {{"a", {{"1e-3", sample}}}};
  const std::string script = gnuplot_script(plot);
  CHECK(near(block(script, "boxes0"), Lines{{1, 3, 0.7, 1.3, 2, 4}}));  // 0.8 * 0.75 wide
  CHECK(near(block(script, "whiskers0"),
             Lines{{1, 1, 0, 1}, {1, 4, 0, 1}, {0.85, 1, 0.3, 0}, {0.85, 5, 0.3, 0}}));
  CHECK(near(block(script, "medians0"), Lines{{0.7, 3, 0.6, 0}}));
  CHECK(near(block(script, "outliers0"), Lines{{1, 20}}));
  CHECK(Document(render_svg(plot)).error == "");
}

TEST_CASE("BoxPlot: boxes with long names lie down, the first on top") {
  BoxPlot plot;
  plot.frame.x_label = "format";
  plot.series = {{"a", {{"MultiLevelBinary<4>", sample}, {"Mono<8>", sample}}}};
  const std::string script = gnuplot_script(plot);
  CHECK(near(block(script, "boxes0"), Lines{{3, 1, 2, 4, 0.7, 1.3}, {3, 2, 2, 4, 1.7, 2.3}}));
  CHECK(block(script, "whiskers0").front() == std::vector<double>{1, 1, 1, 0});
  CHECK(block(script, "outliers0").back() == std::vector<double>{20, 2});
  CHECK(script.find("set yrange [2.6:0.4]") != std::string::npos);
  CHECK(script.find("set xrange [0:100]") != std::string::npos);
  const std::string svg = render_svg(plot);
  CHECK(Document(svg).error == "");
  CHECK(svg.find("MultiLevelBinary&lt;4>") != std::string::npos);
  CHECK(svg.find("accuracy (%)") != std::string::npos);
}

TEST_CASE("BoxPlot: series stand side by side in the category of their name") {
  BoxPlot plot;
  plot.series = {{"a", {{"0", sample}, {"1e-3", sample}}},
                 {"b", {{"1e-3", sample}, {"1e-2", sample}}}};
  const std::string script = gnuplot_script(plot);
  const auto a = block(script, "boxes0");
  const auto b = block(script, "boxes1");
  REQUIRE(a.size() == 2);
  REQUIRE(b.size() == 2);
  CHECK(a[0][0] == doctest::Approx(0.8));
  CHECK(a[1][0] == doctest::Approx(1.8));
  CHECK(b[0][0] == doctest::Approx(2.2));
  CHECK(b[1][0] == doctest::Approx(3.2));
  CHECK(a[1][3] < b[0][2]);  // do not touch
  CHECK(script.find("('0' 1, '1e-3' 2, '1e-2' 3)") != std::string::npos);
}

TEST_CASE("BoxPlot: boxes of accuracies are in percent, in the categories of their rates") {
  const std::vector<upset::CurvePoint> curve{{1e-4, {0.25, 0.5, 0.75}}, {3.16228e-3, {0}}};
  const std::vector<Box> boxes = upset::accuracy_boxes(curve);
  REQUIRE(boxes.size() == 2);
  CHECK(boxes[1].category == "3.16e-3");
  const Box& box = boxes[0];
  CHECK(box.category == "1e-4");
  CHECK(box.summary.median == 50);
  CHECK(box.summary.lower_quartile == 37.5);
  CHECK(box.summary.max == 75);
}

TEST_CASE("BoxPlot: rates close to each other have categories of their own") {
  const auto names = [](std::vector<upset::CurvePoint> curve) {
    std::vector<std::string> found;
    for (const Box& box : upset::accuracy_boxes(curve)) {
      found.push_back(box.category);
    }
    return found;
  };
  CHECK(names({{1e-3, {1}}, {1.002e-3, {1}}, {0.12345, {1}}}) ==
        std::vector<std::string>{"1e-3", "1.002e-3", "1.235e-1"});
  const double next = std::nextafter(1e-3, 1.0);
  CHECK(names({{1e-3, {1}}, {next, {1}}})[0] != names({{1e-3, {1}}, {next, {1}}})[1]);
}

TEST_CASE("BoxPlot: categories with a % are drawn") {
  BoxPlot plot;
  plot.series = {{"%g", {{"%g", sample}, {"100%", sample}}}};
  const std::string svg = render_svg(plot);
  CHECK(Document(svg).error == "");
  CHECK(svg.find(">%g<") != std::string::npos);
  CHECK(svg.find(">100%<") != std::string::npos);
}

TEST_CASE("BoxPlot: a plot without boxes is refused; an empty series is not drawn") {
  BoxPlot plot;
  plot.frame.title = "P";
  CHECK_THROWS_WITH_AS(static_cast<void>(gnuplot_script(plot)), "Plot 'P' has no box",
                       upset::Error);
  plot.series = {{"none", {}}, {"some", {{"0", sample}}}};
  CHECK(Document(render_svg(plot)).error == "");
}
