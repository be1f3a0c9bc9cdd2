// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "campaign/journals.hpp"
#include "io/scratch.hpp"
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <upset/campaign/journal.hpp>

namespace upset {
namespace {

namespace fs = std::filesystem;
using test::Calls;
using test::content;
using test::environment;
using test::plan;
using test::trial;
using test::trials;

[[nodiscard]] std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Names and bytes of all files of a folder.
[[nodiscard]] std::map<std::string, std::string> snapshot(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    files[entry.path().filename()] = bytes_of(entry.path());
  }
  return files;
}

/// Runs `act` in a process of its own, which is killed at the end if not before.
[[nodiscard]] pid_t spawn(const std::function<void()>& act) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      act();
    } catch (...) {
      _exit(1);
    }
    raise(SIGKILL);
  }
  return child;
}

/// Whether it was killed, rather than failed.
[[nodiscard]] bool was_killed(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

/// A journal of 2000 trials in a folder of its own.
struct Written {
  Scratch folder{};
  fs::path file = folder.path() / "journal";

  Written() { Journal::create(file, plan, environment).record(trials(0, 2000)); }

  /// What reading says, and resuming as well, without changing a byte of anything.
  [[nodiscard]] std::string refusal(const PlanText& wanted = plan, JournalShard shard = {}) const {
    const auto before = snapshot(folder.path());
    std::string resuming =
        complaint([&] { (void)Journal::resume(file, wanted, environment, shard); });
    const std::string reading = complaint([&] { JournalReader{file}; });
    CHECK((reading.empty() || reading == resuming));
    CHECK((resuming.empty() || snapshot(folder.path()) == before));
    return resuming;
  }
  void alter(const std::string& sql) const { detail::Database(file).run(sql); }
};

TEST_CASE("journal: what is recorded is read, in the order of trials, from one file") {
  const Scratch folder;
  const fs::path file = folder.path() / "journal";
  {
    Journal journal = Journal::create(file, plan, environment, {2, 5});
    CHECK(journal.finished().empty());
    journal.record(trials(7, 40, 2));
    journal.record({});
    journal.record(trials(0, 7));
    CHECK(journal.read().size() == 24);  // while it is being written
    Journal moved = std::move(journal);
    moved.record(trials(8, 40, 2));
    moved.record(trials(3, 33));  // the same again
    journal = std::move(moved);
    journal.record(std::vector{trial(40)});
  }
  CHECK(snapshot(folder.path()).size() == 1);
  const JournalReader journal(file);
  CHECK(journal.file() == file);
  CHECK(journal.plan() == plan);
  CHECK(journal.environment() == environment);
  CHECK(journal.shard() == JournalShard{2, 5});
  CHECK(journal.read() == trials(0, 41));
  std::vector<std::uint64_t> numbers;
  journal.for_each([&](const TrialRecord& record) { numbers.push_back(record.trial); });
  CHECK(journal.finished() == numbers);
}

TEST_CASE("journal: a trial that does not repeat is refused, with all that came with it") {
  const Written written;
  Journal journal = Journal::resume(written.file, plan, environment);
  std::vector<TrialRecord> records = trials(1998, 2003);
  records[1].outcomes.critical += 5;
  CHECK(complaint([&] { journal.record(records); }) ==
        "Trial 1999 contradicts " + written.file.string() +
            ": critical is 96 there and 101 here; " +
            "find out why it does not repeat, and begin again");
  records[1] = trial(1999);
  records[4].outcomes.images = ~std::uint64_t{0};
  CHECK(complaint([&] { journal.record(records); }) ==
        "Cannot write " + written.file.string() +
            ": 18446744073709551615 is more than SQLite can hold");
  CHECK(journal.read() == trials(0, 2000));
  records[4] = trial(2002);
  journal.record(records);
  CHECK(journal.read() == trials(0, 2003));
}

TEST_CASE("journal: an existing file is not begun again") {
  const Written written;
  const auto before = snapshot(written.folder.path());
  CHECK(complaint([&] { (void)Journal::create(written.file, plan, environment); }) ==
        written.file.string() + " exists already; give --resume to go on with it, or another name");
  CHECK(snapshot(written.folder.path()) == before);
  CHECK(complaint([] { (void)Journal::create("/nonexistent/journal", plan, environment); }) ==
        "Cannot create /nonexistent/journal.part; choose a folder that exists and can be written");
}

TEST_CASE("journal: one of another plan or shard is refused, all differences named") {
  const Written written;
  const std::string name = "The journal " + written.file.string();
  CHECK(written.refusal().empty());
  CHECK(written.refusal({{"network", "resnet20"}, {"seed", "2"}, {"images", "100"}}) ==
        name + " is of another plan: seed is 1 there and 2 here");
  CHECK(written.refusal({{"network", "lenet5"}, {"seed", "1"}, {"format", "Mono<8>"}}) ==
        name + " is of another plan: network is resnet20 there and lenet5 here; format is absent " +
            "there and Mono<8> here; images is 100 there and absent here");
  CHECK(written.refusal(plan, {0, 4}) ==
        name + " is of shard 0/1, this run of shard 0/4; give " + "each shard its own journal");
  CHECK(complaint([] { (void)Journal::resume("/nonexistent/j", plan, environment); }) ==
        "Cannot open /nonexistent/j: No such file or directory");
}

TEST_CASE("journal: all environments it was made in can be read") {
  const Written written;
  const PlanText other{{"compiler", "Clang 14"}, {"processor", "a fast one"}};
  (void)Journal::resume(written.file, plan, other);
  (void)Journal::resume(written.file, plan, environment);
  PlanText expected = environment;
  expected.emplace_back("compiler", "Clang 14");
  CHECK(JournalReader(written.file).environment() == expected);
}

TEST_CASE("journal: a file that is no journal, or of another layout, is refused unchanged") {
  const Written written;
  const std::string name = written.file.string();
  const std::string foreign = name + " is not a journal of upset";
  written.alter("PRAGMA user_version = 2");
  CHECK(written.refusal() ==
        name + " has layout 2 of another version of upset, this one knows 1; use that version");
  written.alter("PRAGMA user_version = 1; PRAGMA application_id = 0");
  CHECK(written.refusal() == foreign);
  written.alter("PRAGMA application_id = 1970303860");
  CHECK(written.refusal().empty());
  written.alter("ALTER TABLE trials DROP COLUMN correct");
  const std::string advice = " is missing or another; restore it from a copy or begin again";
  CHECK(written.refusal() == name + " is damaged: its table trials" + advice);
  for (const char* const table : {"shard", "environment", "plan"}) {
    written.alter(std::string("DROP TABLE ") + table);
    CHECK(written.refusal() == name + " is damaged: its table " + table + advice);
  }
  std::ofstream(written.file) << "trial,images\n" << std::string(9000, '1');
  CHECK(written.refusal() == foreign);
  std::ofstream(written.file) << "";
  CHECK(written.refusal() == foreign);
}

TEST_CASE("journal: a truncated or overwritten file is refused unchanged") {
  const Written written;
  const std::string whole = bytes_of(written.file);
  const std::string name = written.file.string();
  const std::set<std::string> sentences{
      name + " is not a journal of upset",
      name + " is damaged; restore it from a copy or begin again"};
  for (std::uintmax_t size = whole.size() - 1; size > 0;
       size -= std::min<std::uintmax_t>(size, 997)) {
    std::ofstream(written.file, std::ios::binary)
        << whole.substr(0, static_cast<std::size_t>(size));
    CHECK(sentences.contains(written.refusal()));
  }
  for (std::size_t at = 0; at < whole.size(); at += 4096) {
    std::string damaged = whole;
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(at), 4096, '\xA5');
    std::ofstream(written.file, std::ios::binary) << damaged;
    CHECK(sentences.contains(written.refusal()));
  }
}

