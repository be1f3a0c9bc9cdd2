// SPDX-License-Identifier: BSL-1.0
/// A small problem to train on: noisy seven-segment digits, drawn from a seed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/values.hpp"

#include <upset/io/batch.hpp>
#include <upset/nn/network.hpp>
#include <upset/train/loss.hpp>

namespace upset::test {

/// `count` pictures of 10x8 pixels, ten classes in turn: bright segments somewhere on a dark
/// ground, with noise that leaves them legible.
[[nodiscard]] inline Dataset digits(std::size_t count, std::uint32_t seed) {
  // segments: top, upper left, upper right, middle, lower left, lower right, bottom
  constexpr std::array<const char*, 10> lit = {"1110111", "0010010", "1011101", "1011011",
                                               "0111010", "1101011", "1101111", "1010010",
                                               "1111111", "1111011"};
  Dataset data{.height = 10, .width = 8, .channels = 1, .classes = 10, .pixels = {}, .labels = {}};
  Values values(seed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t label = i % 10;
    std::array<int, 80> picture{};
    const std::size_t top = values.below(3);
    const std::size_t left = values.below(4);
    const auto set = [&](std::size_t y, std::size_t x) { picture[(top + y) * 8 + left + x] = 180; };
    for (std::size_t k = 1; k <= 3; ++k) {
      for (const auto& [segment, y, x] : {std::array<std::size_t, 3>{0, 0, k},
                                          {1, k, 0},
                                          {2, k, 4},
                                          {3, 4, k},
                                          {4, 3 + k, 0},
                                          {5, 3 + k, 4},
                                          {6, 7, k}}) {
        if (lit[label][segment] == '1') {
          set(y, std::min<std::size_t>(x, 4));
        }
      }
    }
    for (const int pixel : picture) {
      const int noisy = pixel + static_cast<int>(values.below(81)) - 40;
      data.pixels.push_back(static_cast<std::uint8_t>(std::clamp(noisy, 0, 255)));
    }
    data.labels.push_back(static_cast<std::uint8_t>(label));
  }
  return data;
}

/// Share of pictures that `network` classifies correctly.
[[nodiscard]] inline double accuracy(const Network& network, const Dataset& data,
                                     const Normalisation& normalisation) {
  const std::vector<std::size_t> all = data.indices(data.size());
  const Tensor logits = network.forward(batch_of(data, all, normalisation));
  return CrossEntropy{}(logits, labels_of(data, all), all.size()).accuracy();
}

[[nodiscard]] inline std::vector<std::pair<std::string, Tensor>> parameters_of(Network& network) {
  std::vector<std::pair<std::string, Tensor>> all;
  for (const Parameter& parameter : network.parameters()) {
    all.emplace_back(parameter.name, *parameter.value);
  }
  return all;
}

/// Whether two networks have parameters of the same bits under the same names.
[[nodiscard]] inline bool same_parameters(Network& a, Network& b) {
  const auto x = parameters_of(a);
  const auto y = parameters_of(b);
  bool same = x.size() == y.size();
  for (std::size_t p = 0; same && p < x.size(); ++p) {
    same = x[p].first == y[p].first && different_bits(x[p].second, y[p].second) == 0;
  }
  return same;
}

}  // namespace upset::test
