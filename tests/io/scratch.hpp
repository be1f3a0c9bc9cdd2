// SPDX-License-Identifier: BSL-1.0
/// A directory for the small files a test writes, and what they are written with.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

#include <upset/core/error.hpp>

using Bytes = std::vector<std::uint8_t>;

/// A new, empty directory, removed with its content at the end of the scope.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "upset-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  void write(const std::string& name, const Bytes& bytes) const {
    std::ofstream file(path_ / name, std::ios::binary);
    for (const std::uint8_t byte : bytes) {
      file.put(static_cast<char>(byte));
    }
  }

  void write_gzip(const std::string& name, const Bytes& bytes) const {
    const gzFile file = gzopen((path_ / name).c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
  }

  void resize(const std::string& name, std::uintmax_t size) const {
    std::filesystem::resize_file(path_ / name, size);
  }

 private:
  std::filesystem::path path_;
};

/// What the `Error` says that `act` throws; empty where it throws none.
template <class Act>
[[nodiscard]] std::string complaint(Act act) {
  try {
    act();
  } catch (const upset::Error& error) {
    return error.what();
  }
  return "";
}

[[nodiscard]] inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