TEST_CASE("journal: a read-only file is read, and refused for writing") {
  const Written written;
  const Calls read_only([] { return EROFS; });
  const auto before = snapshot(written.folder.path());
  CHECK(JournalReader(written.file).read() == trials(0, 2000));
  CHECK(complaint([&] { (void)Journal::resume(written.file, plan, environment); }) ==
        "Cannot write " + written.file.string() + ": it or its folder is read-only");
  CHECK(snapshot(written.folder.path()) == before);
  const std::string fresh = written.folder.path() / "fresh";
  CHECK(complaint([&] { (void)Journal::create(fresh, plan, environment); }) ==
        "Cannot create " + fresh + ".part; choose a folder that exists and can be written");
}

TEST_CASE("journal: a full disk takes nothing of what was recorded") {
  const Written written;
  {
    Journal journal = Journal::resume(written.file, plan, environment);
    journal.record(trials(2000, 2100));
    {
      static int left = 0;
      const Calls full([] { return left-- > 0 ? 0 : ENOSPC; });
      for (const int calls : {0, 1, 2, 5}) {
        left = calls;
        CHECK(complaint([&] { journal.record(trials(2050, 9000)); }) ==
              "Cannot write " + written.file.string() +
                  ": the disk is full; free some space and resume, what was recorded is kept");
        CHECK(journal.read() == trials(0, 2100));
      }
    }
    journal.record(trials(2100, 2200));
    const Calls full([] { return ENOSPC; });
    Journal last = std::move(journal);  // closed while nothing can be written
  }
  CHECK(content(written.file).trials == trials(0, 2200));
  (void)Journal::resume(written.file, plan, environment);
  CHECK(snapshot(written.folder.path()).size() == 1);
}

