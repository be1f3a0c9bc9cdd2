// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "journals.hpp"
#include "subjects.hpp"
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <upset/campaign/engine.hpp>
#include <upset/campaign/journal_merge.hpp>
#include <upset/campaign/run.hpp>

namespace upset {
namespace {

using test::content;
using test::Folder;
using test::random_pictures;
using test::small_network;

constexpr std::size_t images = 6;

struct How {
  std::size_t threads = 1;
  RunOptions run{};
  bool resume = false;
};

CampaignState run(const CampaignPlan& plan, const std::filesystem::path& file,
                  const How& how = {}) {
  Network net = small_network();
  const TrialSource source(plan, net);
  Engine engine(net, random_pictures(Shape{12}, images), {.threads = how.threads});
  Journal journal = how.resume
                        ? Journal::resume(file, plan_text(plan), test::environment, how.run.shard)
                        : Journal::create(file, plan_text(plan), test::environment, how.run.shard);
  return run_campaign(source, images, run_on(engine, source), journal, how.run);
}

[[nodiscard]] std::vector<CampaignPlan> plans() {
  return {
      {.trials = 700},
      {.faults = FaultChoice::exhaustive},
      {.stratify = StratumOf::set, .trials = 500},
      {.faults = FaultChoice::ber, .rates = {1e-3, 1e-2}, .trials = 150},
      {.target = Target::activations, .trials = 100},
      {.target = Target::activations, .faults = FaultChoice::ber, .rates = {0.05}, .trials = 90}};
}

TEST_CASE("run: threads, chunks and shards leave the same journal") {
  for (const CampaignPlan& plan : plans()) {
    const Folder out;
    const CampaignState state = run(plan, out / "whole");
    CHECK(state.is_finished);
    CHECK(state.trials == state.all_trials);
    const auto whole = content(out / "whole");
    CHECK(whole.trials.size() == state.trials);
    (void)run(plan, out / "threads", {.threads = 2, .run = {.most_trials = 7}});
    CHECK(content(out / "threads") == whole);
    std::vector<std::filesystem::path> parts;
    for (std::uint64_t i = 0; i < 3; ++i) {
      parts.push_back(out / ("shard" + std::to_string(i)));
      const CampaignState part = run(plan, parts.back(), {.run = {.shard = {i, 3}}});
      CHECK(part.all_trials == content(parts.back()).trials.size());
    }
    merge_journals(parts, out / "merged");
    CHECK(content(out / "merged") == whole);
  }
}

TEST_CASE("run: stopped between chunks or within one, and resumed") {
  for (const CampaignPlan& plan : plans()) {
    const Folder out;
    (void)run(plan, out / "whole");
    for (const std::uint64_t pairs : {0U, 1U, 100U, 400U}) {
      CAPTURE(pairs);
      const auto file = out / ("stopped" + std::to_string(pairs));
      std::atomic<std::uint64_t> done{0};
      How how{.run = {.most_trials = 20}};
      how.run.finished = [&](std::uint64_t n) { done += n; };
      how.run.stop = [&] { return done >= pairs; };
      const CampaignState state = run(plan, file, how);
      CHECK_FALSE(state.is_finished);
      CHECK(state.trials == content(file).trials.size());
      CHECK(state.trials < state.all_trials);
      std::uint64_t begun = 0;
      How rest{.resume = true};
      rest.run.begin = [&](std::uint64_t n) { begun += n; };
      CHECK(run(plan, file, rest).is_finished);
      CHECK(begun == (state.all_trials - state.trials) * images);
      CHECK(content(file) == content(out / "whole"));
    }
  }
}

// The child is killed with no time to clear up, as early and as late as the journal shows.
TEST_CASE("run: killed and resumed") {
  const CampaignPlan plan{.trials = 700};
  const Folder out;
  (void)run(plan, out / "whole");
  for (const std::uint64_t after : {0U, 30U, 3000U}) {
    CAPTURE(after);
    const auto file = out / ("killed" + std::to_string(after));
    const pid_t child = fork();
    if (child == 0) {
      std::uint64_t done = 0;
      How how{.run = {.most_trials = 20}};
      how.run.finished = [&](std::uint64_t n) {
        done += n;
        if (done > after) {
          raise(SIGKILL);
        }
      };
      (void)run(plan, file, how);
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    const std::size_t kept = content(file).trials.size();
    CHECK(kept < 700);
    CHECK((after < 100 || kept > 300));
    CHECK(run(plan, file, {.resume = true}).is_finished);
    CHECK(content(file) == content(out / "whole"));
  }
}

TEST_CASE("run: a margin ends at a look, the same however it is run") {
  for (const auto stratify : {std::optional<StratumOf>{}, std::optional(StratumOf::layer)}) {
    const CampaignPlan plan{.stratify = stratify, .margin = 0.15, .confidence = 0.9};
    const Folder out;
    const CampaignState state = run(plan, out / "whole");
    REQUIRE(state.interval);
    CHECK(state.interval->high - state.interval->low <= 0.3);
    CHECK(state.trials >= 100);
    CHECK(content(out / "whole").trials.back().trial + 1 == state.trials);
    How stopped{.run = {.most_trials = 9}};
    std::uint64_t done = 0;
    stopped.run.finished = [&](std::uint64_t n) { done += n; };
    stopped.run.stop = [&] { return done > 110 * images; };
    (void)run(plan, out / "stopped", stopped);
    const CampaignState resumed = run(plan, out / "stopped", {.threads = 2, .resume = true});
    CHECK(content(out / "stopped") == content(out / "whole"));
    CHECK(resumed.interval->low == state.interval->low);
  }
  const Folder out;
  // Fewer bits than the rule asks for: all of them, and no doubt is left.
  for (const auto stratify : {std::optional<StratumOf>{}, std::optional(StratumOf::set)}) {
    const auto file = out / (stratify ? "strata" : "all");
    const CampaignState all = run({.bits = {7}, .stratify = stratify, .margin = 0.02}, file);
    CHECK(all.is_finished);
    CHECK(all.trials == 12 * 6 + 6 + 6 * 4 + 4);
    Outcomes sum;
    for (const TrialRecord& trial : content(file).trials) {
      sum += trial.outcomes;
    }
    const double share = static_cast<double>(sum.critical) / static_cast<double>(sum.images);
    REQUIRE(all.interval);
    CHECK(all.interval->low == doctest::Approx(share).epsilon(1e-12));
    CHECK(all.interval->high == doctest::Approx(share).epsilon(1e-12));
  }
}

TEST_CASE("run: shards that do not exist, and margins in shards, are refused") {
  const Folder out;
  CHECK_THROWS_WITH(run({.trials = 5}, out / "a", {.run = {.shard = {3, 3}}}),
                    "A campaign cannot be run: there is no shard 3/3; count them from 0/3 to 2/3");
  CHECK(JournalShard{2, 3}.problem() == "");
  CHECK(JournalShard{0, 0}.problem() == "there is no shard 0/0; a campaign has at least one, 0/1");
  CHECK(JournalShard{0, 1U << 31}.problem() ==
        "there is no shard 0/2147483648; a campaign has 1000000 at most");
  CHECK_THROWS_AS(run({.margin = 0.1}, out / "b", {.run = {.shard = {0, 2}}}), Error);
}

}  // namespace
}  // namespace upset
