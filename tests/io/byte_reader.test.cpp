// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <span>
#include <string>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/byte_reader.hpp>

using upset::ByteReader;

TEST_CASE("ByteReader: a plain and a compressed file give the same bytes") {
  const Scratch scratch;
  Bytes bytes(100'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * i / 7);
  }
  scratch.write("plain", bytes);
  scratch.write_gzip("packed", bytes);
  for (const char* const name : {"plain", "packed"}) {
    CAPTURE(name);
    ByteReader file{scratch.path() / name};
    const Bytes first = file.read(std::uint64_t{3});
    const Bytes rest = file.read(std::uint64_t{99'997});
    CHECK(first == Bytes(bytes.begin(), bytes.begin() + 3));
    CHECK(rest == Bytes(bytes.begin() + 3, bytes.end()));
    CHECK_NOTHROW(file.expect_end());
  }
}

TEST_CASE(
    "ByteReader: the bound on what is left is exact for a plain file, safe for a packed one") {
  const Scratch scratch;
  const Bytes zeros(10'000'000);  // the most compressible file there is
  scratch.write("plain", Bytes(17));
  scratch.write_gzip("packed", zeros);
  ByteReader plain{scratch.path() / "plain"};
  CHECK(plain.most_left() == 17);
  CHECK(plain.read(std::uint64_t{5}).size() == 5);
  CHECK(plain.most_left() == 12);
  ByteReader packed{scratch.path() / "packed"};
  CHECK(packed.most_left() >= zeros.size());
  CHECK(packed.read(std::uint64_t{zeros.size()}) == zeros);
}

TEST_CASE("ByteReader: what is not there is refused, with the file's name") {
  const Scratch scratch;
  const std::string missing = complaint([&] { ByteReader{scratch.path() / "missing"}; });
  CHECK(contains(missing, "missing: no such file"));
  CHECK(contains(complaint([&] { ByteReader{scratch.path()}; }), "is a folder; give a file"));

  scratch.write("plain", Bytes(10));
  CHECK(contains(complaint([&] {
                   ByteReader file{scratch.path() / "plain"};
                   (void)file.read(std::uint64_t{11});
                 }),
                 "plain: ends early"));
  CHECK(contains(complaint([&] {
                   ByteReader file{scratch.path() / "plain"};
                   (void)file.read(std::uint64_t{9});
                   file.expect_end();
                 }),
                 "plain: holds more"));
  // A count no memory could hold is refused before anything is allocated.
  CHECK(contains(complaint([&] {
                   ByteReader file{scratch.path() / "plain"};
                   (void)file.read(~std::uint64_t{0});
                 }),
                 "plain: ends early"));
}

TEST_CASE("ByteReader: a cut or damaged compressed file is refused") {
  const Scratch scratch;
  Bytes bytes(5'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>((i * 2'654'435'761U) >> 13U);
  }
  scratch.write_gzip("cut", bytes);
  const auto whole = std::filesystem::file_size(scratch.path() / "cut");
  scratch.resize("cut", whole / 2);
  const auto read_all = [&](const char* name) {
    return complaint([&] {
      ByteReader file{scratch.path() / name};
      (void)file.read(std::uint64_t{bytes.size()});
      file.expect_end();
    });
  };
  CHECK(contains(read_all("cut"), "cut: ends early"));

  scratch.write_gzip("checksum", bytes);
  {
    std::fstream file(scratch.path() / "checksum", std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(-8, std::ios::end);  // the last 8 bytes are the CRC and the length
    file.put('\x5a');
  }
  CHECK(contains(read_all("checksum"), "checksum: is damaged"));
}
