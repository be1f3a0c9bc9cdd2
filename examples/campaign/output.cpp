// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <upset/campaign/breakdown.hpp>
#include <upset/report/campaign_page.hpp>
#include <upset/report/outcome_list.hpp>

using namespace upset;

namespace {

/// What listed faults make of their elements, without outcomes. A parameter set is read once for
/// all faults in different words.
std::vector<ListedOutcome> listed_values(Network& network, const std::vector<std::uint64_t>& bits) {
  struct Fault {
    std::size_t row;
    std::uint64_t bit;
    std::uint64_t element;
  };
  const FaultSpace space(network.images());
  std::map<MemoryImage*, std::map<std::uint64_t, std::vector<Fault>>> faults;  // by word
  for (std::size_t row = 0; row < bits.size(); ++row) {
    const FaultSpace::Place at = space.place(bits[row]);
    const BitLocation where = at.image->locate(at.bit);
    faults[at.image][where.word].push_back({row, at.bit, where.element});
  }
  std::vector<ListedOutcome> listed(bits.size());
  for (const auto& [image, words] : faults) {
    std::vector<float> before(image->layout().elements);
    std::vector<float> after(before.size());
    image->decode(before);
    for (std::size_t turn = 0;; ++turn) {
      std::vector<Fault> now;
      for (const auto& [word, each] : words) {
        if (turn < each.size()) {
          now.push_back(each[turn]);
          image->flip(each[turn].bit);
        }
      }
      if (now.empty()) {
        break;
      }
      image->decode(after);
      for (const Fault& fault : now) {
        image->flip(fault.bit);
        listed[fault.row].old_value = before[fault.element];
        listed[fault.row].new_value = after[fault.element];
      }
    }
  }
  return listed;
}

std::vector<StratumSize> sizes_of_strata(const TrialSource& source) {
  std::vector<StratumSize> sizes;
  for (const Stratum& stratum : source.strata()) {
    sizes.push_back({stratum.name, stratum.space.bit_count()});
  }
  return sizes;
}

}  // namespace

void prepare_out(const Options& options) {
  BarPlot plot;
  plot.bars.push_back({"", 0, 0, 0});
  (void)render_svg(plot);  // throws without gnuplot, which is better known before than after
  std::error_code problem;
  std::filesystem::create_directories(options.out, problem);
  if (problem) {
    throw Error("--out: cannot make the folder " + options.out.string() + ": " + problem.message() +
                "; choose another");
  }
  OutputFile probe(options.out / "trials.csv");  // throws where nothing can be written
}

void write_results(const Options& options, CampaignSubject& subject, const TrialSource& source,
                   const JournalReader& journal, const CampaignState& state) {
  const FaultChoice faults = source.plan().faults;
  const bool is_whole =
      state.is_finished && journal.shard().count == 1 &&
      (faults == FaultChoice::exhaustive ||
       (faults == FaultChoice::single && state.trials == source.space().bit_count()));
  const bool is_in_order = faults == FaultChoice::exhaustive || faults == FaultChoice::file;
  const Drawn drawn = is_whole ? Drawn::whole : is_in_order ? Drawn::in_order : Drawn::at_random;
  CampaignReport report{
      .title = std::filesystem::path(options.subject.network).filename().string() + " in " +
               subject.format +
               (options.subject.guard == "none" ? "" : " under " + options.subject.guard) +
               (options.subject.is_initial() ? ", untrained (initial weights)" : ""),
      .command = options.command,
      .seed = source.plan().seed,
      .environment = {},
      .found = Breakdown(source.sets(), drawn, sizes_of_strata(source), source.plan().stratify),
      // other strata are rows of tables anyway
      .shows_strata = source.plan().stratify == StratumOf::value};
  for (const auto& [name, value] : journal.plan()) {
    // the seed stands above, and how many trials a margin takes is not planned
    if (value != "none" && name != "seed" && !(name == "trials" && source.plan().margin)) {
      report.plan.push_back({name, value});
    }
  }
  for (const auto& [name, value] : journal.environment()) {
    report.environment.push_back({name, value});
  }
  report.fault_free = correct_predictions(
      classify_all(subject.network, subject.test.images, options.threads), subject.test.labels);

  TrialsCsv csv(options.out / "trials.csv", source.sets(), report.found.strata());
  std::vector<ListedOutcome> listed = listed_values(subject.network, subject.bits);
  journal.for_each([&](const TrialRecord& record) {
    const CampaignTrial trial{.number = record.trial,
                              .ber = source.rate(record.trial),
                              .flips = source.flips(record.trial, subject.test.labels.size()),
                              .site = source.site(record.trial),
                              .stratum = source.stratum(record.trial),
                              .outcomes = record.outcomes};
    report.add(trial);
    csv.row(trial);
    if (!subject.list.empty()) {
      listed[record.trial].outcomes = record.outcomes;
    }
  });
  csv.close();
  const bool has_list = !listed.empty() && state.trials == listed.size();
  std::error_code ignored;  // that of an earlier campaign
  std::filesystem::remove(options.out / "outcomes.csv", ignored);
  if (has_list) {
    write_outcomes(options.out / "outcomes.csv", subject.list, listed);
  }

  std::string estimate;
  const auto range = [](const Interval& interval) { return percent_text(std::optional(interval)); };
  if (state.interval) {
    estimate = "within " + range(*state.interval) + " %, in " +
               detail::exact_text(100 * source.plan().confidence) + " % of campaigns; " +
               grouped_text(state.trials) + " trials, " + grouped_text(state.fixed_trials) +
               " had their number been fixed beforehand";
  } else if (const auto rate = report.found.stratified(&Outcomes::critical);
             rate && drawn == Drawn::at_random) {
    estimate = percent_text(report.found.share(&Outcomes::critical)) + " % (95 % interval " +
               range(rate->interval) + "; whatever the outcomes " + range(rate->conservative) + ")";
  }
  if (!estimate.empty()) {
    report.plan.push_back({"critical share of all bits", estimate});
  }
  const std::string accuracy = with_decimals(100 * report.fault_free.rate(), 2) + " % of " +
                               grouped_text(report.fault_free.total) + " pictures";
  std::cout << report.title << "; without faults " << accuracy << " are classified correctly\n\n"
            << campaign_text(report);
  if (!estimate.empty()) {
    std::cout << "\nCritical share of all bits, each with its weight: " << estimate << '\n';
  }
  if (!state.is_finished) {
    report.plan.push_back({"trials not yet run", grouped_text(state.all_trials - state.trials)});
  }
  write_campaign(report, options.out);
  std::cout << "\nresults: " << (options.out / "report.html").string() << ", trials.csv"
            << (report.rates.empty()
                    ? ", layers.csv, sets.csv, roles.csv, bits.csv, layer_bits.csv, set_bits.csv"
                    : "")
            << (source.strata().empty() ? "" : ", strata.csv") << (has_list ? ", outcomes.csv" : "")
            << "; journal " << options.journal_file().string() << '\n';
}
