// SPDX-License-Identifier: BSL-1.0
/// The command line of the study of opportunistic parity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

struct Options {
  std::vector<std::string> networks;  ///< empty: all
  std::vector<std::string> formats;   ///< empty: all
  std::vector<std::string> guards;    ///< empty: all
  std::filesystem::path data;         ///< the folder with the networks and their pictures
  std::filesystem::path out = "results/opportunistic_parity";
  std::size_t experiments = 20;  ///< per point
  std::size_t images = 400;      ///< per experiment
  std::size_t threads = 0;       ///< 0: one per core
  std::uint64_t seed = 1;
  bool by_bit = false;      ///< BERZAD of every bit position of unguarded weights as well
  bool all_memory = false;  ///< biases and scales are hit too
  bool resume = false;
  std::string command{};  ///< as it was called, for the report
};

/// Reads the command line; prints the help and exits where it is asked for. Throws `upset::Error`.
[[nodiscard]] Options read_options(int argc, char** argv);
