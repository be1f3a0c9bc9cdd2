// SPDX-License-Identifier: BSL-1.0
/// Files as bytes, and numbers in them, little endian.
#pragma once

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <upset/core/bits.hpp>
#include <upset/core/output_path.hpp>
#include <upset/io/byte_reader.hpp>

namespace upset::detail {

/// The number in the first sizeof(T) of `bytes`, which must be there.
template <class T>
[[nodiscard]] T from_bytes(std::span<const std::uint8_t> bytes) {
  using Word = Unsigned<8 * static_cast<int>(sizeof(T))>;
  Word word = 0;
  for (std::size_t byte = 0; byte < sizeof(T); ++byte) {
    word = static_cast<Word>(word | static_cast<Word>(Word{bytes[byte]} << (8 * byte)));
  }
  return std::bit_cast<T>(word);
}

template <class T>
void append(std::vector<std::uint8_t>& bytes, T number) {
  const auto word = std::bit_cast<Unsigned<8 * static_cast<int>(sizeof(T))>>(number);
  for (std::size_t byte = 0; byte < sizeof(T); ++byte) {
    bytes.push_back(static_cast<std::uint8_t>(word >> (8 * byte) & 0xFFU));
  }
}

/// The whole of a file that is not compressed. Throws as `ByteReader`.
[[nodiscard]] inline std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path) {
  ByteReader file{path};
  return file.read(file.stored());
}

/// Writes a file whole or not at all. Throws `Error` naming it, and then leaves the old one; throws
/// as `output_path`.
inline void write_bytes(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  const auto close = [](std::FILE* file) { return std::fclose(file); };
  const std::filesystem::path target = output_path(path);
  const std::string part = target.string() + ".part";
  errno = 0;
  std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(part.c_str(), "wb"), close);
  const bool written =
      file != nullptr &&
      (bytes.empty() || std::fwrite(bytes.data(), bytes.size(), 1, file.get()) == 1) &&
      std::fclose(file.release()) == 0 && std::rename(part.c_str(), target.c_str()) == 0;
  if (!written) {
    const std::string cause = std::generic_category().message(errno);
    file.reset();
    std::remove(part.c_str());
    throw Error("Cannot write " + path.string() + ": " + cause +
                "; choose a name in a folder that exists, can be written and has space");
  }
}

}  // namespace upset::detail
