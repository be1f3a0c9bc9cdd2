// SPDX-License-Identifier: BSL-1.0
/// Pictures of any size, and how they are brought to the size that a network takes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <upset/core/error.hpp>

namespace upset {

/// One 8-bit picture; `pixels` is [height, width, channels].
struct Picture {
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;
  std::vector<std::uint8_t> pixels;

  [[nodiscard]] friend bool operator==(const Picture&, const Picture&) = default;
};

/// How a pixel of another size is computed. Coordinates below are those of the source; a target
/// pixel i covers [i s, (i + 1) s) with s = source size / target size, and has its centre in the
/// middle of that.
enum class Resampling : std::uint8_t {
  bilinear,  ///< triangle around the centre that reaches max(s, 1) to both sides, over pixel
             ///< centres: a low pass where pictures shrink, as Pillow's and torchvision's antialias
  area,      ///< mean of what is covered, edge pixels weighted by the part that is
};

namespace detail {

constexpr std::size_t most_side = 16384;  // pixels

/// What a picture file may say of itself before memory is taken for its pixels: sides of up to
/// `most_side`, and more than 65536 pixels only where its bytes are a thousandth of them.
///
/// - errors: throws `Error` naming `where`
inline void expect_pixels(std::int64_t height, std::int64_t width, std::size_t bytes,
                          const std::string& where) {
  const auto pixels = static_cast<std::uint64_t>(height) * static_cast<std::uint64_t>(width);
  if (width <= 0 || height <= 0 || std::max(width, height) > static_cast<std::int64_t>(most_side) ||
      (pixels > 65536 && pixels / 1000 > bytes)) {
    throw Error(where + ": says that it has " + std::to_string(width) + " x " +
                std::to_string(height) + " pixels, and has " + std::to_string(bytes) +
                " bytes; save it smaller, or fetch it again");
  }
}

/// Source pixels from `first` on that a target pixel is the weighted mean of.
struct Taps {
  std::size_t first = 0;
  std::vector<double> weights;
  double sum = 0;
};

[[nodiscard]] inline std::vector<Taps> taps_of(std::size_t from, std::size_t to,
                                               Resampling resampling) {
  std::vector<Taps> all(to);
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(step, 1.0);
  for (std::size_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * step;
    const double radius = resampling == Resampling::area ? step / 2 : reach;
    const auto first = static_cast<std::size_t>(std::max(std::floor(centre - radius), 0.0));
    const auto last = std::min(from, static_cast<std::size_t>(std::ceil(centre + radius)));
    all[i].first = first;
    for (std::size_t pixel = first; pixel < last; ++pixel) {
      double weight = 0;
      if (resampling == Resampling::area) {  // in units of 1 / to: whole numbers, so sums are exact
        weight = static_cast<double>(std::min((pixel + 1) * to, (i + 1) * from)) -
                 static_cast<double>(std::max(pixel * to, i * from));
      } else {
        weight = 1 - std::abs(static_cast<double>(pixel) + 0.5 - centre) / reach;
      }
      all[i].weights.push_back(std::max(weight, 0.0));
      all[i].sum += all[i].weights.back();
    }
  }
  return all;
}

}  // namespace detail

/// `from` as `height` x `width` pixels: weighted sums along rows, then along columns, in double,
/// rounded once, half up. Pillow rounds between the two as well, and is a grey level off at times.
///
/// - errors: throws `Error` for a picture without pixels, and for sides of more than 16384
/// - cost:   a multiply-add per channel, target column and source row for each tap, and again per
///           target pixel
[[nodiscard]] inline Picture resize(const Picture& from, std::size_t height, std::size_t width,
                                    Resampling resampling = Resampling::bilinear) {
  if (from.pixels.empty() || std::min(height, width) == 0 ||
      std::max(height, width) > detail::most_side) {
    throw Error("A picture of " + std::to_string(from.height) + " x " + std::to_string(from.width) +
                " pixels cannot be made one of " + std::to_string(height) + " x " +
                std::to_string(width) + "; both need a pixel at least, and sides have at most " +
                std::to_string(detail::most_side));
  }
  const std::vector<detail::Taps> along = detail::taps_of(from.width, width, resampling);
  const std::vector<detail::Taps> down = detail::taps_of(from.height, height, resampling);
  const std::size_t channels = from.channels;
  const std::size_t row = width * channels;
  std::vector<double> rows(from.height * row, 0.0);
  for (std::size_t y = 0; y < from.height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      const std::uint8_t* pixel = from.pixels.data() + (y * from.width + along[x].first) * channels;
      for (const double weight : along[x].weights) {
        for (std::size_t c = 0; c < channels; ++c) {
          rows[y * row + x * channels + c] += weight * *pixel++;
        }
      }
    }
  }
  Picture to{height, width, channels, std::vector<std::uint8_t>(height * row)};
  std::vector<double> sums(row);
  for (std::size_t y = 0; y < height; ++y) {
    std::ranges::fill(sums, 0.0);
    const double* next = rows.data() + down[y].first * row;
    for (const double weight : down[y].weights) {
      for (double& sum : sums) {
        sum += weight * *next++;
      }
    }
    for (std::size_t i = 0; i < row; ++i) {
      const double mean = sums[i] / (down[y].sum * along[i / channels].sum);
      to.pixels[y * row + i] = static_cast<std::uint8_t>(std::floor(mean + 0.5));
    }
  }
  return to;
}

/// `from` with its shorter side `side` pixels long, the longer one in proportion, rounded down.
[[nodiscard]] inline Picture resize_shorter_side(const Picture& from, std::size_t side,
                                                 Resampling resampling = Resampling::bilinear) {
  const std::size_t shorter = std::max<std::size_t>(std::min(from.height, from.width), 1);
  const std::size_t asked = std::min(side, std::size_t{1} << 32U);  // refused, and no product wraps
  return resize(from, from.height * asked / shorter, from.width * asked / shorter, resampling);
}

/// The `height` x `width` pixels in the middle; where they cannot lie there, half a pixel to the
/// top and left.
///
/// - errors: throws `Error` where `from` is smaller
[[nodiscard]] inline Picture centre_crop(const Picture& from, std::size_t height,
                                         std::size_t width) {
  if (from.height < height || from.width < width) {
    throw Error("A picture of " + std::to_string(from.height) + " x " + std::to_string(from.width) +
                " pixels has no " + std::to_string(height) + " x " + std::to_string(width) +
                " ones in its middle; resize it to more, or crop to fewer");
  }
  Picture to{height, width, from.channels, {}};
  to.pixels.reserve(height * width * from.channels);
  const std::size_t left = (from.width - width) / 2;
  for (std::size_t y = 0; y < height; ++y) {
    const std::size_t first = ((from.height - height) / 2 + y) * from.width + left;
    const auto row = from.pixels.begin() + static_cast<std::ptrdiff_t>(first * from.channels);
    to.pixels.insert(to.pixels.end(), row,
                     row + static_cast<std::ptrdiff_t>(width * from.channels));
  }
  return to;
}

}  // namespace upset
