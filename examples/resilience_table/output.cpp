// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include "rows.hpp"

#include <upset/report/box_plot.hpp>
#include <upset/report/csv.hpp>
#include <upset/report/html.hpp>
#include <upset/report/line_plot.hpp>
#include <upset/report/machine.hpp>
#include <upset/report/table.hpp>

using namespace upset;

namespace {

void write_table_csv(const Options& options, std::span<const Findings> findings) {
  const std::vector<std::string> columns{"format",
                                         "protection",
                                         "bits_per_weight",
                                         "extra_bits_percent",
                                         "accuracy",
                                         "accuracy_low",
                                         "accuracy_high",
                                         "accuracy_subset",
                                         "tolerated_weight_ber",
                                         "tolerated_weight_is_at_least",
                                         "tolerated_activation_ber",
                                         "tolerated_activation_is_at_least",
                                         "berzad_weight",
                                         "berzad_weight_is_at_least",
                                         "berzad_activation",
                                         "berzad_activation_is_at_least",
                                         "auc_weight",
                                         "auc_activation",
                                         "trials",
                                         "images",
                                         "seed"};
  CsvWriter csv(options.out / "table.csv", columns);
  for (const Findings& found : findings) {
    const Interval interval = wilson(found.fault_free.hits, found.fault_free.total);
    std::vector<Cell> row{found.row.format,        found.row.protection,
                          found.bits_per_weight(), found.extra_bits_percent(),
                          found.fault_free.rate(), interval.low,
                          interval.high,           found.fault_free_subset.rate()};
    for (const GridRate& rate : {found.weights.tolerated, found.activations.tolerated,
                                 found.weights.berzad, found.activations.berzad}) {
      row.insert(row.end(), {rate.ber, int{rate.at_least}});
    }
    row.insert(row.end(), {found.weights.auc, found.activations.auc, options.trials, options.images,
                           options.seed});
    csv.row(row);
  }
  csv.close();
}

void write_curves_csv(const Options& options, std::span<const Findings> findings) {
  CsvWriter csv(options.out / "curves.csv",
                {"format", "protection", "target", "ber", "trial", "flips", "accuracy",
                 "critical_rate", "images", "seed"});
  for (const Findings& found : findings) {
    for (const bool weights : {true, false}) {
      for (const Trial& trial : (weights ? found.weights : found.activations).trials) {
        csv.row({found.row.format, found.row.protection, weights ? "weights" : "activations",
                 trial.rate, trial.number, trial.flips, trial.accuracy(),
                 static_cast<double>(trial.critical) / static_cast<double>(trial.images),
                 trial.images, options.seed});
      }
    }
  }
  csv.close();
}

std::string tolerated(const GridRate& rate) {
  return rate.ber == 0 ? "< grid" : (rate.at_least ? ">= " : "") + rate_text(rate.ber);
}

Table make_table(std::span<const Findings> findings) {
  Table table({"format", "protection", "bits/weight", "extra bits %", "accuracy %", "95 % interval",
               "tolerated weight BER", "BERZAD weights", "AUC weights", "tolerated activation BER",
               "BERZAD activations", "AUC activations"});
  for (const Findings& found : findings) {
    const Interval interval = wilson(found.fault_free.hits, found.fault_free.total);
    const auto number = [](double x, int decimals) {
      return Cell::aligned_right(with_decimals(x, decimals));
    };
    table.add_row({found.row.format, found.row.protection, number(found.bits_per_weight(), 2),
                   number(found.extra_bits_percent(), 2), number(100 * found.fault_free.rate(), 2),
                   range_text(100 * interval.low, 100 * interval.high, 2),
                   Cell::aligned_right(tolerated(found.weights.tolerated)),
                   Cell::aligned_right(tolerated(found.weights.berzad)),
                   number(found.weights.auc, 3),
                   Cell::aligned_right(tolerated(found.activations.tolerated)),
                   Cell::aligned_right(tolerated(found.activations.berzad)),
                   number(found.activations.auc, 3)});
  }
  return table;
}

std::string label(const Row& row) {
  return row.protection == "none" ? row.format : row.format + " + " + row.protection;
}

/// Of the plot of a format, or of "formats" and "boxes".
std::string figure_name(bool weights, const std::string& of) {
  std::string name = (weights ? "weights_" : "activations_") + of;
  std::erase_if(name, [](char c) { return c == '<' || c == '>' || c == ','; });
  return name;
}

/// Figures that an earlier run has left and this one does not draw.
void remove_figures(const std::filesystem::path& out) {
  std::vector<std::string> drawn{"formats", "boxes"};
  for (const Row& row : all_rows()) {
    drawn.push_back(row.format);
  }
  for (const std::string& of : drawn) {
    for (const bool weights : {true, false}) {
      std::error_code ignored;  // where it cannot be removed it is none of an earlier run
      std::filesystem::remove(out / (figure_name(weights, of) + ".svg"), ignored);
    }
  }
}

template <class Keep>
LinePlot curves(std::span<const Findings> findings, bool weights, std::string title, Keep keep) {
  LinePlot plot;
  plot.frame.title = std::move(title);
  for (const Findings& found : findings) {
    if (keep(found.row)) {
      const Sweep& sweep = weights ? found.weights : found.activations;
      plot.series.push_back(accuracy_series(
          label(found.row), with_fault_free(sweep.curve, found.fault_free_subset.rate()),
          found.row.format));
    }
  }
  if (plot.series.size() == 1) {  // which has no legend
    plot.frame.title += ": " + plot.series[0].name;
  }
  return plot;
}

BoxPlot boxes(std::span<const Findings> findings, bool weights, std::string title) {
  BoxPlot plot;
  plot.frame.title = std::move(title);
  for (const Findings& found : findings) {
    const bool kept =
        found.row.protection == "none" &&
        (found.row.format == "Fixed<8,6>" || found.row.format == "Fixed<5,4>" ||
         found.row.format.starts_with("Mono") || found.row.format.starts_with("MultiLevel"));
    if (kept) {
      std::vector<CurvePoint> curve = (weights ? found.weights : found.activations).curve;
      std::erase_if(curve, [](const CurvePoint& p) { return p.ber < 1e-4 || p.ber > 1e-2; });
      plot.series.push_back({found.row.format, accuracy_boxes(curve)});
    }
  }
  return plot;
}

}  // namespace

