// SPDX-License-Identifier: BSL-1.0
/// The trained networks of the study and the pictures they are shown.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <upset/campaign/sweep.hpp>
#include <upset/nn/network.hpp>

struct Subject {
  std::string name;
  upset::Network real;         ///< in float, batch norms folded
  upset::LabelledImages test;  ///< of every experiment
  upset::Tensor sample;        ///< other pictures, to calibrate with
};

/// Names for --networks.
[[nodiscard]] std::vector<std::string> subject_names();

/// - errors: throws `upset::Error` when a file below `data` is missing or another, and when there
///           are fewer pictures than `images`
[[nodiscard]] Subject load_subject(const std::string& name, const std::filesystem::path& data,
                                   std::size_t images);
