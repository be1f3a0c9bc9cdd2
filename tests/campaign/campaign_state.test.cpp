// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "journals.hpp"
#include "subjects.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/campaign_state.hpp>
#include <upset/campaign/journal_merge.hpp>
#include <upset/campaign/run.hpp>

namespace upset {
namespace {

constexpr std::uint64_t state_images = 6;

// Half of the trials are critical on every picture.
[[nodiscard]] std::vector<Outcomes> every_other(
    std::span<const std::uint64_t> trials, const std::function<void(std::uint64_t)>& finished) {
  std::vector<Outcomes> outcomes;
  for (const std::uint64_t trial : trials) {
    outcomes.push_back({.images = state_images, .critical = trial % 2 * state_images});
    finished(state_images);
  }
  return outcomes;
}

TEST_CASE("campaign state: that of a journal is what whoever ran it was told") {
  Network net = test::small_network();
  const TrialSource source({.margin = 0.1, .confidence = 0.9}, net);
  const test::Folder out;
  // before the first look, behind it, and to the end
  for (const std::uint64_t most : {20U, 110U, 5000U}) {
    CAPTURE(most);
    Journal journal = Journal::create(out / std::to_string(most), plan_text(source.plan()), {}, {});
    std::uint64_t done = 0;
    RunOptions how{.most_trials = 9};
    how.finished = [&](std::uint64_t n) { done += n; };
    how.stop = [&] { return done > most * state_images; };
    const CampaignState state = run_campaign(source, state_images, every_other, journal, how);
    const CampaignState read = campaign_state(source, state_images, journal);
    CHECK(read.is_finished == state.is_finished);
    CHECK(read.trials == state.trials);
    CHECK(read.all_trials == state.all_trials);
    CHECK(read.interval == state.interval);
    CHECK(read.fixed_trials == state.fixed_trials);
    CHECK(read.is_finished == (most == 5000));
    CHECK(read.interval.has_value() == (most > 100));
    CHECK(read.fixed_trials == (most > 100 ? sample_size(source.size(), 0.1, 0.9) : 0));
  }
}

TEST_CASE("campaign state: shards are complete by themselves, and not when merged") {
  Network net = test::small_network();
  const TrialSource source({.trials = 100}, net);
  const test::Folder out;
  {
    Journal journal = Journal::create(out / "shard", plan_text(source.plan()), {}, {1, 3});
    (void)run_campaign(source, state_images, every_other, journal, {.shard = {1, 3}});
  }
  const CampaignState shard = campaign_state(source, state_images, JournalReader(out / "shard"));
  CHECK(shard.is_finished);
  CHECK(shard.all_trials == 33);
  CHECK_FALSE(shard.interval);
  merge_journals(std::vector<std::filesystem::path>{out / "shard"}, out / "merged");
  const CampaignState merged = campaign_state(source, state_images, JournalReader(out / "merged"));
  CHECK_FALSE(merged.is_finished);
  CHECK(merged.trials == 33);
  CHECK(merged.all_trials == 100);
}

}  // namespace
}  // namespace upset
