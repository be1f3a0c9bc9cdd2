// SPDX-License-Identifier: BSL-1.0
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <sys/stat.h>  // mkfifo
#include <unistd.h>    // mkdtemp

#include <upset/core/output_path.hpp>

namespace fs = std::filesystem;

namespace {

struct OutputFolder {
  fs::path path;

  OutputFolder() {
    std::string name = (fs::temp_directory_path() / "upset-output-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~OutputFolder() { fs::remove_all(path); }
};

}  // namespace

TEST_CASE("output_path: a name is itself, links lead to what they name, there or not") {
  const OutputFolder folder;
  CHECK(upset::output_path("x.csv") == "x.csv");
  CHECK(upset::output_path(folder.path / "new") == folder.path / "new");
  fs::create_symlink("new", folder.path / "link");
  fs::create_symlink(folder.path / "link", folder.path / "link to link");
  CHECK(upset::output_path(folder.path / "link") == folder.path / "new");
  CHECK(upset::output_path(folder.path / "link to link") == folder.path / "new");
}

TEST_CASE("output_path: folders, pipes, links to them and circles are refused") {
  const OutputFolder folder;
  const auto refused = [&](const char* name, const char* why) {
    const fs::path path = folder.path / name;
    CHECK_THROWS_WITH_AS(
        (void)upset::output_path(path),
        ("Cannot write " + path.string() + ": it is " + why + "; choose another name").c_str(),
        upset::Error);
  };
  fs::create_directory(folder.path / "folder");
  REQUIRE(mkfifo((folder.path / "pipe").c_str(), 0600) == 0);
  fs::create_symlink("pipe", folder.path / "to pipe");
  fs::create_symlink("circle", folder.path / "circle");
  refused("folder", "a folder");
  refused("pipe", "no regular file");
  refused("to pipe", "no regular file");
  refused("circle", "a link that leads nowhere");
}
