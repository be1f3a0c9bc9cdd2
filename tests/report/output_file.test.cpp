// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <report/files.hpp>
#include <sys/resource.h>
#include <sys/stat.h>  // mkfifo

#include <upset/report/gnuplot.hpp>  // TemporaryFolder
#include <upset/report/output_file.hpp>

namespace fs = std::filesystem;
using upset_test::entries;
using upset_test::read_file;

TEST_CASE("OutputFile: appears when committed, in place of an old one, and not before") {
  const upset::detail::TemporaryFolder folder;
  const fs::path path = folder.path() / "page.html";
  {
    upset::OutputFile file(path);
    file.write("never seen");
  }
  CHECK(entries(folder.path()) == 0);
  upset::write_file(path, "old");
  upset::OutputFile file(path);
  file.write("new ");
  CHECK(read_file(path) == "old");
  file.write(std::string("and\0whole", 9));
  file.commit();
  CHECK(read_file(path) == std::string("new and\0whole", 13));
  CHECK(entries(folder.path()) == 1);
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

TEST_CASE("OutputFile: a symbolic link stays one, and a pipe a pipe") {
  const upset::detail::TemporaryFolder folder;
  fs::create_directory(folder.path() / "far");
  const fs::path link = folder.path() / "link";
  fs::create_symlink("far/new", link);
  for (const char* const text : {"first", "second"}) {  // before there is such a file, and after
    upset::write_file(link, text);
    CHECK(fs::is_symlink(link));
    CHECK(read_file(folder.path() / "far" / "new") == text);
  }
  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_AS(upset::write_file(pipe, "x"), upset::Error);
  CHECK(fs::is_fifo(pipe));
  CHECK(entries(folder.path()) == 3);
  CHECK(entries(folder.path() / "far") == 1);
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
