// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/zip.hpp>

using upset::detail::zip_bytes;
using upset::detail::ZipMember;
using upset::detail::ZipReader;

namespace {

// Written by Python's zipfile: b.bin stored, with sizes of 64 bits in its local header, as
// numpy.savez has them; a.bin deflated, 1000 times 9; a comment that looks like the directory's
// end.
const Bytes of_python{
    0x50, 0x4b, 0x03, 0x04, 0x2d, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x21, 0x50, 0x0a, 0x0c,
    0x43, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x05, 0x00, 0x14, 0x00, 0x62, 0x2e,
    0x62, 0x69, 0x6e, 0x01, 0x00, 0x10, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x08, 0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00,
    0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x50, 0x64, 0x7e, 0xbe, 0xc2, 0x0b, 0x00, 0x00, 0x00, 0xe8,
    0x03, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x61, 0x2e, 0x62, 0x69, 0x6e, 0xe3, 0xe4, 0x1c, 0x05,
    0xa3, 0x60, 0x14, 0x0c, 0x77, 0x00, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x2d, 0x03, 0x2d, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x21, 0x50, 0x0a, 0x0c, 0x43, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02,
    0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80,
    0x01, 0x00, 0x00, 0x00, 0x00, 0x62, 0x2e, 0x62, 0x69, 0x6e, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03,
    0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x50, 0x64, 0x7e, 0xbe, 0xc2, 0x0b, 0x00,
    0x00, 0x00, 0xe8, 0x03, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x80, 0x01, 0x39, 0x00, 0x00, 0x00, 0x61, 0x2e, 0x62, 0x69, 0x6e, 0x50, 0x4b, 0x05,
    0x06, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x02, 0x00, 0x66, 0x00, 0x00, 0x00, 0x67, 0x00, 0x00,
    0x00, 0x05, 0x00, 0x50, 0x4b, 0x05, 0x06, 0x20};
constexpr std::size_t content_b = 55;
constexpr std::size_t header_a = 57;
constexpr std::size_t content_a = 92;
constexpr std::size_t entry_b = 103;
constexpr std::size_t entry_a = 154;
constexpr std::size_t end = 205;

std::vector<ZipMember> members(std::span<const std::uint8_t> bytes) {
  std::vector<ZipMember> all;
  for (ZipReader zip(bytes, "x.zip"); !zip.at_end();) {
    all.push_back(zip.next());
  }
  return all;
}

/// What is said of the archive above with other bytes at `at`.
std::string refusal(std::size_t at, const Bytes& other) {
  Bytes bytes = of_python;
  std::copy(other.begin(), other.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return complaint([&] { (void)members(bytes); });
}

}  // namespace

TEST_CASE("ZipReader: stored and deflated members, in the order of the directory") {
  const std::vector<ZipMember> all = members(of_python);
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "b.bin");
  CHECK(all[0].content == Bytes{7, 8});
  CHECK(all[1].name == "a.bin");
  CHECK(all[1].content == Bytes(1000, 9));
}

TEST_CASE("zip_bytes: members come back, and the same bytes whenever written") {
  const std::vector<ZipMember> two{{"one", {1, 2, 3}}, {"", {}}};
  const Bytes bytes = zip_bytes(two);
  CHECK(bytes.size() == 2 * (30 + 46) + 2 * 3 + 3 + 22);
  CHECK(zip_bytes(two) == bytes);
  const std::vector<ZipMember> all = members(bytes);
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "one");
  CHECK(all[0].content == Bytes{1, 2, 3});
  CHECK((all[1].name.empty() && all[1].content.empty()));
  CHECK(members(zip_bytes({})).empty());
  CHECK(contains(complaint([] { (void)zip_bytes(std::vector<ZipMember>(0xFFFF)); }),
                 "does not fit in a ZIP file"));
}

TEST_CASE("ZipReader: what is damaged, or cannot be read, is refused by name") {
  CHECK(contains(refusal(end, {'p'}), "x.zip: not a ZIP file, or not all of it"));
  CHECK(contains(refusal(end + 10, {0xff, 0xff}), "x.zip: is a ZIP64 archive"));
  CHECK(contains(refusal(end + 16, {0xff, 0xff, 0xff, 0xff}), "x.zip: is a ZIP64 archive"));
  CHECK(contains(refusal(end + 10, {3}), "its directory"));  // one more than there are
  CHECK(contains(refusal(end + 16, {0xff}), "its directory"));
  CHECK(contains(refusal(entry_b, {'p'}), "its ZIP directory holds something else"));
  CHECK(contains(refusal(entry_b + 8, {1}), "its member b.bin is encrypted"));
  CHECK(contains(refusal(entry_b + 10, {12}), "its member b.bin is packed by method 12"));
  CHECK(contains(refusal(entry_a + 24, {0xff, 0xff, 0xff, 0xff}), "a.bin is a ZIP64 one"));
  CHECK(contains(refusal(entry_a + 42, {0xff, 0xff, 0xff, 0xff}), "a.bin is a ZIP64 one"));
  CHECK(contains(refusal(entry_a + 42, {0xff, 0xff, 0xff, 0xfe}), "its member a.bin lies beyond"));
  CHECK(contains(refusal(entry_a + 20, {0xff, 0xff}), "its member a.bin lies beyond"));
  CHECK(contains(refusal(entry_a + 42, {1}), "a.bin is not where the directory says"));
  CHECK(contains(refusal(header_a + 28, {0xff}), "its member a.bin lies beyond"));
  CHECK(contains(refusal(content_b, {0}), "its member b.bin is damaged"));
  CHECK(contains(refusal(content_a + 3, {0}), "its member a.bin is damaged"));
  CHECK(contains(refusal(entry_b + 16, {0}), "its member b.bin is damaged"));
  CHECK(contains(refusal(entry_b + 24, {1}), "its member b.bin is damaged"));
  for (const int size : {0xe7, 0xe9}) {
    CHECK(contains(refusal(entry_a + 24, {static_cast<std::uint8_t>(size)}),
                   "its member a.bin is damaged"));
  }
}

TEST_CASE("ZipReader: a directory that claims more than the file can hold allocates nothing") {
  // 11 deflated bytes that claim to be 4 billion; the whole file twice as one member
  CHECK(contains(refusal(entry_a + 24, {0xfe, 0xff, 0xff, 0xff}), "a.bin is damaged"));
  Bytes large(200, 1);
  Bytes bytes = zip_bytes(std::vector<ZipMember>{{"a", large}, {"b", large}});
  const std::size_t second = 2 * (30 + 1 + 200) + 46 + 1;
  bytes[second + 42] = 0;  // where the content of a is
  CHECK(members(bytes).size() == 2);
  for (const std::size_t entry : {second - 47, second}) {
    bytes[entry + 20] = bytes[entry + 24] = 0x90;
    bytes[entry + 21] = bytes[entry + 25] = 1;  // 400 bytes each
  }
  CHECK(contains(complaint([&] {
                   ZipReader zip(bytes, "x.zip");
                   CHECK_THROWS_AS((void)zip.next(), upset::Error);  // its checksum is another
                   (void)zip.next();
                 }),
                 "x.zip: is damaged: its members overlap"));
}

TEST_CASE("ZipReader: an archive cut or damaged anywhere is read or refused, never more") {
  for (std::size_t size = 0; size < end + 22; ++size) {
    const auto part = std::span(of_python).first(size);
    CHECK_THROWS_AS((void)members(part), upset::Error);
  }
  for (std::size_t at = 0; at < of_python.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      (void)refusal(at, {static_cast<std::uint8_t>(value)});  // another exception ends the test
    }
  }
}
