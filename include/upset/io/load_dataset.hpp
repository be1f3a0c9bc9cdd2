// SPDX-License-Identifier: BSL-1.0
/// A data set by its name on a command line.
#pragma once

#include <string>
#include <string_view>

#include <upset/core/error.hpp>
#include <upset/io/cifar10.hpp>
#include <upset/io/dataset.hpp>
#include <upset/io/idx.hpp>

namespace upset {

/// Loads "idx:DIR" or "cifar10:DIR".
///
/// - errors: throws `Error` for any other word, and as `load_idx` and `load_cifar10` do
[[nodiscard]] inline Dataset load_dataset(std::string_view spec, Split split) {
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
  }
  throw Error("data set '" + std::string{spec} + "' is not known: write idx:DIR or cifar10:DIR");
}

}  // namespace upset
