// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "names.hpp"

#include <upset/fault/site.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/summary.hpp>
#include <upset/report/csv.hpp>
#include <upset/report/html.hpp>
#include <upset/report/line_plot.hpp>
#include <upset/report/machine.hpp>
#include <upset/report/table.hpp>

using namespace upset;

namespace {

std::string rate_of(const GridRate& rate) {
  return rate.ber == 0 ? "0" : (rate.at_least ? ">= " : "") + rate_text(rate.ber);
}

Table main_table(std::span<const Findings> findings) {
  Table table({"network", "format", "guard", "extra bits %", "top-1 %", "95 % interval", "top-5 %",
               "95 % interval", "BERZAD", "seconds"});
  for (const Findings& found : findings) {
    const auto number = [](double x, int decimals) {
      return Cell::aligned_right(with_decimals(x, decimals));
    };
    const auto range = [](const Count& count) {
      const Interval interval = wilson(count.hits, count.total);
      return range_text(100 * interval.low, 100 * interval.high, 2);
    };
    table.add_row({found.network, found.format, found.guard, number(found.extra_bits_percent, 2),
                   number(100 * found.top1.rate(), 2), range(found.top1),
                   number(100 * found.top5.rate(), 2), range(found.top5),
                   Cell::aligned_right(rate_of(found.all.berzad)), number(found.seconds, 0)});
  }
  return table;
}

/// One row a position, one column a network and format.
Table bit_table(std::span<const Findings> findings) {
  std::vector<std::string> columns{"bit"};
  std::size_t positions = 0;
  for (const Findings& found : findings) {
    if (!found.by_bit.empty()) {
      columns.push_back(found.network + " " + found.format);
      positions = std::max(positions, found.by_bit.size());
    }
  }
  Table table(columns);
  for (std::size_t bit = 0; bit < positions; ++bit) {
    std::vector<Cell> row{bit};
    for (const Findings& found : findings) {
      if (!found.by_bit.empty()) {
        row.push_back(bit < found.by_bit.size()
                          ? Cell::aligned_right(rate_of(found.by_bit[bit].berzad))
                          : Cell());
      }
    }
    table.add_row(std::move(row));
  }
  return table;
}

void write_files(const Options& options, std::span<const Findings> findings) {
  CsvWriter rows(options.out / "table.csv",
                 {"network", "format", "guard", "extra_bits_percent", "top1", "top1_low",
                  "top1_high", "top5", "top5_low", "top5_high", "bit", "berzad",
                  "berzad_is_at_least", "experiments", "images", "seed"});
  CsvWriter points(options.out / "curves.csv",
                   {"network", "format", "guard", "bit", "ber", "experiment", "accuracy"});
  for (const Findings& found : findings) {
    const Interval top1 = wilson(found.top1.hits, found.top1.total);
    const Interval top5 = wilson(found.top5.hits, found.top5.total);
    std::vector<Curve> curves{found.all};
    curves.insert(curves.end(), found.by_bit.begin(), found.by_bit.end());
    for (const Curve& curve : curves) {
      const Cell bit = curve.bit < 0 ? Cell("all") : Cell(curve.bit);
      rows.row({found.network, found.format, found.guard, found.extra_bits_percent,
                found.top1.rate(), top1.low, top1.high, found.top5.rate(), top5.low, top5.high, bit,
                curve.berzad.ber, int{curve.berzad.at_least}, options.experiments, options.images,
                options.seed});
      for (const CurvePoint& point : curve.points) {
        for (std::size_t i = 0; i < point.accuracies.size(); ++i) {
          points.row(
              {found.network, found.format, found.guard, bit, point.ber, i, point.accuracies[i]});
        }
      }
    }
  }
  rows.close();
  points.close();
}

/// The plot of the findings of one network and format.
LinePlot plot_of(std::span<const Findings> findings) {
  LinePlot plot;
  plot.frame.title = findings[0].network + ", weights in " + findings[0].format;
  for (const Findings& found : findings) {
    const bool is_parity = found.guard == "weight" || found.guard == "64" || found.guard == "256";
    const std::string name = (is_parity ? "parity/" : "") + found.guard;
    plot.series.push_back(
        accuracy_series(name, with_fault_free(found.all.points, found.top1.rate())));
  }
  if (plot.series.size() == 1) {  // which has no legend
    plot.frame.title += ", guard " + plot.series[0].name;
  }
  return plot;
}

/// Lines over bits, which are tics of the y axis.
struct BitPlot {
  LinePlot lines;
  std::string tics;
};

std::string gnuplot_script(const BitPlot& plot) {
  return "set ytics font ',9' (" + plot.tics + ")\n" + gnuplot_script(plot.lines);
}

/// BERZAD at every bit of one format, a line a network.
BitPlot bit_plot(std::span<const Findings* const> findings) {
  LinePlot plot{.frame = {"BERZAD by bit, weights in " + findings[0]->format,
                          "bit error rate of the position that loses nothing", "bit"}};
  for (const Findings* found : findings) {
    LineSeries line{found->network, found->network, {}};
    LineSeries beyond{found->network + ", at least", found->network, {}};
    for (const Curve& curve : found->by_bit) {
      const double bit = curve.bit;
      (curve.berzad.at_least ? beyond : line).points.push_back({curve.berzad.ber, bit, bit, bit});
    }
    plot.series.push_back(line);
    if (!beyond.points.empty()) {
      plot.series.push_back(beyond);
    }
  }
  std::string tics;
  for (const Curve& curve : findings[0]->by_bit) {
    tics += (tics.empty() ? "" : ", ") +
            gnuplot_tic(std::to_string(curve.bit) + ' ' + std::string(role_name(curve.role))) +
            ' ' + std::to_string(curve.bit);
  }
  plot.y_low = -0.5;
  plot.y_high = static_cast<double>(findings[0]->by_bit.size()) - 0.5;
  return {std::move(plot), std::move(tics)};
}

/// The figure of each format that was studied by bit: SVG files, and parts of the page.
void add_bit_figures(const Options& options, std::span<const Findings> findings, HtmlReport& page) {
  std::map<std::string, std::vector<const Findings*>> by_format;
  for (const Findings& found : findings) {
    if (!found.by_bit.empty()) {
      by_format[found.format].push_back(&found);
    }
  }
  for (const auto& [format, of_format] : by_format) {
    const std::string svg = render_svg(bit_plot(of_format));
    write_file(options.out / ("bits_" + format + ".svg"), svg);
    page.figure(svg,
                "A rate at which accuracy is still unharmed, for flips of one position of "
                "unguarded weights in " +
                    format +
                    "; 0 where the least, 1e-9, already "
                    "harms, and at least 9e-1, the last, at the right edge.");
  }
}

/// Figures that an earlier study has left and this one does not draw.
void remove_figures(const std::filesystem::path& out) {
  std::vector<std::string> names = subject_names();
  names.insert(names.end(), {"random", "bits"});
  for (const std::string& name : names) {
    for (const std::string& format : format_names()) {
      std::error_code ignored;  // where it cannot be removed it is none of an earlier study
      std::filesystem::remove(out / (name + "_" + format + ".svg"), ignored);
    }
  }
}

}  // namespace

