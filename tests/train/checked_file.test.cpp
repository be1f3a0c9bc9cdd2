// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include "io/scratch.hpp"
#include <doctest/doctest.h>

#include <upset/train/checked_file.hpp>

using namespace upset;

namespace {

constexpr std::string_view kind = "upsetTST";

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void put(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

detail::FileContent sample() {
  detail::FileContent content;
  content.add(std::uint64_t{0x0123456789abcdefU});
  content.add(-0.1);
  content.add(std::string_view("conv1.kernel"));
  content.add(Tensor({2, 3}, {1, -0.0F, std::numeric_limits<float>::infinity(), 1e-45F, 3, 4}));
  return content;
}

}  // namespace

TEST_CASE("checked file: what is written is read") {
  const Scratch folder;
  const auto path = folder.path() / "a.file";
  detail::write_file(path, kind, sample());
  detail::FileReader reader = detail::read_file(path, kind, "a test file");
  CHECK(reader.number() == 0x0123456789abcdefU);
  CHECK(reader.real() == -0.1);
  CHECK(reader.text() == "conv1.kernel");
  CHECK(reader.tensor() ==
        Tensor({2, 3}, {1, -0.0F, std::numeric_limits<float>::infinity(), 1e-45F, 3, 4}));
  reader.finish();
  CHECK(contains(complaint([&] { (void)reader.number(); }), "is damaged"));
}

TEST_CASE("checked file: its bytes are the documented ones") {
  const Scratch folder;
  const auto path = folder.path() / "a.file";
  detail::FileContent content;
  content.add(std::string_view("ab"));
  detail::write_file(path, kind, content);
  using std::string_literals::operator""s;
  const std::string expected = "upsetTST\1\0\0\0\0\0\0\0\12\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0ab"s;
  const std::string found = bytes_of(path);
  CHECK(found.size() == expected.size() + 8);
  CHECK(found.substr(0, expected.size()) == expected);
}

TEST_CASE("checked file: every truncation and every changed byte is refused") {
  const Scratch folder;
  const auto path = folder.path() / "a.file";
  detail::write_file(path, kind, sample());
  const std::string whole = bytes_of(path);
  std::size_t accepted = 0;
  std::size_t unnamed = 0;
  const auto read = [&](const std::string& bytes) {
    put(path, bytes);
    const std::string sentence =
        complaint([&] { (void)detail::read_file(path, kind, "a test file"); });
    accepted += sentence.empty() ? 1U : 0U;
    unnamed += contains(sentence, path.string()) ? 0U : 1U;
    return sentence;
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string sentence = read(whole.substr(0, size));
    CHECK_MESSAGE(contains(sentence, "is truncated after " + std::to_string(size)), sentence);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {1, 0x80}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      (void)read(damaged);
    }
  }
  (void)read(whole + '\0');
  CHECK(accepted == 0);
  CHECK(unnamed == 0);
}

TEST_CASE("checked file: the sentence says what is wrong") {
  const Scratch folder;
  const auto path = folder.path() / "a.file";
  const auto read = [&] {
    return complaint([&] { (void)detail::read_file(path, kind, "a test file"); });
  };
  CHECK(read() == "Cannot read " + path.string() + ": No such file or directory");
  put(path, "PK\3\4 something else altogether, long enough to hold a frame");
  CHECK(read() == path.string() + " is not a test file of upset");
  detail::write_file(path, "upsetOTH", sample());
  CHECK(read() == path.string() + " is not a test file of upset");
  detail::write_file(path, kind, sample());
  std::string other = bytes_of(path);
  other[8] = 2;
  put(path, other);
  CHECK(read() == path.string() + " is a test file of another version of upset; delete it");
}

TEST_CASE("checked file: a write that fails leaves the old file and nothing else") {
  const Scratch folder;
  const auto path = folder.path() / "missing" / "a.file";
  CHECK(complaint([&] { detail::write_file(path, kind, sample()); }) ==
        "Cannot write " + path.string() + ": No such file or directory");
  const auto taken = folder.path() / "taken";
  std::filesystem::create_directory(taken);
  CHECK(contains(complaint([&] { detail::write_file(taken, kind, sample()); }), "it is a folder"));
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    ++entries;
  }
  CHECK(entries == 1);
}

TEST_CASE("checked file: a link stays, and what it names is written") {
  const Scratch folder;
  std::filesystem::create_directory(folder.path() / "there");
  const auto link = folder.path() / "link";
  std::filesystem::create_symlink("there/a.file", link);
  detail::write_file(link, kind, sample());
  CHECK(std::filesystem::is_symlink(link));
  CHECK(bytes_of(folder.path() / "there" / "a.file") == bytes_of(link));
}

TEST_CASE("checked file: sizes that cannot be are refused before memory is asked for") {
  const Scratch folder;
  const auto path = folder.path() / "a.file";
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  const std::vector<std::vector<std::uint64_t>> contents = {
      {1, huge}, {2, huge / 2 + 1, 2}, {2, 0, huge}, {7, 1, 1, 1, 1, 1, 1, 1}, {huge}};
  for (const auto& numbers : contents) {
    detail::FileContent content;
    for (const std::uint64_t number : numbers) {
      content.add(number);
    }
    detail::write_file(path, kind, content);
    detail::FileReader reader = detail::read_file(path, kind, "a test file");
    CHECK(contains(complaint([&] { (void)reader.tensor(); }), "contradicts itself"));
  }
  detail::FileContent content;
  content.add(huge);
  detail::write_file(path, kind, content);
  detail::FileReader reader = detail::read_file(path, kind, "a test file");
  CHECK(contains(complaint([&] { (void)reader.text(); }), "contradicts itself"));
}
