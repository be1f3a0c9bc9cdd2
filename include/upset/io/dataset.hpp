// SPDX-License-Identifier: BSL-1.0
/// Labelled 8-bit images in memory, as the loaders of this folder return them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/tensor/shape.hpp>

namespace upset {

/// Which half of a data set.
enum class Split : std::uint8_t {
  train,  ///< to fit weights and scales on
  test,   ///< to measure accuracy on
};

/// Images of one size with a label each. `pixels` is [size(), H, W, C], 0..255 as in the file;
/// every label is below `classes`.
struct Dataset {
  int height = 0;
  int width = 0;
  int channels = 0;
  int classes = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint16_t> labels;

  [[nodiscard]] std::size_t size() const { return labels.size(); }

  /// [H, W, C]
  [[nodiscard]] Shape shape() const {
    return {static_cast<std::size_t>(height), static_cast<std::size_t>(width),
            static_cast<std::size_t>(channels)};
  }

  /// Drops all images but the first `count`; keeps all where there are no more.
  void keep_first(std::size_t count) {
    if (count < size()) {
      labels.resize(count);
      pixels.resize(count * shape().size());
    }
  }

  /// Puts the channels of every pixel in the opposite order: red green blue, or blue green red.
  void reverse_channels() {
    const auto step = static_cast<std::ptrdiff_t>(channels);
    for (auto pixel = pixels.begin(); pixel != pixels.end(); pixel += step) {
      std::reverse(pixel, pixel + step);
    }
  }

  /// The indices of `count` images from `first` on, of fewer where there are no more.
  [[nodiscard]] std::vector<std::size_t> indices(std::size_t count, std::size_t first = 0) const {
    std::vector<std::size_t> result(std::min(count, size() - std::min(first, size())));
    std::iota(result.begin(), result.end(), first);
    return result;
  }
  /// The first `count` images of each class, in the order of the file.
  /// - errors: throws `Error` naming a class that has fewer
  [[nodiscard]] std::vector<std::size_t> first_of_each_class(std::size_t count) const {
    std::vector<std::size_t> found(static_cast<std::size_t>(classes), 0);
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < size(); ++i) {
      if (found[labels[i]] < count) {
        ++found[labels[i]];
        result.push_back(i);
      }
    }
    for (std::size_t label = 0; label < found.size(); ++label) {
      if (found[label] < count) {
        throw Error("The data set has fewer than " + std::to_string(count) + " pictures of class " +
                    std::to_string(label));
      }
    }
    return result;
  }

  /// The H * W * C pixels of one image.
  [[nodiscard]] std::span<const std::uint8_t> image(std::size_t index) const {
    const std::size_t stride = shape().size();
    return std::span{pixels}.subspan(index * stride, stride);
  }
};

}  // namespace upset
