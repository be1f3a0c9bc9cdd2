// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "campaign/journals.hpp"
#include "io/scratch.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/journal_merge.hpp>

namespace upset {
namespace {

namespace fs = std::filesystem;
using test::content;
using test::environment;
using test::plan;
using test::trials;

/// Journals of `count` shards of a campaign of 1000 trials.
struct Shards {
  Scratch folder{};
  std::vector<fs::path> parts{};
  fs::path out = folder.path() / "merged";

  explicit Shards(std::uint64_t count) {
    for (std::uint64_t index = 0; index < count; ++index) {
      parts.push_back(folder.path() / std::to_string(index));
      Journal::create(parts.back(), plan, environment, {index, count})
          .record(trials(index, 1000, count));
    }
  }
  /// The complaint about merging; nothing may have been written.
  [[nodiscard]] std::string refusal() const {
    std::string sentence = complaint([&] { merge_journals(parts, out); });
    CHECK(!fs::exists(out));
    CHECK(!fs::exists(out.string() + ".part"));
    return sentence;
  }
};

TEST_CASE("journal merge: shards in any order come to the journal of the whole campaign") {
  Shards shards(3);
  std::rotate(shards.parts.begin(), shards.parts.begin() + 1, shards.parts.end());
  const fs::path whole = shards.folder.path() / "whole";
  Journal::create(whole, plan, environment).record(trials(0, 1000));
  merge_journals(shards.parts, shards.out);
  CHECK(content(shards.out) == content(whole));
  CHECK(std::ranges::distance(fs::directory_iterator(shards.folder.path())) == 5);
  CHECK(Journal::resume(shards.out, plan, environment).finished().size() == 1000);
}

TEST_CASE("journal merge: missing shards leave a journal that can be resumed") {
  Shards shards(4);
  shards.parts.erase(shards.parts.begin() + 2);
  merge_journals(shards.parts, shards.out);
  {
    Journal merged = Journal::resume(shards.out, plan, environment);
    CHECK(merged.finished().size() == 750);
    merged.record(trials(2, 1000, 4));
  }
  CHECK(content(shards.out).trials == trials(0, 1000));
}

TEST_CASE("journal merge: all environments are in it once, in the order of shards") {
  Shards shards(3);
  (void)Journal::resume(shards.parts[1], plan, {{"compiler", "Clang 14"}}, {1, 3});
  (void)Journal::resume(shards.parts[2], plan, {{"compiler", "Clang 14"}}, {2, 3});
  std::ranges::reverse(shards.parts);
  merge_journals(shards.parts, shards.out);
  PlanText expected = environment;
  expected.emplace_back("compiler", "Clang 14");
  CHECK(content(shards.out).environment == expected);
}

TEST_CASE("journal merge: what does not belong together is refused, and nothing written") {
  Shards shards(2);
  const std::string folder = shards.folder.path().string();
  shards.parts.push_back(shards.parts[1]);
  CHECK(shards.refusal() == "Cannot merge " + folder + "/1, shard 1/2, and " + folder +
                                "/1, shard 1/2; give one journal of each shard of one campaign");
  shards.parts[2] = folder + "/third";
  PlanText other = plan;
  other[1].second = "2";
  (void)Journal::create(shards.parts[2], other, environment, {2, 3});
  CHECK(shards.refusal() == "The journal " + folder +
                                "/third is of another plan: seed is 2 there " + "and 1 in " +
                                folder + "/0");
  fs::remove(shards.parts[2]);
  (void)Journal::create(shards.parts[2], plan, environment, {2, 3});
  CHECK(shards.refusal() ==
        "Cannot merge " + folder + "/1, shard 1/2, and " + folder +
            "/third, shard 2/3; give one journal of each shard of one campaign");
  shards.parts.pop_back();
  auto wrong = trials(500, 501);
  wrong[0].outcomes.detected = 1000;
  Journal::resume(shards.parts[1], plan, environment, {1, 2}).record(wrong);
  CHECK(shards.refusal() == "Trial 500 of " + folder + "/1 contradicts that of another shard: " +
                                "detected is 7 there and 1000 here; run both shards again");
  std::ofstream(shards.parts[1]) << "no journal";
  CHECK(shards.refusal() == folder + "/1 is not a journal of upset");
  shards.parts.clear();
  CHECK(shards.refusal() ==
        "Cannot write " + folder + "/merged: there is no journal to merge; " + "name some");
}

TEST_CASE("journal merge: what exists is not overwritten") {
  const Shards shards(2);
  std::ofstream(shards.out) << "precious";
  CHECK(complaint([&] { merge_journals(shards.parts, shards.out); }) ==
        shards.out.string() + " exists already; choose another name");
  std::string word;
  std::ifstream(shards.out) >> word;
  CHECK(word == "precious");
  CHECK(!fs::exists(shards.out.string() + ".part"));
}

TEST_CASE("journal merge: a full disk leaves nothing behind") {
  const Shards shards(2);
  static int left = 0;
  const test::Calls full([] { return left-- > 0 ? 0 : ENOSPC; });
  // The shards are opened, then what is merged: later calls are all refused.
  for (const int calls : {4, 5, 9}) {
    left = calls;
    CHECK(contains(shards.refusal(), "merged.part: the disk is full"));
    CHECK(std::ranges::distance(fs::directory_iterator(shards.folder.path())) == 2);
  }
  left = 3;
  CHECK(complaint([&] { merge_journals(shards.parts, shards.out); }) ==
        "Cannot write " + shards.out.string() + ".part: its folder takes no file beside it; free " +
            "some space or choose another folder");
}

}  // namespace
}  // namespace upset
