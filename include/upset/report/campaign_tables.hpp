// SPDX-License-Identifier: BSL-1.0
/// A campaign as tables for terminal and page, and as CSV files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <upset/campaign/breakdown.hpp>
#include <upset/campaign/outcome.hpp>
#include <upset/core/error.hpp>
#include <upset/fault/site.hpp>
#include <upset/metric/interval.hpp>
#include <upset/report/cell.hpp>
#include <upset/report/csv.hpp>
#include <upset/report/table.hpp>

namespace upset {

/// A share from 0 to 1 in percent, as people read it: exactly 0 is "0", and nothing else is.
[[nodiscard]] inline std::string percent_text(double share) {
  const double percent = 100 * share;
  return percent == 0 ? "0" : percent < 0.001 ? rate_text(percent, 2) : with_decimals(percent, 3);
}

/// The ends of an interval of a share in percent: "0.021..0.145"; empty without an interval.
[[nodiscard]] inline std::string percent_text(const std::optional<Interval>& interval) {
  return interval ? percent_text(interval->low) + ".." + percent_text(interval->high) : "";
}

/// The interval of all faults, each of whose strata was tried, or why there is none.
[[nodiscard]] inline std::string interval_text(const Breakdown& found) {
  if (const auto interval = found.interval(&Outcomes::critical)) {
    return "95 % interval " + percent_text(interval);
  }
  return found.drawn() == Drawn::whole ? "every fault tried"
                                       : "no interval: the faults were not drawn at random";
}

/// Why no share of all faults is known; empty where one is.
[[nodiscard]] inline std::string untried_text(const Breakdown& found) {
  const std::size_t stratum = found.untried();
  return stratum == found.strata().size() ? ""
                                          : "no share of all faults, for none in stratum " +
                                                found.strata()[stratum].name + " was tried";
}

/// "1,200 trials x 1,000 pictures = 1,200,000 fault-images: 1.311 % critical (95 % interval
/// 0.810..2.107), 18.589 % changed, 80.100 % masked": what a campaign found, in a line.
[[nodiscard]] inline std::string campaign_line(const Breakdown& found) {
  const TrialSum& total = found.total();
  const auto counted = [](std::uint64_t count, const char* what) {
    return grouped_text(count) + " " + what + (count == 1 ? "" : "s");
  };
  const std::string text = counted(total.trials, "trial") + " x " +
                           counted(found.images_per_trial(), "picture") + " = " +
                           counted(total.outcomes.images, "fault-image");
  if (total.trials == 0) {
    return text;
  }
  if (const std::string why = untried_text(found); !why.empty()) {
    return text + ": " + why;
  }
  const auto share = [&](std::uint64_t Outcomes::*count) {
    return percent_text(found.share(count));
  };
  return text + (found.strata().empty() ? "" : ", each stratum by its bits") + ": " +
         share(&Outcomes::critical) + " % critical (" + interval_text(found) + "), " +
         share(&Outcomes::changed) + " % changed, " + share(&Outcomes::masked) + " % masked";
}

namespace detail {

// Outcomes that are a share of the fault-images. Pixels are not: a picture has many.
[[nodiscard]] inline std::vector<Outcomes::Field> share_fields() {
  std::vector<Outcomes::Field> fields;
  for (const Outcomes::Field& field : Outcomes::fields()) {
    if (field.count != &Outcomes::images && field.count != &Outcomes::critical_pixels) {
      fields.push_back(field);
    }
  }
  return fields;
}

inline void append_counts(std::vector<Cell>& row, const Outcomes& outcomes) {
  for (const Outcomes::Field& field : Outcomes::fields()) {
    row.emplace_back(outcomes.*field.count);
  }
}

inline void append_count_names(std::vector<std::string>& columns) {
  for (const Outcomes::Field& field : Outcomes::fields()) {
    columns.emplace_back(field.name);
  }
}

}  // namespace detail

/// What became of all fault-images: a row for each outcome, with its share and interval.
[[nodiscard]] inline Table outcome_table(const Breakdown& found) {
  std::vector<std::string> columns{"outcome", "fault-images", "%"};
  const bool has_intervals = found.drawn() == Drawn::at_random;
  if (has_intervals) {
    columns.emplace_back("95 % interval");
  }
  Table table(std::move(columns));
  const bool is_known = found.total().trials > 0 && untried_text(found).empty();
  for (const Outcomes::Field& field : detail::share_fields()) {
    std::vector<Cell> row{
        field.name, Cell::aligned_right(grouped_text(found.total().outcomes.*field.count)),
        is_known ? Cell::aligned_right(percent_text(found.share(field.count))) : Cell("")};
    if (has_intervals) {
      row.emplace_back(is_known ? percent_text(found.interval(field.count)) : "");
    }
    table.add_row(std::move(row));
  }
  return table;
}

/// Shares of masked, changed and critical fault-images in percent, and of what else occurred among
/// all that was found, in rows whose names are of these columns.
[[nodiscard]] inline Table share_table(const Breakdown& found, std::vector<std::string> columns,
                                       const std::vector<BreakdownRow>& rows) {
  columns.emplace_back("trials");
  const bool has_intervals = found.drawn() == Drawn::at_random;
  std::vector<Outcomes::Field> fields;
  for (const Outcomes::Field& field : detail::share_fields()) {
    const bool always = field.count == &Outcomes::masked || field.count == &Outcomes::changed ||
                        field.count == &Outcomes::critical;
    if (always || found.total().outcomes.*field.count > 0) {
      fields.push_back(field);
      columns.push_back(std::string(field.name) + " %");
      if (field.count == &Outcomes::critical && has_intervals) {
        columns.emplace_back("95 % interval");
      }
    }
  }
  Table table(std::move(columns));
  for (const BreakdownRow& part : rows) {
    std::vector<Cell> row(part.names.begin(), part.names.end());
    row.push_back(Cell::aligned_right(grouped_text(part.sum.trials)));
    for (const Outcomes::Field& field : fields) {
      row.push_back(Cell::aligned_right(percent_text(found.share(part, field.count))));
      if (field.count == &Outcomes::critical && has_intervals) {
        row.emplace_back(percent_text(found.interval(part, field.count)));
      }
    }
    table.add_row(std::move(row));
  }
  return table;
}

/// `share_table` of rows told apart by `by`.
[[nodiscard]] inline Table breakdown_table(const Breakdown& found, const std::vector<By>& by) {
  std::vector<std::string> columns;
  for (const By part : by) {
    columns.emplace_back(by_name(part));
  }
  return share_table(found, std::move(columns), found.rows(by));
}

/// Writes counts and critical shares of rows told apart by `by`, of strata their bits too; the
/// interval is empty where there is none. Throws as `CsvWriter`.
inline void write_breakdown_csv(const std::filesystem::path& path, const Breakdown& found,
                                const std::vector<By>& by) {
  std::vector<std::string> columns;
  for (const By part : by) {
    columns.emplace_back(by_name(part));
  }
  const bool is_of_strata = by == std::vector{By::stratum};
  if (is_of_strata) {
    columns.emplace_back("bits");
  }
  columns.emplace_back("trials");
  detail::append_count_names(columns);
  columns.insert(columns.end(), {"critical_share", "critical_low", "critical_high"});
  CsvWriter csv(path, columns);
  for (const BreakdownRow& part : found.rows(by)) {
    std::vector<Cell> row(part.names.begin(), part.names.end());
    if (is_of_strata) {
      row.emplace_back(found.strata()[part.parts.begin()->first].bits);
    }
    row.emplace_back(part.sum.trials);
    detail::append_counts(row, part.sum.outcomes);
    row.emplace_back(found.share(part, &Outcomes::critical));
    const auto interval = found.interval(part, &Outcomes::critical);
    row.push_back(interval ? Cell(interval->low) : Cell(""));
    row.push_back(interval ? Cell(interval->high) : Cell(""));
    csv.row(row);
  }
  csv.close();
}

/// One trial of a campaign.
struct CampaignTrial {
  std::uint64_t number = 0;
  std::optional<double> ber{};  ///< where the faults were drawn by a bit error rate
  std::uint64_t flips = 1;      ///< bits flipped
  std::optional<Site> site{};   ///< where the fault is, if there is one; of a burst, its first bit
  std::size_t stratum = 0;      ///< it was drawn from
  Outcomes outcomes{};
};

/// Writes trials as they come; the file appears when `close` is called.
///
/// - errors: throws as `CsvWriter`, and for a site in a set that does not exist
class TrialsCsv {
 public:
  /// `sets`: names of the parameter sets that sites count; `strata`: those drawn from, if any.
  TrialsCsv(std::filesystem::path path, std::vector<std::string> sets,
            std::vector<StratumSize> strata = {})
      : sets_(std::move(sets)), strata_(std::move(strata)), csv_(std::move(path), columns()) {}

  void row(const CampaignTrial& trial) {
    std::vector<Cell> row{trial.number, trial.ber ? Cell(*trial.ber) : Cell(""), trial.flips};
    if (trial.site) {
      const Site& site = *trial.site;
      if (site.set >= sets_.size()) {
        throw Error("Trial " + std::to_string(trial.number) + " has its fault in parameter set " +
                    std::to_string(site.set) + " of " + std::to_string(sets_.size()) +
                    "; name the sets of the fault space it was drawn from");
      }
      row.insert(row.end(), {sets_[site.set], site.element, site.bit, role_name(site.role)});
    } else {
      row.resize(row.size() + 4);
    }
    row.push_back(strata_.empty() ? Cell("") : Cell(strata_.at(trial.stratum).name));
    detail::append_counts(row, trial.outcomes);
    csv_.row(row);
  }
  void close() { csv_.close(); }

 private:
  [[nodiscard]] static std::vector<std::string> columns() {
    std::vector<std::string> names{"trial",   "ber", "flips", "set",
                                   "element", "bit", "role",  "stratum"};
    detail::append_count_names(names);
    return names;
  }

  std::vector<std::string> sets_;
  std::vector<StratumSize> strata_;
  CsvWriter csv_;
};

}  // namespace upset
