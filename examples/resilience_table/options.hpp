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
  std::vector<double> rates{1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2};
  std::size_t trials = 20;
  std::size_t images = 2000;
  std::size_t epochs = 8;
  std::size_t train_images = 0;  ///< 0: all
  std::size_t threads = 0;       ///< 0: one per core
  std::uint64_t seed = 1;
  std::string command{};  ///< as it was called, for the report
};

/// Reads the command line; prints the help and exits where it is asked for. Throws `upset::Error`.
[[nodiscard]] Options read_options(int argc, char** argv);

/// Makes the folders of the results. Throws `upset::Error` where nothing can be written.
void prepare_out(const Options& options);
