// SPDX-License-Identifier: BSL-1.0
/// What a run was made on, so that its figures can be judged later.
#pragma once

#include <charconv>
#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <upset/report/cell.hpp>

namespace upset {

/// A line of a report: the name of something and what it is.
struct Fact {
  std::string name{};
  std::string value{};
};

namespace detail {

/// What follows `key` and `separator` in the first line of a file that has them, blanks and quotes
/// around it removed; empty where file or key is missing.
[[nodiscard]] inline std::string value_in_file(const char* path, std::string_view key,
                                               char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(separator);
    if (!line.starts_with(key) || at == std::string::npos) {
      continue;
    }
    const std::size_t first = line.find_first_not_of(" \t\"", at + 1);
    const std::size_t last = line.find_last_not_of(" \t\"");
    return first == std::string::npos ? "" : line.substr(first, last - first + 1);
  }
  return {};
}

}  // namespace detail

/// Processor, threads, memory, operating system and compiler; what is not known is left out.
[[nodiscard]] inline std::vector<Fact> machine_facts() {
  std::vector<Fact> facts;
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty()) {
      facts.push_back({name, std::move(value)});
    }
  };
  add("processor", detail::value_in_file("/proc/cpuinfo", "model name", ':'));
  if (const unsigned threads = std::thread::hardware_concurrency(); threads > 0) {
    add("hardware threads", std::to_string(threads));
  }
  const std::string kibibytes = detail::value_in_file("/proc/meminfo", "MemTotal", ':');
  double memory = 0;
  std::from_chars(kibibytes.data(), kibibytes.data() + kibibytes.size(), memory);
  if (memory > 0) {
    add("memory", with_decimals(memory / (1024 * 1024), 1) + " GiB");
  }
  add("operating system", detail::value_in_file("/etc/os-release", "PRETTY_NAME", '='));
#if defined(__clang__)
  add("compiler", __VERSION__);
#elif defined(__GNUC__)
  add("compiler", "GCC " __VERSION__);
#endif
  return facts;
}

}  // namespace upset
