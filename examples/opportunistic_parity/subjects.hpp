// SPDX-License-Identifier: BSL-1.0
/// The trained networks of the study, the pictures they are shown, and their formats.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "guards.hpp"

#include <upset/campaign/sweep.hpp>
#include <upset/nn/network.hpp>

struct Subject {
  std::string name;
  std::string format;  ///< "fp32", batch norms folded; or the one it was published in
  upset::Network network;
  upset::LabelledImages test;  ///< of every experiment
  upset::Tensor sample;        ///< other pictures, to calibrate with
};

/// - errors: throws `upset::Error` when a file below `data` is missing or another, and when there
///           are fewer pictures than `images`
[[nodiscard]] Subject load_subject(const std::string& name, const std::filesystem::path& data,
                                   std::size_t images);

/// Those that a network can be studied in: all of floats; of others, that of the file.
[[nodiscard]] std::vector<std::string> formats_of(const std::string& network);

/// The network in one of these formats under one of its guards, calibrated.
///
/// "int8" has one scale a tensor, as the paper, and equalised layers; "int8c" has one a channel,
/// which needs no equalising. Biases of both are corrected for what is rounded, and for the bits
/// that the guard takes.
[[nodiscard]] upset::Network in_format(const Subject& subject, const std::string& format,
                                       const Guard& guard);

/// Throws `std::out_of_range` for a format that does not exist.
[[nodiscard]] std::vector<Guard> guards_of(const std::string& format);