void write_results(const Options& options, std::span<const Findings> findings) {
  const Table table = main_table(findings);
  std::cout << '\n' << table.text() << '\n';
  write_files(options, findings);
  remove_figures(options.out);

  HtmlReport page("Parity hidden in weights: what it saves from bit flips");
  std::vector<Fact> facts{{"command", options.command},
                          {"seed", std::to_string(options.seed)},
                          {"experiments per point", std::to_string(options.experiments)},
                          {"pictures per experiment", std::to_string(options.images)}};
  const std::vector<Fact> machine = machine_facts();
  facts.insert(facts.end(), machine.begin(), machine.end());
  page.facts(facts);
  page.section("Networks, formats and guards");
  page.table(
      table,
      std::string("Guards: parity over a weight, 64 or 256 bits, held by giving away the "
                  "lowest bit of the word; and rivals, of which range reads what lies outside the "
                  "range of the weights as zero, and clamp as the nearer end. Extra bits are "
                  "those beyond the network without a guard, in percent of it. Faults hit ") +
          (options.all_memory
               ? "every bit of kernels, biases, scales and ranges, check bits and copies included. "
               : "every bit of the kernels, check bits and copies included; scales are spared, and "
                 "the ranges beside them. ") +
          "Accuracy without faults is that of the pictures "
          "of the experiments, with Wilson's intervals. BERZAD: the largest rate, to one digit, "
          "whose 95 % interval (Student, as wide as if each experiment had drawn its pictures) of "
          "mean top-1 accuracy reaches the one without faults; 0 where the least rate, 1e-9, "
          "already loses. int8 has a scale a tensor, as the paper, int8c one a "
          "channel; networks published in a format are as their files have them. A weight of "
          "one bit (w1a1) has none to give to a parity of its own.");
  page.section("Accuracy against bit error rate");
  for (std::size_t first = 0; first < findings.size();) {
    std::size_t last = first;
    while (last < findings.size() && findings[last].network == findings[first].network &&
           findings[last].format == findings[first].format) {
      ++last;
    }
    const LinePlot plot = plot_of(findings.subspan(first, last - first));
    const std::string svg = render_svg(plot);
    write_file(options.out / (findings[first].network + "_" + findings[first].format + ".svg"),
               svg);
    page.figure(svg,
                plot.frame.title +
                    ". Lines are means of the experiments, bands 95 % intervals of the mean; "
                    "a rate at which a quarter of the experiments are all at chance, or "
                    "between decades surely lose, has no more. Rates below a decade that loses "
                    "nothing are not looked at.");
    first = last;
  }
  if (options.by_bit) {
    const Table bits = bit_table(findings);
    std::cout << bits.text() << '\n';
    page.section("Which bit matters");
    page.table(bits,
               "BERZAD where flips hit one position of unguarded weights alone, as a share "
               "of the bits there; bit 0 is the lowest.");
    add_bit_figures(options, findings, page);
  }
  page.write(options.out / "report.html");
  std::cout << "results: " << (options.out / "report.html").string() << ", table.csv, curves.csv\n";
}
