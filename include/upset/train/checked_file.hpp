// SPDX-License-Identifier: BSL-1.0
/// Binary files with a checksum, written whole or not at all.
#pragma once

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>  // POSIX, for what the standard library cannot promise: data on the disk
#include <unistd.h>

#include <upset/core/fnv1a.hpp>
#include <upset/core/output_path.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset {

namespace detail {

// The file: 8 letters that name the kind, a version, the length of the content (8 bytes each,
// little endian), the content, and the FNV-1a sum of everything before.
inline constexpr std::uint64_t checked_file_version = 1;
inline constexpr std::size_t checked_file_frame = 32;

/// Content being written.
class FileContent {
 public:
  void add(std::uint64_t number) {
    for (int byte = 0; byte < 8; ++byte) {
      bytes_.push_back(static_cast<char>(number >> (8 * byte) & 0xFFU));
    }
  }
  void add(double number) { add(std::bit_cast<std::uint64_t>(number)); }
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    bytes_.append(text);
  }
  void add(const Tensor& tensor) {
    add(std::uint64_t{tensor.shape().rank()});
    for (std::size_t axis = 0; axis < tensor.shape().rank(); ++axis) {
      add(std::uint64_t{tensor.shape()[axis]});
    }
    for (const float value : tensor.values()) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      for (int byte = 0; byte < 4; ++byte) {
        bytes_.push_back(static_cast<char>(bits >> (8 * byte) & 0xFFU));
      }
    }
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Content being read; throws `Error` naming the file at its end.
class FileReader {
 public:
  FileReader(std::string file, std::string content)
      : file_(std::move(file)), content_(std::move(content)), rest_(content_) {}
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::uint64_t number() { return little_endian(take(8)); }
  [[nodiscard]] double real() { return std::bit_cast<double>(number()); }
  [[nodiscard]] std::string text() { return std::string(take(number())); }
  [[nodiscard]] Tensor tensor() {
    const std::uint64_t rank = number();
    Shape shape;
    for (std::uint64_t axis = 0; axis < rank; ++axis) {
      const std::uint64_t extent = number();
      const std::uint64_t room = rest_.size() / 4;
      if (axis >= Shape::max_rank || extent > room || extent * shape.size() > room) {
        fail();
      }
      shape.push_back(extent);
    }
    Tensor tensor(shape);
    for (float& value : tensor.values()) {
      value = std::bit_cast<float>(static_cast<std::uint32_t>(little_endian(take(4))));
    }
    return tensor;
  }
  /// Nothing may be left.
  void finish() const {
    if (!rest_.empty()) {
      fail();
    }
  }

  [[nodiscard]] static std::uint64_t little_endian(std::string_view bytes) {
    std::uint64_t number = 0;
    for (std::size_t byte = bytes.size(); byte-- > 0;) {
      number = number << 8 | static_cast<unsigned char>(bytes[byte]);
    }
    return number;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(file_ + " is damaged: its content contradicts itself; delete it");
  }
  [[nodiscard]] std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) {
      fail();
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string file_;
  std::string content_;
  std::string_view rest_;
};

/// Writes beside `path`, waits for the disk, then renames: at any moment `path` is the old file or
/// the new one, whole. Throws `Error` naming the file, and leaves nothing behind; throws as
/// `output_path`.
inline void write_file(const std::filesystem::path& path, std::string_view kind,
                       const FileContent& content) {
  FileContent head;
  head.add(checked_file_version);
  head.add(std::uint64_t{content.bytes().size()});
  FileContent tail;
  tail.add(fnv1a(content.bytes(), fnv1a(head.bytes(), fnv1a(kind))));

  const std::filesystem::path target = output_path(path);
  const std::string part = target.string() + ".part";
  const auto fail = [&] {
    const int reason = errno;
    std::remove(part.c_str());
    throw Error("Cannot write " + path.string() + ": " + std::strerror(reason));
  };
  std::FILE* const file = std::fopen(part.c_str(), "wb");
  if (file == nullptr) {
    fail();
  }
  bool written = true;
  for (const std::string_view bytes :
       {kind, std::string_view(head.bytes()), std::string_view(content.bytes()),
        std::string_view(tail.bytes())}) {
    written = written && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  }
  written = written && std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  if (std::fclose(file) != 0 || !written || std::rename(part.c_str(), target.c_str()) != 0) {
    fail();
  }
  const std::filesystem::path folder = target.parent_path();
  const int handle = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle >= 0) {  // the rename itself survives a power cut too, where folders can be synced
    ::fsync(handle);
    ::close(handle);
  }
}

/// Throws `Error` naming the file when it cannot be read, is of another kind or version, truncated
/// or damaged. `what` says what was wanted: "a parameter file".
inline FileReader read_file(const std::filesystem::path& path, std::string_view kind,
                            const std::string& what) {
  const std::string name = path.string();
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(name.c_str(), "rb"), close);
  if (file == nullptr) {
    throw Error("Cannot read " + name + ": " + std::strerror(errno));
  }
  std::string bytes;
  std::vector<char> block(1 << 16);
  for (std::size_t got = 1; got > 0;) {
    got = std::fread(block.data(), 1, block.size(), file.get());
    bytes.append(block.data(), got);
  }
  if (std::ferror(file.get()) != 0) {
    throw Error("Cannot read " + name + ": " + std::strerror(errno));
  }
  const std::string_view all = bytes;
  if (all.substr(0, kind.size()) != kind.substr(0, all.size())) {
    throw Error(name + " is not " + what + " of upset");
  }
  if (all.size() >= 16 && FileReader::little_endian(all.substr(8, 8)) != checked_file_version) {
    throw Error(name + " is " + what + " of another version of upset; delete it");
  }
  const std::uint64_t length = all.size() < 24 ? 0 : FileReader::little_endian(all.substr(16, 8));
  if (all.size() < checked_file_frame || all.size() - checked_file_frame < length) {
    throw Error(name + " is truncated after " + std::to_string(all.size()) + " bytes; delete it");
  }
  if (all.size() - checked_file_frame > length ||
      fnv1a(all.substr(0, all.size() - 8)) !=
          FileReader::little_endian(all.substr(all.size() - 8))) {
    throw Error(name + " is damaged: its checksum does not match; delete it");
  }
  return FileReader(name, bytes.substr(24, length));
}

}  // namespace detail

}  // namespace upset
