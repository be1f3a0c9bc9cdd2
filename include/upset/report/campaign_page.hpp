// SPDX-License-Identifier: BSL-1.0
/// Everything a campaign found, as text for the terminal, CSV files, figures and one page.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <upset/campaign/breakdown.hpp>
#include <upset/report/bar_plot.hpp>
#include <upset/report/box_plot.hpp>
#include <upset/report/campaign_report.hpp>
#include <upset/report/campaign_tables.hpp>
#include <upset/report/heat_map.hpp>
#include <upset/report/html.hpp>
#include <upset/report/line_plot.hpp>

namespace upset {

/// Critical shares of layers and bit positions; the bits of scales share one column.
[[nodiscard]] inline HeatMap layer_bit_map(const Breakdown& found) {
  HeatMap map;
  map.frame.title = "Critical faults by layer and bit";
  const auto column = [](const std::string& bit) {
    return bit.starts_with("scale") ? std::string("scale") : bit;
  };
  for (const BreakdownRow& row : found.rows({By::layer})) {
    map.rows.push_back(row.names[0]);
  }
  for (const BreakdownRow& row : found.rows({By::bit})) {
    const std::string name = column(row.names[0]);
    if (map.columns.empty()) {
      map.columns.push_back(name);
    } else if (name == "scale") {
      if (map.columns.back() != name) {
        map.columns.push_back(name);
      }
    } else {  // positions in between that no fault hit as well
      for (int bit = std::stoi(map.columns.back()) - 1; bit >= std::stoi(name); --bit) {
        map.columns.push_back(std::to_string(bit));
      }
    }
  }
  std::map<std::size_t, BreakdownRow> cells;
  const auto index = [](const std::vector<std::string>& names, const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  };
  for (const BreakdownRow& row : found.rows({By::layer, By::bit})) {
    cells[index(map.rows, row.names[0]) * map.columns.size() +
          index(map.columns, column(row.names[1]))] += row;
  }
  map.cells.assign(map.rows.size() * map.columns.size(), std::numeric_limits<double>::quiet_NaN());
  for (const auto& [cell, row] : cells) {
    map.cells[cell] = found.share(row, &Outcomes::critical);
  }
  return map;
}

/// Critical shares of layers in percent, with their intervals.
[[nodiscard]] inline BarPlot layer_bars(const Breakdown& found) {
  BarPlot plot;
  plot.frame.title = "Critical faults by layer";
  for (const BreakdownRow& row : found.rows({By::layer})) {
    const double share = found.share(row, &Outcomes::critical);
    const Interval interval =
        found.interval(row, &Outcomes::critical).value_or(Interval{share, share});
    plot.bars.push_back({row.names[0], 100 * share, 100 * interval.low, 100 * interval.high});
  }
  return plot;
}

/// Strata with trials, and how many bits each stands for.
[[nodiscard]] inline Table strata_table(const Breakdown& found) {
  std::vector<BreakdownRow> rows = found.rows({By::stratum});
  for (BreakdownRow& row : rows) {
    row.names.push_back(grouped_text(found.strata()[row.parts.begin()->first].bits));
  }
  return share_table(found, {"stratum", "bits"}, rows);
}

/// What a campaign found, for the terminal: a line, then tables.
[[nodiscard]] inline std::string campaign_text(const CampaignReport& report) {
  if (!report.rates.empty()) {
    return rate_table(report).text();
  }
  std::string text = campaign_line(report.found) + "\n\n" + outcome_table(report.found).text();
  for (const std::vector<By>& by : {std::vector{By::layer}, {By::bit, By::role}}) {
    text += '\n' + breakdown_table(report.found, by).text();
  }
  if (report.shows_strata) {
    text += '\n' + strata_table(report.found).text();
  }
  return text;
}

/// Writes into the folder `out`: report.html, its figures (layers.svg, layer_bits.svg,
/// accuracy.svg, boxes.svg), and layers.csv, sets.csv, roles.csv, bits.csv, layer_bits.csv,
/// set_bits.csv where faults have sites, strata.csv where they were drawn from strata. Those of
/// them that an earlier report has left there are removed.
///
/// - errors: a file that cannot be written, or gnuplot missing: `Error`; CSV files are there by
/// then
inline void write_campaign(const CampaignReport& report, const std::filesystem::path& out) {
  const Breakdown& found = report.found;
  const bool has_sites = !found.rows({}).empty();
  const auto remove = [&](const char* name) {
    std::error_code ignored;  // where it cannot be removed it is none of an earlier report
    std::filesystem::remove(out / name, ignored);
  };
  for (const char* const name : {"accuracy.svg", "boxes.svg", "layers.svg", "layer_bits.svg"}) {
    remove(name);
  }
  const std::vector<std::pair<const char*, std::vector<By>>> tables{
      {"layers.csv", {By::layer}},
      {"sets.csv", {By::set}},
      {"roles.csv", {By::role}},
      {"bits.csv", {By::bit, By::role}},
      {"layer_bits.csv", {By::layer, By::bit, By::role}},
      {"set_bits.csv", {By::set, By::bit, By::role}},
      {"strata.csv", {By::stratum}}};
  for (const auto& [name, by] : tables) {
    if (has_sites && (by != std::vector{By::stratum} || !found.strata().empty())) {
      write_breakdown_csv(out / name, found, by);
    } else {
      remove(name);
    }
  }

  HtmlReport page(report.title);
  const auto add = [&](const std::string& name, const auto& plot, const std::string& caption) {
    const std::string svg = render_svg(plot);
    write_file(out / (name + ".svg"), svg);
    page.figure(svg, caption);
  };
  std::string interval =
      found.drawn() == Drawn::whole ? "Every fault was tried, so shares have no sampling error."
      : found.drawn() == Drawn::in_order
          ? "Shares are those of the faults tried, which were not drawn at random."
      : found.strata().empty()
          ? "Intervals are Wilson's, over faults: pictures under one fault are no independent "
            "draws."
          : "Each stratum counts by its bits. Intervals are those of stratified sampling for all "
            "faults, Wilson's for rows that lie in one stratum; others have none.";
  if (const std::string why = untried_text(found); !why.empty()) {
    interval += " There is " + why + ", and rows of several strata lack it.";
  }
  if (report.rates.empty()) {
    page.paragraph(campaign_line(found) + ".");
  }
  page.facts(std::vector<Fact>{{"command", report.command}, {"seed", std::to_string(report.seed)}});
  page.section("Plan");
  std::vector<Fact> plan = report.plan;
  if (report.fault_free.total > 0) {
    plan.push_back(
        {"accuracy without faults", with_decimals(100 * report.fault_free.rate(), 2) + " % of " +
                                        grouped_text(report.fault_free.total) + " pictures"});
  }
  page.facts(plan);
  if (report.rates.empty()) {
    page.section("Outcomes");
    page.table(
        outcome_table(found),
        "What became of all fault-images. Masked: every output as without the fault. "
        "Changed: outputs differ, the class does not. Critical: another class (of any "
        "pixel, where pixels have classes). Every fault-image is one of these three, and may "
        "besides be critical_top5: the class without the fault is not among the five "
        "highest; nonfinite: NaN or infinity among the outputs; detected: a guard found an "
        "error that it could not correct; corrected: it corrected one; correct: the "
        "class is that of the label, under the fault; beneficial: it is, and without the "
        "fault it is not. CSV files count critical_pixels too: pixels of another class, of "
        "pictures with one class the critical pictures. " +
            interval);
  } else {
    page.section("Accuracy against bit error rate");
    page.table(
        rate_table(report),
        "Accuracy over the trials of a rate: mean, Student's interval, and the worst trial. Equal "
        "trials have no spread to make an interval of: it is a point, though others might differ.");
    if (report.rates.rbegin()->first > 0) {
      LinePlot plot;
      plot.frame.title = "Accuracy against bit error rate";
      std::vector<CurvePoint> curve = accuracy_curve(report);
      if (report.fault_free.total > 0) {
        curve = with_fault_free(curve, report.fault_free.rate());
      }
      plot.series = {accuracy_series("accuracy", curve)};
      add("accuracy", plot, "Mean of the trials; the band is Student's 95 % interval of the mean.");
    }
    BoxPlot boxes;
    boxes.frame.title = "Spread over trials";
    boxes.series.push_back({"", accuracy_boxes(accuracy_curve(report))});
    add("boxes", boxes, "Quartiles, whiskers at 1.5 interquartile ranges, and outliers.");
  }
  if (report.shows_strata) {
    page.section("Strata");
    page.table(strata_table(found), "Faults by the stratum they were drawn from. " + interval);
  }
  if (has_sites) {
    page.section("Layers");
    page.table(breakdown_table(found, {By::layer}), "Faults by the layer they hit. " + interval);
    add("layers", layer_bars(found),
        std::string("Critical share of the fault-images of each layer") +
            (found.drawn() == Drawn::at_random ? "; whiskers: its 95 % interval, where it has one."
                                               : "."));
    page.section("Bits");
    const std::string bits =
        "Positions are counted in each word of memory, and parameter sets of all formats are added "
        "up: bit 8 may be a check bit of 8-bit kernels and a fraction bit of 32-bit biases. "
        "set_bits.csv has each set apart.";
    add("layer_bits", layer_bit_map(found),
        "Colours go by decades. 0: no picture changed its class under any fault tried there. " +
            bits);
    page.table(breakdown_table(found, {By::bit, By::role}),
               "Faults by the bit they hit, all layers together. " + bits);
    page.table(breakdown_table(found, {By::role}), "Faults by the role of their bit.");
    page.table(breakdown_table(found, {By::set}), "Faults by parameter set.");
  }
  page.section("Environment");
  page.facts(report.environment);
  page.write(out / "report.html");
}

}  // namespace upset
