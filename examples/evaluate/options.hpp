// SPDX-License-Identifier: BSL-1.0
/// The command line of an evaluation.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include <upset/io/batch.hpp>
#include <upset/io/image_folder.hpp>

struct Options {
  std::string network = "resnet20";  ///< a name, or a file that holds weights as well
  std::filesystem::path weights{};
  std::string dataset{};
  upset::ImageFolderOptions pictures{};  ///< how those of a folder are made one size
  bool is_sized = false;                 ///< by the command line, not by the network
  upset::Normalisation normalisation{};
  bool is_bgr = false;
  std::size_t background = 0;  ///< classes before that of label 0
  std::string format{};        ///< empty: that of the file, or Float32
  std::string guard = "none";
  bool is_folded = false;
  std::size_t images = 0;  ///< 0: all
  std::size_t calibration = 200;
  std::size_t threads = 0;
  std::filesystem::path logits{};  ///< empty: not written
};

/// Reads the command line; prints the help and exits where it is asked for. Throws `upset::Error`.
[[nodiscard]] Options read_options(int argc, char** argv);
