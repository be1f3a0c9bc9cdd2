// SPDX-License-Identifier: BSL-1.0
/// The journal of a campaign: its finished trials in one SQLite file that outlives a killed
/// process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <upset/campaign/journal_database.hpp>
#include <upset/campaign/outcome.hpp>
#include <upset/campaign/plan_text.hpp>

namespace upset {

/// A finished trial.
struct TrialRecord {
  std::uint64_t trial = 0;
  Outcomes outcomes{};

  [[nodiscard]] friend bool operator==(const TrialRecord&, const TrialRecord&) = default;
};

/// The part of a campaign that a journal is of; by default, all of it.
struct JournalShard {
  std::uint64_t index = 0;  ///< below `count`
  std::uint64_t count = 1;

  [[nodiscard]] std::string text() const {
    return std::to_string(index) + "/" + std::to_string(count);
  }
  /// What is wrong with it, as a sentence; empty if nothing is.
  [[nodiscard]] std::string problem() const {
    constexpr std::uint64_t most = 1'000'000;
    const std::string none = "there is no shard " + text() + "; ";
    return count == 0      ? none + "a campaign has at least one, 0/1"
           : count > most  ? none + "a campaign has " + std::to_string(most) + " at most"
           : index < count ? ""
                           : none + "count them from 0/" + std::to_string(count) + " to " +
                                 JournalShard{count - 1, count}.text();
  }
  [[nodiscard]] friend bool operator==(const JournalShard&, const JournalShard&) = default;
};

/// A journal to be read: of a campaign that is finished, interrupted or killed, not running.
///
/// - errors: throws `Error` when the file is missing, in use, damaged, no journal or of another
///           layout; not a byte of it changes
/// - cost:   opening reads the whole file, to find damage
class JournalReader {
 public:
  explicit JournalReader(const std::filesystem::path& file) : JournalReader(file, "BEGIN") {}

  [[nodiscard]] const std::filesystem::path& file() const { return database_.file(); }
  [[nodiscard]] PlanText plan() const { return pairs("plan"); }
  /// What the campaign ran on; a name has several values where it was resumed elsewhere.
  [[nodiscard]] PlanText environment() const { return pairs("environment"); }
  [[nodiscard]] JournalShard shard() const {
    detail::Statement row(database_, "SELECT * FROM shard");
    row.step();
    return {row.number(0), row.number(1)};
  }

  /// The numbers of the trials that are there, ascending.
  [[nodiscard]] std::vector<std::uint64_t> finished() const {
    std::vector<std::uint64_t> trials;
    detail::Statement row(database_, "SELECT trial FROM trials ORDER BY trial");
    while (row.step()) {
      trials.push_back(row.number(0));
    }
    return trials;
  }
  /// Calls `use(const TrialRecord&)` for all trials, ascending; only one is in memory.
  template <class Use>
  void for_each(Use use) const;
  [[nodiscard]] std::vector<TrialRecord> read() const {
    std::vector<TrialRecord> records;
    for_each([&](const TrialRecord& record) { records.push_back(record); });
    return records;
  }

  /// Throws `Error`, naming all that differs, unless this journal is of the plan `expected`, which
  /// is that of what `here` says: "here".
  void expect_plan(const PlanText& expected, const std::string& here) const;

 protected:
  JournalReader(const std::filesystem::path& file, const char* begin);

  detail::Database database_;

 private:
  [[nodiscard]] PlanText pairs(const std::string& table) const {
    PlanText pairs;
    detail::Statement row(database_, "SELECT name, value FROM " + table + " ORDER BY rowid");
    while (row.step()) {
      pairs.emplace_back(row.text(0), row.text(1));
    }
    return pairs;
  }
};

/// A journal to be written, by one thread at a time, and locked until it is destroyed: then the one
/// file is all there is. After a killed process a log lies beside it, which is part of it.
class Journal : public JournalReader {
 public:
  /// Begins a journal; once it is there it is whole, whatever happens.
  ///
  /// - errors: throws `Error` when the file exists or cannot be written
  [[nodiscard]] static Journal create(const std::filesystem::path& file, const PlanText& plan,
                                      const PlanText& environment, JournalShard shard = {});

  /// Goes on with a journal. Another environment is added to what it ran on: outcomes are integers
  /// that do not depend on it.
  ///
  /// - errors: throws `Error` as `JournalReader`, and when the journal is of another plan or shard,
  ///           or cannot be written; not a byte of the file changes
  [[nodiscard]] static Journal resume(const std::filesystem::path& file, const PlanText& plan,
                                      const PlanText& environment, JournalShard shard = {});

  /// Adds trials, all or none; once it returns, nothing takes them away. A trial that is there with
  /// the same outcomes stays.
  ///
  /// - errors: throws `Error` when a trial is there with other outcomes, or the disk is full; the
  ///           journal is then as before and can be used
  /// - cost:   one wait for the disk a call, whatever the number of trials
  void record(std::span<const TrialRecord> records);

 private:
  explicit Journal(const std::filesystem::path& file) : JournalReader(file, "BEGIN EXCLUSIVE") {}
};

}  // namespace upset

#include <upset/campaign/journal_impl.hpp>
