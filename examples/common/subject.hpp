// SPDX-License-Identifier: BSL-1.0
/// What programs examine: a trained network in a format, and pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/formats.hpp"

#include <upset/io/batch.hpp>
#include <upset/io/image_folder.hpp>
#include <upset/io/mask_list.hpp>
#include <upset/nn/network.hpp>

/// Where they come from, as a command line says.
struct SubjectOptions {
  std::string network{};            ///< a name, or a file that holds weights as well
  std::filesystem::path weights{};  ///< "initial": drawn from `initial_seed`
  std::uint64_t initial_seed = 1;
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
  std::optional<std::size_t> calibration{};

  [[nodiscard]] std::size_t pictures_to_fit() const { return calibration.value_or(200); }
  [[nodiscard]] bool is_initial() const { return weights == "initial"; }
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
  bool is_folded = false;       ///< its batch norms
  std::size_t calibration = 0;  ///< pictures that anything in it was fitted to
  /// Labels are those of the data set; masks are there where pixels have classes, labels else.
  upset::MaskedPictures data{};
  std::size_t background = 0;  ///< what the classes of the network are above labels

  [[nodiscard]] bool is_segmentation() const { return !data.classes.empty(); }
  /// The right answers for these pictures.
  [[nodiscard]] std::vector<std::uint16_t> classes_of(std::span<const std::size_t> pictures) const;
};

/// Loads weights and the first `most` pictures, and brings the network into its format, whatever
/// of it is fitted to pictures not to these alone. Throws `upset::Error` for whatever does not fit.
[[nodiscard]] Subject load_subject(const SubjectOptions& options,
                                   std::size_t most = upset::ImageFolderOptions{}.most);
