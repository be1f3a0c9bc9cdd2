// SPDX-License-Identifier: BSL-1.0
/// Pictures of a data set as the real values a network takes.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/io/dataset.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset {

/// x = (pixel / divisor - mean) / deviation, per channel; one entry serves all channels.
struct Normalisation {
  std::vector<float> mean = {0.0F};
  std::vector<float> deviation = {1.0F};
  double divisor = 255;  ///< 1: mean and deviation are those of pixels from 0 to 255

  /// What pixel value `pixel` of `channel` becomes; computed in double, rounded once.
  [[nodiscard]] float operator()(std::uint8_t pixel, std::size_t channel) const {
    const auto of_channel = [channel](const std::vector<float>& all) {
      return static_cast<double>(all[all.size() == 1 ? 0 : channel]);
    };
    return static_cast<float>((pixel / divisor - of_channel(mean)) / of_channel(deviation));
  }
  [[nodiscard]] friend bool operator==(const Normalisation&, const Normalisation&) = default;
};

/// The normalisation that gives the channels of `data` mean 0 and deviation 1; a channel that never
/// changes gets deviation 1. Sums are integers, so nothing depends on their order.
[[nodiscard]] inline Normalisation fit_normalisation(const Dataset& data) {
  Normalisation result{{}, {}};
  const auto channels = static_cast<std::size_t>(data.channels);
  const double count = static_cast<double>(data.pixels.size()) / static_cast<double>(channels);
  for (std::size_t channel = 0; channel < channels; ++channel) {
    std::uint64_t sum = 0;
    std::uint64_t squares = 0;
    for (std::size_t i = channel; i < data.pixels.size(); i += channels) {
      sum += data.pixels[i];
      squares += std::uint64_t{data.pixels[i]} * data.pixels[i];
    }
    const double mean = static_cast<double>(sum) / count;
    const double variance = static_cast<double>(squares) / count - mean * mean;
    result.mean.push_back(static_cast<float>(mean / 255));
    result.deviation.push_back(variance > 0 ? static_cast<float>(std::sqrt(variance) / 255) : 1.0F);
  }
  return result;
}

/// The pictures of `data` with these numbers, in this order.
///
/// - shape:  [pictures.size(), H, W, C]
/// - errors: throws `Error` when `normalisation` has entries for another number of channels, when
///           `data` has not as many pixels as its labels ask for, or a number is that of no picture
[[nodiscard]] inline Tensor batch_of(const Dataset& data, std::span<const std::size_t> pictures,
                                     const Normalisation& normalisation) {
  const auto channels = static_cast<std::size_t>(data.channels);
  for (const std::size_t entries : {normalisation.mean.size(), normalisation.deviation.size()}) {
    if (entries != 1 && entries != channels) {
      throw Error("A normalisation of " + std::to_string(entries) + " channels does not fit " +
                  std::to_string(channels) + "; give one entry, or one per channel");
    }
  }
  if (data.pixels.size() != data.size() * data.shape().size()) {
    throw Error("A data set of " + std::to_string(data.size()) + " labels and pictures of " +
                to_string(data.shape()) + " has " + std::to_string(data.pixels.size()) +
                " pixels; give it " + std::to_string(data.size() * data.shape().size()));
  }
  std::vector<std::array<float, 256>> table(channels);
  for (std::size_t channel = 0; channel < channels; ++channel) {
    for (std::size_t pixel = 0; pixel < 256; ++pixel) {
      table[channel][pixel] = normalisation(static_cast<std::uint8_t>(pixel), channel);
    }
  }
  Tensor x(data.shape().with_batch(pictures.size()));
  for (std::size_t b = 0; b < pictures.size(); ++b) {
    if (pictures[b] >= data.size()) {
      throw Error("Picture " + std::to_string(pictures[b]) + " does not exist: the data set has " +
                  std::to_string(data.size()));
    }
    const std::span<const std::uint8_t> pixels = data.image(pictures[b]);
    const std::span<float> row = x.row(b);
    for (std::size_t i = 0; i < row.size(); i += channels) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        row[i + channel] = table[channel][pixels[i + channel]];
      }
    }
  }
  return x;
}

/// Their labels.
[[nodiscard]] inline std::vector<std::size_t> labels_of(const Dataset& data,
                                                        std::span<const std::size_t> pictures) {
  std::vector<std::size_t> labels;
  labels.reserve(pictures.size());
  for (const std::size_t picture : pictures) {
    labels.push_back(data.labels[picture]);
  }
  return labels;
}

}  // namespace upset
