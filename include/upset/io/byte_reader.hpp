// SPDX-License-Identifier: BSL-1.0
/// Reads a file front to back, plain or gzip-compressed, and refuses what is not all there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <zlib.h>

#include <upset/core/error.hpp>

namespace upset {

namespace detail {

/// deflate cannot do better: 258 bytes from two bits (zlib's technical details).
inline constexpr std::uint64_t most_expansion = 1032;

/// Throws `Error` unless `directory` is one that can be looked into.
inline void expect_directory(const std::filesystem::path& directory) {
  std::error_code status;
  if (!std::filesystem::is_directory(directory, status)) {
    throw Error(directory.string() + ": no such directory");
  }
}

}  // namespace detail

/// A file open for reading; gzip is recognised by its first bytes.
///
/// - errors: throws `Error` naming the file when it is missing, cannot be read, ends early, is
///   damaged, or holds more than was asked for
class ByteReader {
 public:
  explicit ByteReader(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code status;
    if (!std::filesystem::is_regular_file(path_, status)) {
      fail(std::filesystem::is_directory(path_, status) ? "is a folder; give a file in it"
                                                        : "no such file");
    }
    stored_ = std::filesystem::file_size(path_, status);
    file_.reset(gzopen(path_.c_str(), "rb"));
    if (status || !file_) {
      fail("cannot be opened for reading");
    }
    left_ = gzdirect(file_.get()) != 0 ? stored_ : stored_ * detail::most_expansion;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Bytes the file takes on disk.
  [[nodiscard]] std::uint64_t stored() const { return stored_; }

  /// Bytes the rest can hold: exact for a plain file, an upper bound for a compressed one. Check a
  /// size that a header claims against this before allocating it.
  [[nodiscard]] std::uint64_t most_left() const { return left_; }

  /// Fills `bytes`.
  void read(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const auto wanted = static_cast<unsigned>(std::min<std::size_t>(bytes.size(), 1U << 30U));
      const int got = gzread(file_.get(), bytes.data(), wanted);
      if (got <= 0) {
        fail_to_read();
      }
      bytes = bytes.subspan(static_cast<std::size_t>(got));
      left_ -= std::min(left_, static_cast<std::uint64_t>(got));
    }
  }

  /// The next `count` bytes; nothing is allocated for a count the file cannot hold.
  [[nodiscard]] std::vector<std::uint8_t> read(std::uint64_t count) {
    if (count > left_) {
      fail("ends early: " + std::to_string(count) + " bytes should follow, at most " +
           std::to_string(left_) + " do; fetch the file again");
    }
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count));
    read(std::span{bytes});
    return bytes;
  }

  /// Checks that nothing is left, and with it the checksum of a compressed file.
  void expect_end() {
    std::uint8_t byte = 0;
    const int got = gzread(file_.get(), &byte, 1);
    if (got < 0) {
      fail_to_read();
    }
    if (got > 0) {
      fail("holds more bytes than its header says; fetch the file again");
    }
  }

  /// Throws `Error` with the file's name before `what`.
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(path_.string() + ": " + what);
  }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose_r(file); }
  };

  [[noreturn]] void fail_to_read() {
    int code = Z_OK;
    gzerror(file_.get(), &code);
    fail(code == Z_OK || code == Z_BUF_ERROR ? "ends early; fetch the file again"
         : code == Z_ERRNO                   ? "cannot be read"
                                             : "is damaged; fetch the file again");
  }

  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::uint64_t stored_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace upset
