// SPDX-License-Identifier: BSL-1.0
/// Networks that come with their weights.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <upset/nn/network.hpp>

/// For helps: what `network_file` knows.
inline const std::string known_network_files =
    "cnv, cmsis_nn or cmsis_nn_q7 from published weights; an ONNX file (.onnx), or the JSON file "
    "of a TFLite graph (.json) with its NPZ file beside it";

/// Whether this is no name but a file, which holds weights as well.
[[nodiscard]] bool is_network_file(const std::filesystem::path& network);

/// The network in the file `network`, or the published one of this name, whose weights are in
/// another; none for the name of an architecture. Throws `upset::Error` for files that do not fit.
[[nodiscard]] std::optional<upset::Network> network_file(const std::filesystem::path& network,
                                                         const std::filesystem::path& weights = {});
