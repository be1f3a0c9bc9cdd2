// SPDX-License-Identifier: BSL-1.0
/// What is evaluated: a network in a format, and pictures.
#pragma once

#include <string>

#include "options.hpp"

#include <upset/io/dataset.hpp>
#include <upset/io/mask_list.hpp>
#include <upset/nn/network.hpp>

struct Subject {
  upset::Network network;
  /// Labels are classes of the network; masks are there where pixels have classes, labels else.
  upset::MaskedPictures data{};

  [[nodiscard]] bool is_segmentation() const { return !data.classes.empty(); }
};

/// For the help.
[[nodiscard]] std::string known_networks();

/// Loads weights and pictures, and brings the network into its format. Throws `upset::Error` for
/// whatever does not fit.
[[nodiscard]] Subject make_subject(const Options& options);
