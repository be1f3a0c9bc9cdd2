// SPDX-License-Identifier: BSL-1.0
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <report/xml.hpp>

#include <upset/report/gnuplot.hpp>  // TemporaryFolder
#include <upset/report/html.hpp>
#include <upset/report/line_plot.hpp>

using upset::HtmlReport;
using upset_test::Document;

namespace {

upset::LinePlot plot() {
  upset::LinePlot result;
  result.frame.title = "a title";
  for (const char* name : {"one", "two"}) {
    result.series.push_back({name, "", {{1e-3, 90, 80, 95}, {1e-2, 10, 5, 20}}});
  }
  return result;
}

HtmlReport report_of_everything() {
  HtmlReport report("R & D <1>");
  const std::vector<upset::Fact> facts{{"command", "run --formats 'Mono<8>' \"x\" && y"},
                                       {"seed", "1"}};
  report.facts(facts);
  report.section("Weights <w>");
  report.paragraph("a < b & c > d");
  report.note("</p><script>alert(1)</script>");
  upset::Table table({"format", "bits <n>"});
  table.add_row({"Mono<8>", 8});
  report.table(table, "Table's \"caption\" & more");
  report.figure(render_svg(plot()), "first <figure>");
  report.figure(render_svg(plot()), "second");
  return report;
}

}  // namespace

TEST_CASE("HtmlReport: a page is well formed, and all text is text") {
  const std::string html = report_of_everything().html();
  const Document page(html, {"meta"});
  CHECK(page.error == "");
  CHECK(page.all("script").empty());
  REQUIRE(page.all("h1").size() == 1);
  CHECK(page.all("h1")[0].text == "R &amp; D &lt;1&gt;");
  CHECK(page.all("h2")[0].text == "Weights &lt;w&gt;");
  CHECK(page.all("dd")[0].text ==
        "run --formats &#39;Mono&lt;8&gt;&#39; &quot;x&quot; &amp;&amp; y");
  CHECK(page.all("td")[0].text == "Mono&lt;8&gt;");
  CHECK(page.all("td")[1].attributes.at("class") == "number");
  CHECK(page.all("th")[1].text == "bits &lt;n&gt;");
  CHECK(html.find("<b>Table 1.</b> Table&#39;s &quot;caption&quot; &amp; more") !=
        std::string::npos);
  CHECK(html.find("<b>Figure 1.</b> first &lt;figure&gt;") != std::string::npos);
  CHECK(html.find("<b>Figure 2.</b> second") != std::string::npos);
}

TEST_CASE("HtmlReport: what no page can hold is replaced") {
  CHECK(upset::html_escaped("a\x1B<\xFF\n") == "a\xEF\xBF\xBD&lt;\xEF\xBF\xBD\n");
}

TEST_CASE("HtmlReport: figures stand inline, and none takes the shapes of another") {
  const Document page(report_of_everything().html(), {"meta"});
  CHECK(page.all("svg").size() == 2);
  std::size_t svg = 0;
  std::size_t references = 0;
  std::set<std::string> ids;
  std::vector<std::string> wanted;
  int foreign = 0;
  for (const auto& element : page.elements) {
    if (element.tag == "svg") {
      ++svg;
    }
    const std::string prefix = "figure" + std::to_string(svg) + "-";
    if (const auto id = element.attributes.find("id"); id != element.attributes.end()) {
      ids.insert(id->second);
      foreign += id->second.starts_with(prefix) ? 0 : 1;
    }
    if (const auto use = element.attributes.find("xlink:href"); use != element.attributes.end()) {
      ++references;
      foreign += use->second.starts_with("#" + prefix) ? 0 : 1;
      wanted.push_back(use->second.substr(1));
    }
  }
  CHECK(references > 20);
  CHECK(foreign == 0);
  int dangling = 0;
  for (const std::string& id : wanted) {
    dangling += ids.contains(id) ? 0 : 1;
  }
  CHECK(dangling == 0);
}

TEST_CASE("HtmlReport: nothing is loaded from elsewhere") {
  const std::string html = report_of_everything().html();
  for (const char* way : {"src=", "<link", "@import", "url(http", "<iframe", "<object"}) {
    CAPTURE(way);
    CHECK(html.find(way) == std::string::npos);
  }
  // The names of XML's name spaces are no addresses to load.
  const Document page(html, {"meta"});
  for (const auto& element : page.elements) {
    for (const auto& [name, value] : element.attributes) {
      CHECK((value.find("//") == std::string::npos || name.starts_with("xmlns")));
    }
  }
}

TEST_CASE("HtmlReport: attributes that only look like ids, in text, stay as they are") {
  const std::string inlined = upset::detail::inline_svg(
      "<?xml?><!DOCTYPE svg><svg><text> id='a' url(#b)</text>"
      "<g id='a' fill=\"url(#b)\"/><use href=\"#a\"/></svg>\n",
      "p-");
  CHECK(inlined ==
        "<svg><text> id='a' url(#b)</text>"
        "<g id='p-a' fill=\"url(#p-b)\"/><use href=\"#p-a\"/></svg>");
  CHECK_THROWS_AS(static_cast<void>(upset::detail::inline_svg("no drawing", "p-")), upset::Error);
}

TEST_CASE("HtmlReport: is written whole") {
  const upset::detail::TemporaryFolder folder;
  const auto path = folder.path() / "report.html";
  const HtmlReport report = report_of_everything();
  report.write(path);
  std::ifstream file(path, std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == report.html());
  CHECK_THROWS_AS(report.write(folder.path() / "no" / "report.html"), upset::Error);
}
