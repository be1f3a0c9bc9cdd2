// SPDX-License-Identifier: BSL-1.0
/// Random changes of training pictures that leave their labels true.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <upset/core/random.hpp>
#include <upset/tensor/shape.hpp>

namespace upset {

namespace detail {

/// Plus the epoch; the substream is the picture. Away from the streams of `initialize` and `train`.
inline constexpr std::uint64_t augmentation_stream = 0x74726169'80000000U;

}  // namespace detail

/// What may happen to a picture each time training sees it.
struct Augmentation {
  bool flip = false;      ///< left becomes right, every other time
  std::size_t shift = 0;  ///< moved by up to so many pixels each way: padding, then a crop

  [[nodiscard]] bool any() const { return flip || shift > 0; }
  [[nodiscard]] friend bool operator==(const Augmentation&, const Augmentation&) = default;
};

/// Flips and moves one picture in place; what moves in from outside is `outside`, one per channel.
///
/// - shape: picture [H, W, C]
/// - cost:  one copy of the picture
/// The change depends on (seed, epoch, image) alone.
inline void augment(std::span<float> picture, const Shape& shape, const Augmentation& changes,
                    std::span<const float> outside, std::uint64_t seed, std::uint64_t epoch,
                    std::uint64_t image) {
  Random random(seed, detail::augmentation_stream + epoch, image);
  const bool mirrored = changes.flip && random.uniform_below(2) == 1;
  const std::size_t places = 2 * changes.shift + 1;
  const std::size_t down = random.uniform_below(places);  // the crop's corner in the padded picture
  const std::size_t right = random.uniform_below(places);
  const std::size_t height = shape[0];
  const std::size_t width = shape[1];
  const std::size_t channels = shape[2];
  const std::vector<float> before(picture.begin(), picture.end());
  for (std::size_t y = 0; y < height; ++y) {
    const std::size_t padded_y = y + down;
    for (std::size_t x = 0; x < width; ++x) {
      const std::size_t padded_x = (mirrored ? width - 1 - x : x) + right;
      float* const pixel = picture.data() + (y * width + x) * channels;
      const bool inside = padded_y >= changes.shift && padded_y < height + changes.shift &&
                          padded_x >= changes.shift && padded_x < width + changes.shift;
      const float* const source =
          inside ? before.data() +
                       ((padded_y - changes.shift) * width + padded_x - changes.shift) * channels
                 : outside.data();
      std::copy_n(source, channels, pixel);
    }
  }
}

}  // namespace upset
