// SPDX-License-Identifier: BSL-1.0
/// What a convolution reads of a picture without faults, and the sums it makes of that.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/nn/change.hpp>

namespace upset {

namespace detail {

[[nodiscard]] inline std::uint32_t magnitude_bits(float x) {
  return std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU;
}

/// The largest magnitude, NaN above all.
[[nodiscard]] inline float largest_magnitude(std::span<const float> values) {
  std::uint32_t largest = 0;
  for (const float value : values) {
    largest = std::max(largest, magnitude_bits(value));
  }
  return std::bit_cast<float>(largest);
}

}  // namespace detail

/// The fault-free picture that changes are added to; of floats no sums.
template <class Level>
struct KeptPicture {
  AlignedVector<Level> levels;       ///< what is read
  AlignedVector<std::int32_t> sums;  ///< of products of levels, [pixels, stride]
  float largest = 0;                 ///< magnitude of a level, or of y of floats
  bool is_usable = true;             ///< the sums are known

  /// Takes a picture x and what the convolution makes of it, y = sum step + bias. Sums are the only
  /// integers near enough, while a step is well above the rounding of y; else the picture is not
  /// usable.
  /// - shape: y [pixels, outputs]; steps and biases [stride], of which `outputs` count
  void keep(const ConvolutionFace<Level>& face, std::span<const float> x, std::span<const float> y,
            std::size_t outputs, std::span<const float> steps, std::span<const float> biases) {
    levels.resize(x.size());
    face.read_inputs(x, levels.data());
    if constexpr (std::is_integral_v<Level>) {
      const auto [low, high] = std::ranges::minmax(levels);
      largest = static_cast<float>(std::max(-low, +high));
      keep_sums(y, outputs, steps, biases);
    } else {
      largest = detail::largest_magnitude(y);
    }
  }

 private:
  static constexpr double most = 0x1p21;

  void keep_sums(std::span<const float> y, std::size_t outputs, std::span<const float> steps,
                 std::span<const float> biases) {
    const std::size_t stride = steps.size();
    sums.assign(y.size() / outputs * stride, 0);
    is_usable = true;
    std::vector<double> inverse(outputs);
    for (std::size_t o = 0; o < outputs; ++o) {
      inverse[o] = 1.0 / static_cast<double>(steps[o]);
      is_usable = is_usable && std::abs(static_cast<double>(biases[o]) * inverse[o]) < most;
    }
    double largest_sum = 0;
    std::int32_t* to = sums.data();
    for (std::size_t p = 0; p < y.size(); p += outputs, to += stride) {
      for (std::size_t o = 0; o < outputs; ++o) {
        const double sum =
            (static_cast<double>(y[p + o]) - static_cast<double>(biases[o])) * inverse[o];
        largest_sum = std::max(largest_sum, std::abs(sum));
        to[o] = static_cast<std::int32_t>(std::lrint(sum));
      }
    }
    is_usable = is_usable && largest_sum < most;
  }
};

}  // namespace upset