TEST_CASE("journal: a second process is refused, and a killed one leaves no lock") {
  const Written written;
  const std::string sentence =
      written.file.string() + " is in use by another process; wait until that has finished";
  std::array<int, 2> ready{};
  REQUIRE(pipe(ready.data()) == 0);
  const pid_t child = spawn([&] {
    Journal journal = Journal::resume(written.file, plan, environment);
    journal.record(trials(2000, 2100));
    (void)!write(ready[1], "r", 1);
    pause();
  });
  char letter = 0;
  REQUIRE(read(ready[0], &letter, 1) == 1);
  CHECK(written.refusal() == sentence);
  CHECK(complaint([&] { JournalReader{written.file}; }) == sentence);
  kill(child, SIGKILL);
  CHECK(was_killed(child));
  close(ready[0]);
  close(ready[1]);

  // The log of the killed one is looked at where it lies, also by who is then refused.
  CHECK(snapshot(written.folder.path()).size() == 2);
  CHECK(written.refusal({{"seed", "2"}}) != "");
  CHECK(written.refusal(plan, {1, 2}) != "");
  const auto before = snapshot(written.folder.path());
  CHECK(content(written.file).trials == trials(0, 2100));
  CHECK(snapshot(written.folder.path()) == before);

  const Journal journal = Journal::resume(written.file, plan, environment);
  CHECK(journal.read() == trials(0, 2100));
  CHECK(complaint([&] { (void)Journal::resume(written.file, plan, environment); }) == sentence);
  CHECK(complaint([&] { JournalReader{written.file}; }) == sentence);
}

TEST_CASE("journal: the log of a journal that was deleted is not taken for that of a new one") {
  const Written written;
  CHECK(was_killed(spawn([&] {
    Journal::resume(written.file, plan, environment).record(trials(2000, 2100));
    Journal journal = Journal::resume(written.file, plan, environment);
    journal.record(trials(2100, 2200));
    raise(SIGKILL);
  })));
  REQUIRE(fs::exists(written.file.string() + "-wal"));
  fs::remove(written.file);
  CHECK(Journal::create(written.file, plan, environment).finished().empty());
  CHECK(snapshot(written.folder.path()).size() == 1);
}

// Trials up to `end` that are not there yet, in batches of unequal size; what is recorded is told.
void campaign(const fs::path& file, std::uint64_t end,
              const std::function<void(std::uint64_t)>& recorded) {
  Journal journal = fs::exists(file) ? Journal::resume(file, plan, environment)
                                     : Journal::create(file, plan, environment);
  const auto done = journal.finished();
  std::vector<TrialRecord> batch;
  for (std::uint64_t number = 0; number < end; ++number) {
    if (!std::ranges::binary_search(done, number)) {
      batch.push_back(trial(number));
    }
    if (!batch.empty() && (number % 37 == 5 || number % 100 == 99 || number + 1 == end)) {
      journal.record(batch);
      recorded(number);
      batch.clear();
    }
  }
}

TEST_CASE("journal: killed before any change of a file, a campaign ends as if it was not") {
  static int left = 0;
  bool ended = false;
  for (int call = 0; !ended; ++call) {
    const Scratch folder;
    const fs::path file = folder.path() / "journal";
    left = call;
    const pid_t child = spawn([&] {
      const Calls calls([] { return left-- > 0 ? 0 : raise(SIGKILL); });
      campaign(file, 60, [](std::uint64_t) {});
      _exit(7);
    });
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 7));
    ended = WIFEXITED(status);
    campaign(file, 60, [](std::uint64_t) {});
    REQUIRE(content(file) == test::Content{plan, environment, {}, trials(0, 60)});
    REQUIRE(snapshot(folder.path()).size() == 1);
  }
}

TEST_CASE("journal: killed at any time, a campaign loses nothing that was recorded") {
  const Scratch folder;
  const fs::path file = folder.path() / "journal";
  std::minstd_rand random(1);
  std::uint64_t most = 0;
  for (int kills = 0; kills < 40; ++kills) {
    std::array<int, 2> told{};
    REQUIRE(pipe(told.data()) == 0);
    const pid_t child = spawn([&] {
      campaign(file, 100'000,
               [&](std::uint64_t number) { (void)!write(told[1], &number, sizeof number); });
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 40'000));
    kill(child, SIGKILL);
    CHECK(was_killed(child));
    close(told[1]);
    for (std::uint64_t number = 0; read(told[0], &number, sizeof number) == sizeof number;) {
      most = std::max(most, number + 1);
    }
    close(told[0]);
    if (most > 0) {
      const std::vector<TrialRecord> found = JournalReader(file).read();
      CHECK(found.size() >= most);
      CHECK(found == trials(0, found.size()));
    }
  }
  CHECK(most > 0);
  campaign(file, most + 200, [](std::uint64_t) {});
  CHECK(content(file).trials.size() >= most + 200);
  CHECK(snapshot(folder.path()).size() == 1);
}

}  // namespace
}  // namespace upset