void write_results(const Options& options, std::span<const Findings> findings,
                   std::size_t test_pictures) {
  const Table table = make_table(findings);
  std::cout << '\n' << table.text() << '\n';
  write_table_csv(options, findings);
  write_curves_csv(options, findings);
  remove_figures(options.out);

  HtmlReport page("What survives bit flips: LeNet-5 in every format");
  std::vector<Fact> facts{{"command", options.command},
                          {"data", options.dataset},
                          {"seed", std::to_string(options.seed)},
                          {"trials per rate", std::to_string(options.trials)},
                          {"pictures per trial", std::to_string(options.images)}};
  const std::vector<Fact> machine = machine_facts();
  facts.insert(facts.end(), machine.begin(), machine.end());
  page.facts(facts);
  page.section("Formats and protections");
  page.table(
      table,
      "Accuracy without faults is that of all " + std::to_string(test_pictures) +
          " test pictures, with Wilson's interval. All else is measured against the accuracy "
          "without faults of the " +
          std::to_string(options.images) +
          " pictures of the trials: accuracy_subset of table.csv, the points at 0 of the plots. "
          "Tolerated BER: the largest rate of the grid before mean accuracy falls by more than a "
          "point. BERZAD: the largest rate whose 95 % interval (Student, as wide as if each trial "
          "had drawn its pictures) still reaches the accuracy without faults. AUC: area under mean "
          "accuracy against rate, linear, from 0 to the largest rate of the grid. Extra bits: "
          "copies, check bits and scales, in percent of the "
          "codes. A guard stands on weights and activations alike.");
  const auto add = [&](const std::string& name, const auto& plot, const std::string& caption) {
    const bool empty = plot.series.empty();
    if (!empty) {
      const std::string svg = render_svg(plot);
      write_file(options.out / (name + ".svg"), svg);
      page.figure(svg, caption);
    }
  };
  const std::string band = " Lines are means of the trials, bands 95 % intervals of the mean.";
  const auto unprotected = [](const Row& row) { return row.protection == "none"; };
  page.section("Faults in weights");
  add("weights_formats", curves(findings, true, "Flips in weights, no protection", unprotected),
      "Every bit of every parameter set, scales included, flips with the given rate." + band);
  std::vector<std::string> guarded;
  for (const Findings& found : findings) {
    if (found.row.protection != "none" &&
        std::ranges::find(guarded, found.row.format) == guarded.end()) {
      guarded.push_back(found.row.format);
    }
  }
  const auto per_format = [&](bool weights) {
    for (const std::string& format : guarded) {
      LinePlot plot =
          curves(findings, weights,
                 std::string(weights ? "Flips in weights, " : "Flips in activations, ") + format,
                 [&](const Row& row) { return row.format == format; });
      for (LineSeries& series : plot.series) {
        series.group.clear();
      }
      add(figure_name(weights, format), plot,
          format + " under its protections; check bits and copies are hit too." + band);
    }
  };
  per_format(true);
  if (const BoxPlot plot = boxes(findings, true, "Flips in weights: spread over trials");
      !plot.series.empty() && !plot.series.front().boxes.empty()) {
    add("weights_boxes", plot, "Quartiles, whiskers at 1.5 interquartile ranges, and outliers.");
  }
  page.section("Faults in activations");
  add("activations_formats",
      curves(findings, false, "Flips in activations, no protection", unprotected),
      "Every bit of what each layer reads flips with the given rate, anew for each picture." +
          band);
  per_format(false);
  page.write(options.out / "report.html");
  std::cout << "results: " << (options.out / "report.html").string() << ", table.csv, curves.csv\n";
}
