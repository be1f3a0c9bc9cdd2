// SPDX-License-Identifier: BSL-1.0
/// How journals are laid out, read and written; included by journal.hpp only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <upset/campaign/journal.hpp>

namespace upset {

namespace detail {

inline constexpr std::string_view journal_id = "1970303860";  // "upst", SQLite's application_id
inline constexpr std::string_view journal_layout = "1";

/// The names of the tables and how they are made; a file whose tables were made otherwise is
/// refused.
[[nodiscard]] inline PlanText journal_tables() {
  std::string counts;
  for (const Outcomes::Field& field : Outcomes::fields()) {
    counts += ", " + std::string(field.name) + " INTEGER NOT NULL";
  }
  return {
      {"plan", "CREATE TABLE plan (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT"},
      {"environment",
       "CREATE TABLE environment (name TEXT, value TEXT, PRIMARY KEY (name, value)) STRICT"},
      {"shard", "CREATE TABLE shard (\"index\" INTEGER NOT NULL, count INTEGER NOT NULL) STRICT"},
      {"trials", "CREATE TABLE trials (trial INTEGER PRIMARY KEY" + counts + ") STRICT"}};
}

[[nodiscard]] inline TrialRecord trial_in(const Statement& row) {
  TrialRecord record{.trial = row.number(0)};
  int column = 0;
  for (const Outcomes::Field& field : Outcomes::fields()) {
    record.outcomes.*field.count = row.number(++column);
  }
  return record;
}

/// Adds trials to a database, within a transaction of the caller's.
class TrialWriter {
 public:
  explicit TrialWriter(const Database& database)
      : database_(&database),
        insert_(database, insertion()),
        find_(database, "SELECT * FROM trials WHERE trial = ?") {}

  /// - returns: empty, or where the trial is there with other outcomes: the first that differs
  [[nodiscard]] std::string write(const TrialRecord& record) {
    insert_.bind(0, record.trial);
    int column = 0;
    for (const Outcomes::Field& field : Outcomes::fields()) {
      insert_.bind(++column, record.outcomes.*field.count);
    }
    insert_.step();
    if (database_->changed_rows() == 1) {
      return {};
    }
    find_.bind(0, record.trial);
    find_.step();
    const Outcomes found = trial_in(find_).outcomes;
    find_.reset();
    for (const Outcomes::Field& field : Outcomes::fields()) {
      if (found.*field.count != record.outcomes.*field.count) {
        return std::string(field.name) + " is " + std::to_string(found.*field.count) +
               " there and " + std::to_string(record.outcomes.*field.count);
      }
    }
    return {};
  }

 private:
  [[nodiscard]] static std::string insertion() {
    std::string values = "?";
    for (std::size_t i = 0; i < Outcomes::fields().size(); ++i) {
      values += ", ?";
    }
    return "INSERT INTO trials VALUES (" + values + ") ON CONFLICT DO NOTHING";
  }

