// SPDX-License-Identifier: BSL-1.0
/// What the tests of journals share: trials, and an operating system that refuses.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <upset/campaign/journal.hpp>

namespace upset::test {

// Waits for a disk are most of the time of these tests, and a killed process does not need them.
inline const bool kept_in_memory =
    access("/dev/shm", W_OK) == 0 && setenv("TMPDIR", "/dev/shm", 0) == 0;

inline const PlanText plan{{"network", "resnet20"}, {"seed", "1"}, {"images", "100"}};
inline const PlanText environment{{"compiler", "GCC 12"}, {"processor", "a fast one"}};

[[nodiscard]] inline TrialRecord trial(std::uint64_t number) {
  TrialRecord record{.trial = number};
  std::uint64_t count = number * 7;
  for (const Outcomes::Field& field : Outcomes::fields()) {
    record.outcomes.*field.count = count++ % 100;
  }
  return record;
}

/// Trials `first`, `first + step`, ... below `end`.
[[nodiscard]] inline std::vector<TrialRecord> trials(std::uint64_t first, std::uint64_t end,
                                                     std::uint64_t step = 1) {
  std::vector<TrialRecord> records;
  for (std::uint64_t number = first; number < end; number += step) {
    records.push_back(trial(number));
  }
  return records;
}

/// All that a journal says.
struct Content {
  PlanText plan;
  PlanText environment;
  JournalShard shard;
  std::vector<TrialRecord> trials;

  [[nodiscard]] friend bool operator==(const Content&, const Content&) = default;
};

[[nodiscard]] inline Content content(const std::filesystem::path& file) {
  const JournalReader journal(file);
  return {journal.plan(), journal.environment(), journal.shard(), journal.read()};
}

/// A folder that is there as long as this object.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("run." + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// SQLite asks the operating system through functions that can be exchanged: `before` runs ahead of
/// each call that changes a file, and where it returns an error, that is what the call comes to.
class Calls {
 public:
  explicit Calls(int (*before)()) {
    before_ = before;
    set("open", reinterpret_cast<sqlite3_syscall_ptr>(&open_file));
    set("write", reinterpret_cast<sqlite3_syscall_ptr>(&write_bytes));
    set("pwrite", reinterpret_cast<sqlite3_syscall_ptr>(&write_bytes_at));
    set("pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(&write_bytes_at));
    set("ftruncate", reinterpret_cast<sqlite3_syscall_ptr>(&truncate_file));
    set("unlink", reinterpret_cast<sqlite3_syscall_ptr>(&unlink_file));
  }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;
  ~Calls() {
    for (const char* const name : {"open", "write", "pwrite", "pwrite64", "ftruncate", "unlink"}) {
      set(name, nullptr);
    }
  }

 private:
  static void set(const char* name, sqlite3_syscall_ptr call) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    vfs->xSetSystemCall(vfs, name, call);
  }
  static bool refused() {
    if (const int error = before_(); error != 0) {
      errno = error;
      return true;
    }
    return false;
  }
  static int open_file(const char* path, int flags, int mode) {
    return (flags & O_ACCMODE) != O_RDONLY && refused() ? -1 : ::open(path, flags, mode);
  }
  static ssize_t write_bytes(int file, const void* bytes, std::size_t count) {
    return refused() ? -1 : ::write(file, bytes, count);
  }
  static ssize_t write_bytes_at(int file, const void* bytes, std::size_t count, off_t at) {
    return refused() ? -1 : ::pwrite(file, bytes, count, at);
  }
  static int truncate_file(int file, off_t size) {
    return refused() ? -1 : ::ftruncate(file, size);
  }
  static int unlink_file(const char* path) {
    before_();  // a full disk lets files be removed
    return ::unlink(path);
  }

  inline static int (*before_)() = nullptr;
};

}  // namespace upset::test
