// SPDX-License-Identifier: BSL-1.0
/// What follows a layer through which changes pass, and is computed along with it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>

#include <upset/kernel/sum_writer.hpp>
#include <upset/nn/changed_value.hpp>

namespace upset {

/// Applied to finished values, which are those from element `first` on.
using BandFunction = std::function<void(std::size_t first, std::span<float> values)>;

/// Applied to the finished values of a channel, one a pixel.
using ChannelFunction = std::function<void(std::size_t channel, std::span<float> values)>;

/// What follows a layer and is applied to its value while that is in the cache: `added`, `least`
/// and `function`, one after the other.
struct Tail {
  const ChangedInput* added = nullptr;  ///< null where nothing is
  float least = no_least;               ///< what is below becomes it
  const BandFunction* function = nullptr;
  std::size_t begin = 0;  ///< what it changes by itself, [begin, end)
  std::size_t end = 0;
  std::span<const float> golden = {};  ///< the fault-free value behind it
  /// The same of one channel; null where it mixes channels or changes something by itself.
  const ChannelFunction* of_channel = nullptr;

  [[nodiscard]] bool is_none() const {
    return added == nullptr && function == nullptr && !(least > no_least);
  }
  /// Applies it to finished values, which are those from element `first` on.
  void apply(std::size_t first, std::span<float> values) const {
    if (added != nullptr) {
      added->add(first, values);
    }
    if (const float bound = least; bound > no_least) {  // a local, or values might change it
      for (float& value : values) {
        value = value < bound ? bound : value;
      }
    }
    apply_function(first, values);
  }
  void apply_function(std::size_t first, std::span<float> values) const {
    if (function != nullptr) {
      (*function)(first, values);
    }
  }
  /// Applies it to what the layer has computed, all of `to`, which begins with a pixel.
  void apply(std::size_t channels, Change& to) const {
    // whole pixels that stay in the innermost cache
    const std::size_t part = std::max<std::size_t>(2048 / channels, 1) * channels;
    for (std::size_t first = to.begin; !is_none() && first < to.end; first += part) {
      apply(first, {to.values.data() + first, std::min(part, to.end - first)});
    }
  }
  /// Extends `to`, to which it has been applied, to what it changes by itself; y is the layer's
  /// fault-free value.
  void extend(std::span<const float> y, Change& to) const {
    const auto cover = [&](std::size_t first, std::size_t last) {
      if (first < last) {
        std::copy_n(y.data() + first, last - first, to.values.data() + first);
        apply(first, {to.values.data() + first, last - first});
      }
    };
    if (begin < end) {
      cover(begin, std::max(begin, to.begin));
      cover(std::min(end, to.end), end);
      to.begin = std::min(to.begin, begin);
      to.end = std::max(to.end, end);
    }
  }
};

}  // namespace upset
