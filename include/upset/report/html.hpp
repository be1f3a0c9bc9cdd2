// SPDX-License-Identifier: BSL-1.0
/// One self-contained page: facts, tables, figures, notes; nothing is loaded from elsewhere.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <upset/core/error.hpp>
#include <upset/report/machine.hpp>
#include <upset/report/output_file.hpp>
#include <upset/report/table.hpp>
#include <upset/report/xml_text.hpp>

namespace upset {

/// `text` so that a browser shows it as it stands, in an element or in a quoted attribute; what no
/// page can hold becomes U+FFFD.
[[nodiscard]] inline std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : xml_text(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

namespace detail {

/// The `<svg>` element of an SVG document, its ids and the references to them led by `prefix`: the
/// figures of a page share one space of ids, and gnuplot gives all its figures the same.
[[nodiscard]] inline std::string inline_svg(std::string_view document, const std::string& prefix) {
  const std::size_t begin = document.find("<svg");
  const std::size_t end = document.rfind("</svg>");
  if (begin == std::string_view::npos || end == std::string_view::npos) {
    throw Error("A figure of a report must be an SVG document; this text has no <svg> element");
  }
  const std::string_view svg = document.substr(begin, end + 6 - begin);
  std::string result;
  bool in_tag = false;
  for (std::size_t i = 0; i < svg.size(); ++i) {
    in_tag = svg[i] == '<' || (in_tag && svg[i] != '>');
    result += svg[i];
    for (const std::string_view lead : {" id=\"", " id='", "href=\"#", "href='#", "url(#"}) {
      if (in_tag && std::string_view(result).ends_with(lead)) {
        result += prefix;
      }
    }
  }
  return result;
}

inline constexpr std::string_view html_style = R"css(
:root { color-scheme: light dark; --text: #1b1b1f; --soft: #5c5f66; --page: #ffffff;
  --line: #d9dbe0; --shade: #f5f6f8; --mark: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e6ea; --soft: #a3a7b0;
  --page: #17181c; --line: #3a3d45; --shade: #212329; --mark: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 76rem; color: var(--text);
  background: var(--page); font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; padding-bottom: .25rem;
  border-bottom: 1px solid var(--line); }
p { max-width: 46rem; }
code, dd { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .875em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; align-self: center; }
figure { margin: 1.5rem 0; }
figcaption { color: var(--soft); font-size: .9rem; margin: .4rem 0; max-width: 46rem; }
figcaption b { color: var(--text); }
.wide { overflow-x: auto; }
.drawing { background: #ffffff; border: 1px solid var(--line); border-radius: 6px;
  padding: .5rem; text-align: center; }
.drawing svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; }
th { vertical-align: bottom; border-bottom: 2px solid var(--line); }
td { border-bottom: 1px solid var(--line); white-space: nowrap; }
tbody tr:nth-child(even) { background: var(--shade); }
.number { text-align: right; }
.note { border-left: 3px solid var(--mark); background: var(--shade); padding: .5rem .9rem; }
@page { size: A4; margin: 14mm; }
@media print {
  :root { --text: #000000; --soft: #444444; --page: #ffffff; --line: #bbbbbb;
    --shade: #f4f4f4; --mark: #0072b2; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2 { break-after: avoid; }
  tr, .drawing, .note { break-inside: avoid; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
  table { font-size: 7.5pt; }
  th, td { padding: .2rem .35rem; }
  .drawing { border: 0; padding: 0; }
  .drawing svg { max-height: 118mm; }
}
)css";

}  // namespace detail

/// A page built from the top down. All text given is text, never markup.
class HtmlReport {
 public:
  explicit HtmlReport(std::string title) : title_(std::move(title)) {}

  void section(std::string_view heading) { element("h2", "", heading); }
  void paragraph(std::string_view text) { element("p", "", text); }
  void note(std::string_view text) { element("p", " class=\"note\"", text); }

  /// Names and values: the command, the seed, `machine_facts()`.
  void facts(std::span<const Fact> facts) {
    body_ += "<dl>\n";
    for (const Fact& fact : facts) {
      element("dt", "", fact.name);
      element("dd", "", fact.value);
    }
    body_ += "</dl>\n";
  }

  /// A numbered table, its caption above it.
  void table(const Table& table, std::string_view caption) {
    body_ += "<figure>\n";
    numbered_caption("Table", ++tables_, caption);
    body_ += "<div class=\"wide\"><table>\n<thead><tr>";
    for (std::size_t column = 0; column < table.columns().size(); ++column) {
      body_ += "<th scope=\"col\"" + alignment(table.is_numeric(column)) + ">" +
               html_escaped(table.columns()[column]) + "</th>";
    }
    body_ += "</tr></thead>\n<tbody>\n";
    for (const auto& row : table.rows()) {
      body_ += "<tr>";
      for (const Cell& cell : row) {
        body_ += "<td" + alignment(cell.number) + ">" + html_escaped(cell.text) + "</td>";
      }
      body_ += "</tr>\n";
    }
    body_ += "</tbody></table></div>\n</figure>\n";
  }

  /// A numbered figure, its caption below it; `svg` is a document such as `render_svg` gives.
  void figure(std::string_view svg, std::string_view caption) {
    const std::string number = std::to_string(++figures_);
    body_ += "<figure>\n<div class=\"drawing\">" +
             detail::inline_svg(svg, "figure" + number + "-") + "</div>\n";
    numbered_caption("Figure", figures_, caption);
    body_ += "</figure>\n";
  }

  /// The whole page.
  [[nodiscard]] std::string html() const {
    const std::string title = html_escaped(title_);
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
           title + "</title>\n<style>" + std::string(detail::html_style) +
           "</style>\n</head>\n<body>\n<h1>" + title + "</h1>\n" + body_ + "</body>\n</html>\n";
  }

  /// Writes it, whole or not at all. Throws as `OutputFile`.
  void write(const std::filesystem::path& path) const { write_file(path, html()); }

 private:
  void element(const std::string& tag, std::string_view attributes, std::string_view text) {
    body_ += "<" + tag + std::string(attributes) + ">" + html_escaped(text) + "</" + tag + ">\n";
  }
  void numbered_caption(const char* kind, std::size_t number, std::string_view caption) {
    body_ += "<figcaption><b>" + std::string(kind) + " " + std::to_string(number) + ".</b> " +
             html_escaped(caption) + "</figcaption>\n";
  }
  [[nodiscard]] static std::string alignment(bool number) {
    return number ? " class=\"number\"" : "";
  }

  std::string title_;
  std::string body_;
  std::size_t tables_ = 0;
  std::size_t figures_ = 0;
};

}  // namespace upset
