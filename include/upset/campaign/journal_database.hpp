// SPDX-License-Identifier: BSL-1.0
/// SQLite as journals need it: one file, statements, transactions, and sentences for its errors.
#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sqlite3.h>

#include <upset/core/error.hpp>

namespace upset {

namespace detail {

/// The file is another process's.
struct InUse : Error {
  using Error::Error;
};

struct CloseDatabase {
  bool takes_up_log = false;
  void operator()(sqlite3* db) const {
    if (takes_up_log) {  // where this fails, the log stays, and is read by whoever opens the file
      sqlite3_exec(db, "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
    }
    sqlite3_close(db);
  }
};

class Statement;

/// A database file, open; for one thread at a time. Every failure is an `Error` that names the
/// file.
///
/// A file that was read is locked against writers, one that was written against everybody, until it
/// is closed; the locks are the kernel's, so a killed process leaves none.
class Database {
 public:
  enum class Missing : std::uint8_t { refused, created };

  explicit Database(std::filesystem::path file, Missing missing = Missing::refused)
      : file_(std::move(file)) {
    sqlite3* db = nullptr;
    const int flags =
        SQLITE_OPEN_READWRITE | (missing == Missing::created ? SQLITE_OPEN_CREATE : 0);
    // An absolute path, because SQLite gives a meaning to ":memory:".
    const int status =
        sqlite3_open_v2(std::filesystem::absolute(file_).c_str(), &db, flags, nullptr);
    db_.reset(db);
    if (missing == Missing::created && status == SQLITE_CANTOPEN) {  // SQLite hides the reason
      throw Error("Cannot create " + file_.string() +
                  "; choose a folder that exists and can be written");
    }
    expect(status == SQLITE_OK);
    // A file that is only looked at, or refused, keeps every byte: its log is read where it lies.
    expect(sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr) == SQLITE_OK);
    run("PRAGMA locking_mode = EXCLUSIVE");
    // FULL, not NORMAL: after a power cut too, no trial is lost. It costs 4 ms a transaction
    // instead of 0.1 (a virtual disk), and the trials of a transaction have taken longer than that.
    run("PRAGMA synchronous = FULL");
  }

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  /// Runs statements without parameters; rows are dropped.
  void run(const std::string& sql) {
    expect(sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  /// The first column of the first row, as text; empty where there is no row.
  [[nodiscard]] std::string text(const std::string& sql) const;

  /// How many rows the last statement wrote.
  [[nodiscard]] int changed_rows() const { return sqlite3_changes(db_.get()); }

  /// Writes go to a log beside the file from now on, which the file takes up when it is closed.
  void begin_log() {
    if (text("PRAGMA journal_mode = WAL") != "wal") {
      throw Error("Cannot write " + file_.string() + ": its folder takes no log of SQLite");
    }
    db_.get_deleter().takes_up_log = true;
  }

  void expect(bool success) const {
    if (!success) {
      fail();
    }
  }

 private:
  friend class Statement;
  [[noreturn]] void fail() const {
    const int code = sqlite3_errcode(db_.get()) & 0xFF;
    const int reason = sqlite3_system_errno(db_.get());
    const std::string name = file_.string();
    const std::string cause =
        reason == 0 ? sqlite3_errmsg(db_.get()) : std::generic_category().message(reason);
    switch (code) {
      case SQLITE_BUSY:
        throw InUse(name + " is in use by another process; wait until that has finished");
      case SQLITE_NOTADB:
        throw Error(name + " is not a journal of upset");
      case SQLITE_CORRUPT:
        throw Error(name + " is damaged; restore it from a copy or begin again");
      case SQLITE_READONLY:
        throw Error("Cannot write " + name + ": it or its folder is read-only");
      case SQLITE_FULL:
        throw Error("Cannot write " + name +
                    ": the disk is full; free some space and resume, what was recorded is kept");
      case SQLITE_CANTOPEN:
        if (reason == ENOENT && std::filesystem::exists(file_)) {
          throw Error("Cannot write " + name + ": its folder takes no file beside it; free some " +
                      "space or choose another folder");
        }
        throw Error("Cannot open " + name + ": " + cause);
      default:
        throw Error("Cannot use " + name + ": " + cause);
    }
  }

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, CloseDatabase> db_;
};

/// A statement and the row it stands on. Lives within its `Database`.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql) : database_(&database) {
    sqlite3_stmt* statement = nullptr;
    const int status = sqlite3_prepare_v2(database.db_.get(), sql.data(),
                                          static_cast<int>(sql.size()), &statement, nullptr);
    statement_.reset(statement);
    database.expect(status == SQLITE_OK);
  }

  /// Parameters and columns are counted from 0.
  void bind(int parameter, std::uint64_t number) {
    if (number > std::numeric_limits<std::int64_t>::max()) {
      throw Error("Cannot write " + database_->file().string() + ": " + std::to_string(number) +
                  " is more than SQLite can hold");
    }
    database_->expect(sqlite3_bind_int64(statement_.get(), parameter + 1,
                                         static_cast<std::int64_t>(number)) == SQLITE_OK);
  }
  void bind(int parameter, std::string_view text) {
    database_->expect(sqlite3_bind_text64(statement_.get(), parameter + 1, text.data(), text.size(),
                                          SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
  }
  /// Goes to the next row; after the last it returns false, and begins again when called again.
  bool step() {
    const int status = sqlite3_step(statement_.get());
    if (status != SQLITE_ROW) {
      database_->expect(status == SQLITE_DONE);
      sqlite3_reset(statement_.get());
    }
    return status == SQLITE_ROW;
  }
  /// Forgets the row, so that parameters can be bound anew.
  void reset() { sqlite3_reset(statement_.get()); }

  [[nodiscard]] std::uint64_t number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_.get(), column));
  }
  [[nodiscard]] std::string text(int column) const {
    const auto* const letters =
        reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return letters == nullptr ? ""
                              : std::string(letters, static_cast<std::size_t>(sqlite3_column_bytes(
                                                         statement_.get(), column)));
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

inline std::string Database::text(const std::string& sql) const {
  Statement statement(*this, sql);
  return statement.step() ? statement.text(0) : "";
}

/// Everything until `commit`, or nothing.
class Transaction {
 public:
  explicit Transaction(Database& database, const char* begin = "BEGIN EXCLUSIVE")
      : database_(&database) {
    database.run(begin);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (database_ != nullptr) {
      try {
        database_->run("ROLLBACK");
      } catch (const Error&) {  // SQLite has rolled back by itself, after a full disk
      }
    }
  }
  void commit() {
    database_->run("COMMIT");
    database_ = nullptr;
  }

 private:
  Database* database_;
};

}  // namespace detail

}  // namespace upset
