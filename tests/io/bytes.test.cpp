// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <filesystem>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/bytes.hpp>

namespace detail = upset::detail;

TEST_CASE("from_bytes, append: numbers of any type, lowest byte first") {
  const Bytes bytes{0x01, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0x88};
  CHECK(detail::from_bytes<std::uint8_t>(bytes) == 1);
  CHECK(detail::from_bytes<std::uint16_t>(bytes) == 0x0201);
  CHECK(detail::from_bytes<std::int32_t>(bytes) == -0x7BFCFDFF);
  CHECK(detail::from_bytes<std::uint64_t>(bytes) == 0x8807060584030201U);
  CHECK(detail::from_bytes<float>(Bytes{0, 0, 0x20, 0xc0}) == -2.5F);
  Bytes written;
  detail::append(written, std::int8_t{-2});
  detail::append(written, std::uint32_t{0x04030201});
  detail::append(written, -2.5F);
  detail::append(written, 1.0);
  CHECK(written == Bytes{0xfe, 1, 2, 3, 4, 0, 0, 0x20, 0xc0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f});
}

TEST_CASE("write_bytes: a file is replaced whole, and read back") {
  const Scratch scratch;
  const auto path = scratch.path() / "file";
  detail::write_bytes(path, Bytes{1, 2, 3});
  detail::write_bytes(path, Bytes{4, 5});
  CHECK(detail::read_bytes(path) == Bytes{4, 5});
  detail::write_bytes(path, {});
  CHECK(detail::read_bytes(path).empty());
}

TEST_CASE("write_bytes: a symbolic link stays one, and what it leads to is written") {
  const Scratch scratch;
  std::filesystem::create_symlink("file", scratch.path() / "link");
  detail::write_bytes(scratch.path() / "link", Bytes{1, 2});
  CHECK(std::filesystem::is_symlink(scratch.path() / "link"));
  CHECK(detail::read_bytes(scratch.path() / "file") == Bytes{1, 2});
}

TEST_CASE("write_bytes: where that cannot be, the old file stays and nothing else is left") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.path() / "folder");
  scratch.write("folder/old", {7});
  for (const char* const name : {"none/file", "folder"}) {
    CAPTURE(name);
    const auto path = scratch.path() / name;
    const std::string said = complaint([&] { detail::write_bytes(path, Bytes{1}); });
    CHECK(contains(said, "Cannot write " + path.string() + ": "));
    CHECK(contains(said, "; choose a"));
  }
  CHECK(detail::read_bytes(scratch.path() / "folder/old") == Bytes{7});
  CHECK(!std::filesystem::exists(scratch.path() / "folder.part"));
  CHECK(contains(complaint([&] { (void)detail::read_bytes(scratch.path() / "none"); }),
                 "none: no such file"));
}
