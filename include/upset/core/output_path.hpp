// SPDX-License-Identifier: BSL-1.0
/// Where a file is written that takes the place of an old one.
#pragma once

#include <filesystem>
#include <system_error>

#include <upset/core/error.hpp>

namespace upset {

/// The file that `path` names, or leads to by symbolic links, which so remain; it need not exist.
///
/// - errors: throws `Error` for a folder, and for what is no regular file, as a device or a pipe:
///           renaming another file to it would end it
[[nodiscard]] inline std::filesystem::path output_path(const std::filesystem::path& path) {
  const auto refuse = [&](const char* why) {
    throw Error("Cannot write " + path.string() + ": it is " + why + "; choose another name");
  };
  std::error_code ignored;  // what cannot be looked at cannot be opened either
  const std::filesystem::file_status there = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(there)) {
    refuse("a folder");
  }
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
    refuse("no regular file");
  }
  std::filesystem::path target = path;
  for (int links = 0; std::filesystem::is_symlink(target, ignored); ++links) {
    if (links == 40) {  // as many as Linux follows
      refuse("a link that leads nowhere");
    }
    target = target.parent_path() / std::filesystem::read_symlink(target, ignored);
  }
  return target;
}

}  // namespace upset
