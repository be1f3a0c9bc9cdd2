// SPDX-License-Identifier: BSL-1.0
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <report/files.hpp>

#include <upset/report/csv.hpp>
#include <upset/report/gnuplot.hpp>  // TemporaryFolder

namespace fs = std::filesystem;
using upset::CsvWriter;
using upset_test::entries;
using upset_test::read_file;

namespace {

using Rows = std::vector<std::vector<std::string>>;

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