  const Database* database_;
  Statement insert_;
  Statement find_;
};

/// `insert` says into which table, and what becomes of pairs that are there already.
inline void add_pairs(const Database& database, const std::string& insert, const PlanText& pairs) {
  Statement add(database, insert + " VALUES (?, ?)");
  for (const auto& [name, value] : pairs) {
    add.bind(0, name);
    add.bind(1, value);
    add.step();
  }
}
inline void add_environment(const Database& database, const PlanText& environment) {
  add_pairs(database, "INSERT OR IGNORE INTO environment", environment);
}

/// Writes a new journal beside `file`, `fill` what is to be in it, and renames it when it is whole.
/// It is locked until it has its name, so that no second process writes the same one.
template <class Fill>
void build_journal(const std::filesystem::path& file, const char* advice, const PlanText& plan,
                   JournalShard shard, Fill fill) {
  const std::filesystem::path part = file.string() + ".part";
  Database database(part, Database::Missing::created);
  try {
    Transaction whole(database);
    if (std::filesystem::exists(file)) {
      throw Error(file.string() + " exists already; " + advice);
    }
    for (const auto& [table, sql] : journal_tables()) {
      database.run("DROP TABLE IF EXISTS " + table);  // of a process killed before the rename
      database.run(sql);
    }
    database.run("PRAGMA application_id = " + std::string(journal_id));
    database.run("PRAGMA user_version = " + std::string(journal_layout));
    add_pairs(database, "INSERT INTO plan", plan);
    database.run("INSERT INTO shard VALUES (" + std::to_string(shard.index) + ", " +
                 std::to_string(shard.count) + ")");
    fill(database);
    whole.commit();
    std::error_code problem;
    // Logs: done with, or of a file of this name that is gone; SQLite would apply them to this one.
    for (const char* const log : {".part-journal", "-journal", "-wal"}) {
      std::filesystem::remove(file.string() + log, problem);
    }
    std::filesystem::rename(part, file, problem);
    if (problem) {
      throw Error("Cannot write " + file.string() + ": " + problem.message());
    }
  } catch (const InUse&) {
    throw;
  } catch (...) {
    for (const char* const end : {"", "-journal"}) {
      std::error_code ignored;
      std::filesystem::remove(part.string() + end, ignored);
    }
    throw;
  }
}

}  // namespace detail

inline JournalReader::JournalReader(const std::filesystem::path& file, const char* begin)
    : database_(file) {
  detail::Transaction unchanging(database_, begin);
  const std::string name = file.string();
  if (database_.text("PRAGMA application_id") != detail::journal_id) {
    throw Error(name + " is not a journal of upset");
  }
  if (const std::string layout = database_.text("PRAGMA user_version");
      layout != detail::journal_layout) {
    throw Error(name + " has layout " + layout + " of another version of upset, this one knows " +
                std::string(detail::journal_layout) + "; use that version");
  }
  // SQLite reads what is missing of the last page as zeros; beside a log, the log has that page.
  const bool whole_pages =
      database_.text("PRAGMA journal_mode") == "wal" ||
      std::filesystem::file_size(file) % std::stoul(database_.text("PRAGMA page_size")) == 0;
  if (!whole_pages || database_.text("PRAGMA quick_check(1)") != "ok") {
    throw Error(name + " is damaged; restore it from a copy or begin again");
  }
  detail::Statement made(database_, "SELECT sql FROM sqlite_schema WHERE name = ?");
  for (const auto& [table, sql] : detail::journal_tables()) {
    made.bind(0, table);
    if (!made.step() || made.text(0) != sql) {
      throw Error(name + " is damaged: its table " + table +
                  " is missing or another; restore it from a copy or begin again");
    }
    made.reset();
  }
  unchanging.commit();
}

template <class Use>
void JournalReader::for_each(Use use) const {
  detail::Statement row(database_, "SELECT * FROM trials ORDER BY trial");
  while (row.step()) {
    use(detail::trial_in(row));
  }
}

inline void JournalReader::expect_plan(const PlanText& expected, const std::string& here) const {
  if (const std::string differences = plan_differences(plan(), expected, here);
      !differences.empty()) {
    throw Error("The journal " + file().string() + " is of another plan: " + differences);
  }
}

inline Journal Journal::create(const std::filesystem::path& file, const PlanText& plan,
                               const PlanText& environment, JournalShard shard) {
  detail::build_journal(file, "give --resume to go on with it, or another name", plan, shard,
                        [](detail::Database&) {});
  return resume(file, plan, environment, shard);
}

inline Journal Journal::resume(const std::filesystem::path& file, const PlanText& plan,
                               const PlanText& environment, JournalShard shard) {
  Journal journal(file);
  journal.expect_plan(plan, "here");
  if (journal.shard() != shard) {
    throw Error("The journal " + file.string() + " is of shard " + journal.shard().text() +
                ", this run of shard " + shard.text() + "; give each shard its own journal");
  }
  journal.database_.begin_log();
  detail::Transaction transaction(journal.database_);
  detail::add_environment(journal.database_, environment);
  transaction.commit();
  return journal;
}

inline void Journal::record(std::span<const TrialRecord> records) {
  detail::Transaction transaction(database_);
  detail::TrialWriter writer(database_);
  for (const TrialRecord& record : records) {
    if (const std::string difference = writer.write(record); !difference.empty()) {
      throw Error("Trial " + std::to_string(record.trial) + " contradicts " + file().string() +
                  ": " + difference + " here; find out why it does not repeat, and begin again");
    }
  }
  transaction.commit();
}

}  // namespace upset
