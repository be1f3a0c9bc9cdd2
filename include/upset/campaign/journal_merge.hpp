// SPDX-License-Identifier: BSL-1.0
/// The journals of the shards of a campaign, made into the journal of the whole.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/campaign/journal.hpp>

namespace upset {

/// Writes to `out`, whole or not at all, what an unsharded run would have written: the trials of
/// all `parts`, in any order. Shards may be unfinished or missing; the journal is then unfinished
/// too, and can be resumed.
///
/// - errors: throws `Error` when a part cannot be read, is of another plan or number of shards, of
/// a
///           shard that is there already, or contradicts another; when `out` exists
inline void merge_journals(std::span<const std::filesystem::path> parts,
                           const std::filesystem::path& out) {
  std::vector<JournalReader> shards(parts.begin(), parts.end());
  if (shards.empty()) {
    throw Error("Cannot write " + out.string() + ": there is no journal to merge; name some");
  }
  std::ranges::stable_sort(shards, {},
                           [](const JournalReader& part) { return part.shard().index; });
  const JournalReader& first = shards.front();
  for (std::size_t i = 1; i < shards.size(); ++i) {
    const JournalReader& part = shards[i];
    part.expect_plan(first.plan(), "in " + first.file().string());
    if (part.shard().count != first.shard().count ||
        part.shard().index == shards[i - 1].shard().index) {
      throw Error("Cannot merge " + shards[i - 1].file().string() + ", shard " +
                  shards[i - 1].shard().text() + ", and " + part.file().string() + ", shard " +
                  part.shard().text() + "; give one journal of each shard of one campaign");
    }
  }
  detail::build_journal(
      out, "choose another name", first.plan(), {}, [&](detail::Database& database) {
        detail::TrialWriter writer(database);
        for (const JournalReader& part : shards) {
          detail::add_environment(database, part.environment());
          part.for_each([&](const TrialRecord& record) {
            if (const std::string difference = writer.write(record); !difference.empty()) {
              throw Error("Trial " + std::to_string(record.trial) + " of " + part.file().string() +
                          " contradicts that of another shard: " + difference +
                          " here; run both shards again");
            }
          });
        }
      });
}

}  // namespace upset
