// SPDX-License-Identifier: BSL-1.0
/// What programs examine: a trained network in a format, and pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/formats.hpp"

#include <upset/io/batch.hpp>
#include <upset/io/image_folder.hpp>
#include <upset/io/mask_list.hpp>
#include <upset/nn/network.hpp>

/// Where they come from, as a command line says.
struct SubjectOptions {
  std::string network{};  ///< a name, or a file that holds weights as well
  std::filesystem::path weights{};
  std::string dataset{};
  std::size_t size = 0;  ///< pictures of a folder; 0: what the network file takes, or 224
  std::size_t shorter_side = upset::ImageFolderOptions{}.shorter_side;
  std::string resampling = "bilinear";
  std::string normalise = "0/1";
  int brightest = 1;
  std::string channels = "rgb";
  std::size_t background = 0;  ///< classes before that of label 0
  std::string format{};        ///< empty: that of the file, or Float32
  std::string guard = "none";
  std::optional<bool> fold{};
  Quantisation quantisation{};
  std::size_t calibration = 200;
  /// Weights are drawn from it, and none are read.
  std::optional<std::uint64_t> initial_seed{};

  [[nodiscard]] bool is_folded() const {
    return fold.value_or(!format.empty() && format != "Float32");
  }
  [[nodiscard]] upset::Normalisation normalisation() const;
};

/// From --network to --calibrate.
void add_options(CLI::App& app, SubjectOptions& options);

/// Throws `upset::Error` for what is wrong whatever the files hold.
void check(const SubjectOptions& options);

struct Subject {
  upset::Network network;
  std::string format{};         ///< of its weights
  std::size_t calibration = 0;  ///< pictures that anything in it was fitted to
  /// Labels are those of the data set, `background` below the classes of the network; masks are
  /// there where pixels have classes, labels else.
  upset::MaskedPictures data{};

  [[nodiscard]] bool is_segmentation() const { return !data.classes.empty(); }
};

/// Loads weights and pictures, of a folder the first `most`, and brings the network into its
/// format. Throws `upset::Error` for whatever does not fit.
[[nodiscard]] Subject load_subject(const SubjectOptions& options,
                                   std::size_t most = upset::ImageFolderOptions{}.most);
