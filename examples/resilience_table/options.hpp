// SPDX-License-Identifier: BSL-1.0
/// The command line of the resilience table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

struct Options {
  std::string dataset = "idx:/usr/share/datasets/fashion-mnist";
  std::filesystem::path out = "results/resilience_table";
  std::vector<std::string> formats;  ///< empty: all
  std::vector<double> rates;         ///< bit error rates of both sweeps
  std::size_t trials = 20;
  std::size_t images = 2000;
  std::size_t epochs = 12;
  std::size_t threads = 0;
  std::uint64_t seed = 1;
  std::string command;  ///< as it was called, for the report
};
