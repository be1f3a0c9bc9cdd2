// SPDX-License-Identifier: BSL-1.0
/// A data set by its name on a command line.
#pragma once

#include <string>
#include <string_view>

#include <upset/core/error.hpp>
#include <upset/io/cifar10.hpp>
#include <upset/io/dataset.hpp>
#include <upset/io/idx.hpp>
#include <upset/io/image_folder.hpp>

namespace upset {

/// Loads "idx:DIR", "cifar10:DIR" or "images:DIR"; a folder of images is one split, whichever is
/// asked for, and `images` says how they are made one size.
///
/// - errors: throws `Error` for any other word, and as `load_idx`, `load_cifar10` and
///   `load_image_folder` do
[[nodiscard]] inline Dataset load_dataset(std::string_view spec, Split split,
                                          const ImageFolderOptions& images = {}) {
  const std::size_t colon = spec.find(':');
  if (colon != std::string_view::npos && colon + 1 < spec.size()) {
    const std::string_view kind = spec.substr(0, colon);
    const std::string_view directory = spec.substr(colon + 1);
    if (kind == "idx") {
      return load_idx(directory, split);
    }
    if (kind == "cifar10") {
      return load_cifar10(directory, split);
    }
    if (kind == "images") {
      return load_image_folder(directory, images);
    }
  }
  throw Error("data set '" + std::string{spec} +
              "' is not known: write idx:DIR, cifar10:DIR or images:DIR");
}

}  // namespace upset
