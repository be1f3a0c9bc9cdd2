// SPDX-License-Identifier: BSL-1.0
/// The command line of an evaluation.
#pragma once

#include <cstddef>
#include <filesystem>

#include "common/subject.hpp"

struct Options {
  SubjectOptions subject{.network = "resnet20"};
  std::size_t images = 0;  ///< 0: all
  std::size_t threads = 0;
  std::filesystem::path logits{};  ///< empty: not written
};

/// Reads the command line; prints the help and exits where it is asked for. Throws `upset::Error`.
[[nodiscard]] Options read_options(int argc, char** argv);
