// SPDX-License-Identifier: BSL-1.0
/// What the fuzz targets share: bytes that libFuzzer makes are given to a reader, which may refuse
/// them by throwing `Error`, and in no other way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <span>
#include <string>

#include <unistd.h>

#include <upset/core/error.hpp>

namespace upset::test {

template <class Read>
int fuzz(const std::uint8_t* data, std::size_t size, Read read) {
  try {
    read(std::span(data, size));
  } catch (const Error&) {
  }
  return 0;
}

/// The same for readers of files, in a folder of this process: `names` get the bytes one after the
/// other, as many each.
template <class Read>
int fuzz_files(const std::uint8_t* data, std::size_t size, std::initializer_list<const char*> names,
               Read read) {
  static const std::filesystem::path folder = [] {
    auto path = std::filesystem::temp_directory_path() / ("upset-fuzz-" + std::to_string(getpid()));
    std::filesystem::create_directory(path);
    return path;
  }();
  const char* next = reinterpret_cast<const char*>(data);
  for (const char* name : names) {
    std::ofstream(folder / name, std::ios::binary)
        .write(next, static_cast<std::streamsize>(size / names.size()));
    next += size / names.size();
  }
  return fuzz(data, size, [&](std::span<const std::uint8_t>) { read(folder); });
}

}  // namespace upset::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
