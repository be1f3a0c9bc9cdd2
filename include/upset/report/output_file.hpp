// SPDX-License-Identifier: BSL-1.0
/// Files that are there whole or not at all.
#pragma once

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <upset/core/error.hpp>
#include <upset/core/output_path.hpp>

namespace upset {

/// Writes to `<path>.partial`, which `commit` renames to `path`; without `commit`, and after an
/// error, it is removed and what was at `path` before stays untouched.
///
/// - errors: every failure, a full disk included, throws `Error` with the path and its cause; and
///           as `output_path`
class OutputFile {
 public:
  explicit OutputFile(std::filesystem::path path)
      : path_(std::move(path)),
        target_(output_path(path_)),
        partial_(target_.string() + ".partial") {
    errno = 0;
    file_.reset(std::fopen(partial_.c_str(), "wb"));
    if (!file_) {
      fail("choose a folder that exists and can be written");
    }
  }
  OutputFile(OutputFile&&) = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile() { discard(); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  void write(std::string_view text) {
    if (!file_) {
      throw Error("Cannot write to " + path_.string() + " any more: it is closed");
    }
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) {
      fail("free some space or choose another folder");
    }
  }

  /// Writes out, closes and gives the file its name. Once; a second call does nothing.
  void commit() {
    if (!file_) {
      return;
    }
    errno = 0;
    if (std::fclose(file_.release()) != 0) {  // what is buffered meets a full disk here
      fail("free some space or choose another folder");
    }
    std::error_code problem;
    std::filesystem::rename(partial_, target_, problem);
    if (problem) {
      errno = problem.value();
      fail("choose another name or folder");
    }
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  [[noreturn]] void fail(const char* advice) {
    const std::string cause = std::generic_category().message(errno);
    file_.reset();
    std::error_code ignored;
    std::filesystem::remove(partial_, ignored);
    throw Error("Cannot write " + path_.string() + ": " + cause + "; " + advice);
  }
  void discard() noexcept {
    if (file_) {
      file_.reset();
      std::error_code ignored;
      std::filesystem::remove(partial_, ignored);
    }
  }

  std::filesystem::path path_;
  std::filesystem::path target_;  // where links of `path_` lead
  std::filesystem::path partial_;
  std::unique_ptr<std::FILE, Close> file_;
};

/// Writes a whole file at once, or none of it. Throws as `OutputFile`.
inline void write_file(const std::filesystem::path& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace upset
