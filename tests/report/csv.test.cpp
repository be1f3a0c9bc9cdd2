// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <upset/report/csv.hpp>
#include <upset/report/gnuplot.hpp>  // TemporaryFolder

namespace fs = std::filesystem;
using upset::CsvWriter;

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A reader by the grammar of RFC 4180, written against the standard and not against the writer.
Rows parse(const std::string& text) {
  Rows rows;
  std::size_t at = 0;
  while (at < text.size()) {
    rows.emplace_back();
    for (bool more = true; more;) {
      std::string field;
      if (text[at] == '"') {
        for (++at; text[at] != '"' || text[at + 1] == '"'; ++at) {
          if (text[at] == '"') {
            ++at;
          }
          field += text[at];
        }
        ++at;
      } else {
        for (; text[at] != ',' && text[at] != '\n'; ++at) {
          field += text[at];
        }
      }
      rows.back().push_back(field);
      more = text[at++] == ',';
    }
  }
  return rows;
}

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("CsvWriter: what it writes is what RFC 4180 reads") {
  const upset::detail::TemporaryFolder folder;
  const fs::path path = folder.path() / "table.csv";
  const Rows rows{{"format", "note", ""},
                  {"Mono<8>", "plain", "x"},
                  {"Fixed<8,6>", "a \"quoted\" word", "\""},
                  {"two\nlines", "carriage\rreturn", ",,"},
                  {" blanks ", "", "\"\""},
                  {"", "", ""}};
  CsvWriter csv(path, rows[0]);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    csv.row({rows[i].begin(), rows[i].end()});
  }
  csv.close();
  CHECK(parse(read_file(path)) == rows);
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("CsvWriter: the bytes of a small file, as other readers expect them") {
  const upset::detail::TemporaryFolder folder;
  const fs::path path = folder.path() / "curves.csv";
  CsvWriter csv(path, {"format", "ber", "accuracy", "trials"});
  csv.row({"Fixed<8,6>", 1e-5, 0.9, 20});
  csv.row({"Mono<8>", 0.0, 1.0 / 3, std::size_t{2000}});
  csv.close();
  CHECK(read_file(path) ==
        "format,ber,accuracy,trials\n"
        "\"Fixed<8,6>\",1e-05,0.9,20\n"
        "Mono<8>,0,0.3333333333333333,2000\n");
  CsvWriter single(path, {"only"});
  single.row({""});
  single.close();
  CHECK(read_file(path) == "only\n\"\"\n");
}

TEST_CASE("CsvWriter: until closed there is no file, and an old one stays as it was") {
  const upset::detail::TemporaryFolder folder;
  const fs::path path = folder.path() / "table.csv";
  upset::write_file(path, "old");
  {
    CsvWriter csv(path, {"a"});
    csv.row({1});
    CHECK(read_file(path) == "old");
  }
  CHECK(read_file(path) == "old");
  CHECK(entries(folder.path()) == 1);
  {
    CsvWriter csv(path, {"a"});
    csv.row({1});
    csv.close();
    CHECK(read_file(path) == "a\n1\n");
    csv.close();  // does nothing
    CHECK_THROWS_AS(csv.row({2}), upset::Error);
  }
  CHECK(read_file(path) == "a\n1\n");
}

TEST_CASE("CsvWriter: a row of another length is refused, and nothing is left") {
  const upset::detail::TemporaryFolder folder;
  const fs::path path = folder.path() / "table.csv";
  {
    CsvWriter csv(path, {"a", "b"});
    const std::string text = "A row of 1 fields does not fit the 2 columns of " + path.string();
    CHECK_THROWS_WITH_AS(csv.row({1}), text.c_str(), upset::Error);
  }
  CHECK(entries(folder.path()) == 0);
}

TEST_CASE("OutputFile: a place that cannot be written is refused with path, cause and advice") {
  const upset::detail::TemporaryFolder folder;
  const std::string missing = (folder.path() / "no" / "such" / "x.csv").string();
  CHECK_THROWS_WITH_AS(upset::write_file(missing, "x"),
                       ("Cannot write " + missing +
                        ": No such file or directory; choose a folder that exists and can be "
                        "written")
                           .c_str(),
                       upset::Error);
  upset::write_file(folder.path() / "file", "x");
  const std::string below = (folder.path() / "file" / "x.csv").string();
  CHECK_THROWS_WITH_AS(upset::write_file(below, "x"),
                       ("Cannot write " + below +
                        ": Not a directory; choose a folder that exists and can be written")
                           .c_str(),
                       upset::Error);
  CHECK_THROWS_WITH_AS(
      upset::write_file(folder.path(), "x"),
      ("Cannot write " + folder.path().string() + ": it is a folder; choose another name").c_str(),
      upset::Error);
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("OutputFile: when the disk is full nothing half-written stays") {
  const upset::detail::TemporaryFolder folder;
  const fs::path path = folder.path() / "table.csv";
  upset::write_file(path, "old");
  // A limit on file size stands for a full disk: writes past it fail the same way.
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  bool small_failed = false;  // fails when flushed
  bool large_failed = false;  // fails while written
  std::string message;
  try {
    upset::write_file(path, std::string(1500, 'x'));
  } catch (const upset::Error& error) {
    small_failed = true;
    message = error.what();
  }
  try {
    upset::write_file(path, std::string(1'000'000, 'x'));
  } catch (const upset::Error&) {
    large_failed = true;
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  CHECK(small_failed);
  CHECK(large_failed);
  CHECK(message == "Cannot write " + path.string() +
                       ": File too large; free some space or choose another folder");
  CHECK(read_file(path) == "old");
  CHECK(entries(folder.path()) == 1);
}
