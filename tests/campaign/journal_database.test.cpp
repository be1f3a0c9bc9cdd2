// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <filesystem>
#include <string>

#include "campaign/journals.hpp"
#include "io/scratch.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/journal_database.hpp>

namespace upset::detail {
namespace {

using test::Calls;

TEST_CASE("journal database: what is bound is read again, row by row") {
  const Scratch folder;
  Database database(folder.path() / "file", Database::Missing::created);
  database.run("CREATE TABLE pair (number INTEGER, text TEXT)");
  const std::string zero("a\0b", 3);
  const std::uint64_t most = 0x7FFF'FFFF'FFFF'FFFF;
  Statement add(database, "INSERT INTO pair VALUES (?, ?)");
  for (const std::uint64_t number : {most, std::uint64_t{0}}) {
    add.bind(0, number);
    add.bind(1, zero);
    CHECK(!add.step());
    CHECK(database.changed_rows() == 1);
  }
  Statement row(database, "SELECT number, text, NULL FROM pair ORDER BY number");
  for (int pass = 0; pass < 2; ++pass) {  // after the last row it begins again
    REQUIRE(row.step());
    CHECK(row.number(0) == 0);
    REQUIRE(row.step());
    CHECK(row.number(0) == most);
    CHECK(row.text(1) == zero);
    CHECK(row.text(2).empty());
    CHECK(!row.step());
  }
  CHECK(database.text("SELECT number FROM pair WHERE number = 1").empty());
  CHECK(complaint([&] { add.bind(0, most + 1); }) ==
        "Cannot write " + database.file().string() +
            ": 9223372036854775808 is more than SQLite can hold");
}

TEST_CASE("journal database: a transaction is whole or not at all") {
  const Scratch folder;
  Database database(folder.path() / "file", Database::Missing::created);
  database.run("CREATE TABLE one (number INTEGER PRIMARY KEY)");
  {
    Transaction transaction(database);
    database.run("INSERT INTO one VALUES (1)");
  }
  CHECK(database.text("SELECT count(*) FROM one") == "0");
  {
    Transaction transaction(database);
    database.run("INSERT INTO one VALUES (1)");
    transaction.commit();
  }
  CHECK(database.text("SELECT count(*) FROM one") == "1");
  CHECK(complaint([&] { database.run("INSERT INTO one VALUES (1)"); }) ==
        "Cannot use " + database.file().string() + ": UNIQUE constraint failed: one.number");
}

TEST_CASE("journal database: names are files, whatever SQLite takes them for") {
  const Scratch folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  for (const char* const name : {":memory:", "file:x?mode=memory"}) {
    Database(name, Database::Missing::created).run("CREATE TABLE one (number INTEGER)");
    CHECK(std::filesystem::is_regular_file(folder.path() / name));
  }
  std::filesystem::current_path(before);
}

TEST_CASE("journal database: what the operating system refuses is said in a sentence") {
  const Scratch folder;
  const std::string file = folder.path() / "file";
  CHECK(complaint([&] { Database{file}; }) ==
        "Cannot open " + file + ": No such file or directory");
  CHECK(complaint([&] { Database{folder.path()}; }) ==
        "Cannot open " + folder.path().string() + ": Is a directory");
  CHECK(complaint([] { Database("/nonexistent/file", Database::Missing::created); }) ==
        "Cannot create /nonexistent/file; choose a folder that exists and can be written");
  {
    const Calls denied([] { return EACCES; });
    CHECK(complaint([&] { Database(file, Database::Missing::created); }) ==
          "Cannot create " + file + "; choose a folder that exists and can be written");
  }
  Database database(file, Database::Missing::created);
  database.run("CREATE TABLE one (number INTEGER)");
  {
    const Calls broken([] { return EIO; });
    CHECK(complaint([&] { database.run("INSERT INTO one VALUES (1)"); }) ==
          "Cannot use " + file + ": Input/output error");
  }
  {
    const Calls full([] { return ENOSPC; });
    CHECK(complaint([&] { database.run("INSERT INTO one VALUES (1)"); }) ==
          "Cannot write " + file +
              ": the disk is full; free some space and resume, what was recorded is kept");
  }
  CHECK(database.text("SELECT count(*) FROM one") == "0");
  CHECK(complaint([&] { Database(file).run("SELECT * FROM one"); }) ==
        file + " is in use by another process; wait until that has finished");
}

}  // namespace
}  // namespace upset::detail
