// SPDX-License-Identifier: BSL-1.0
// What becomes of the answers of a trained network when bits flip?
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "common/program.hpp"
#include "options.hpp"
#include "output.hpp"
#include "processes.hpp"
#include "subject.hpp"

#include <upset/campaign/engine.hpp>
#include <upset/campaign/journal_merge.hpp>
#include <upset/campaign/run.hpp>
#include <upset/campaign/stop_signals.hpp>
#include <upset/report/campaign_tables.hpp>
#include <upset/report/progress.hpp>

using namespace upset;

namespace {

void merge(const Options& options, CampaignSubject& subject, const TrialSource& source) {
  const PlanText plan = plan_text(subject.plan);
  for (const std::filesystem::path& part : options.merge) {
    JournalReader(part).expect_plan(plan, "here");
  }
  if (std::filesystem::exists(options.journal_file())) {
    throw Error(options.journal_file().string() +
                " exists already; give another --journal or --out");
  }
  prepare_out(options);
  merge_journals(options.merge, options.journal_file());
  const JournalReader journal(options.journal_file());
  const CampaignState state = campaign_state(source, subject.test.labels.size(), journal);
  write_results(options, subject, source, journal, state);
  if (!state.is_finished) {
    std::cout << grouped_text(state.all_trials - state.trials) << " of "
              << grouped_text(state.all_trials) << " trials are missing"
              << (subject.plan.margin ? " up to the next look: " : ": give all shards, or ")
              << "run what is left with the options of a journal, --journal "
              << options.journal_file().string() << " and --resume instead of --shard\n";
  }
}

/// The folder of the results is made when nothing else can be refused.
Journal open_journal(const Options& options, const PlanText& plan, const PlanText& environment) {
  const std::filesystem::path file = options.journal_file();
  if (options.resume) {
    Journal journal = Journal::resume(file, plan, environment, options.shard);
    prepare_out(options);
    return journal;
  }
  if (std::filesystem::exists(file)) {
    throw Error(file.string() +
                " exists already; give --resume to go on with it, or another --journal or --out");
  }
  prepare_out(options);
  return Journal::create(file, plan, environment, options.shard);
}

/// Returns the exit status.
int run(const Options& options, const Processes& processes) {
  CampaignSubject subject = make_subject(options);
  const TrialSource source(subject.plan, subject.network, subject.bits);
  if (!options.merge.empty() && processes.leads()) {
    merge(options, subject, source);
    return 0;
  }
  Engine engine(subject.network, subject.test,
                {.level = options.level(),
                 .threads = options.threads,
                 .verify = options.verify,
                 .verify_seed = subject.plan.seed});
  const TrialRunner local = run_on(engine, source);
  const PlanText plan = plan_text(subject.plan);
  if (!processes.leads()) {
    processes.serve(local, plan);
    return 0;
  }
  const StopSignals signals;
  Journal journal = open_journal(options, plan, subject.environment);
  std::optional<Progress> progress;
  RunOptions how{.shard = options.shard};
  const char* const what =
      subject.plan.margin ? "fault-images up to the next look" : "fault-images";
  how.begin = [&](std::uint64_t pairs) { progress.emplace(what, pairs); };
  how.finished = [&](std::uint64_t pairs) { progress->tick(pairs); };
  how.stop = [] { return StopSignals::received() != 0; };
  const CampaignState state =
      run_campaign(source, engine.images(), processes.lead(local, plan), journal, how);
  if (!state.is_finished) {
    progress.reset();
    std::cerr << "campaign: stopped; " << grouped_text(state.trials) << " of "
              << grouped_text(state.all_trials) << " trials are in "
              << options.journal_file().string() << ", go on with the same command and --resume\n";
    return 128 + StopSignals::received();
  }
  if (progress) {
    progress->finish();
  }
  write_results(options, subject, source, journal, state);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("campaign", [&] {
    const bool with_mpi = std::find(argv, argv + argc, std::string("--mpi")) != argv + argc;
    const Processes processes(with_mpi);
    try {
      return run(read_options(argc, argv), processes);
    } catch (const Error& error) {
      if (processes.leads()) {
        throw;
      }
      // what is wrong everywhere, the first process says; else it is told
      processes.serve([&](const auto&, const auto&) -> std::vector<Outcomes> { throw error; });
      return 0;
    }
  });
}
