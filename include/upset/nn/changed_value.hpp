// SPDX-License-Identifier: BSL-1.0
/// What faults change in the values of one picture.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>

#include <upset/core/aligned_allocator.hpp>
#include <upset/core/differences.hpp>
#include <upset/kernel/op.hpp>

namespace upset {

/// One picture's value at a node of a network: `values` within [begin, end), the fault-free one
/// elsewhere. A stretch of a picture [H, W, C] is a band of its rows.
struct Change {
  AlignedVector<float> values;
  std::size_t begin = 0;
  std::size_t end = 0;
  /// Bit for bit what the layers would compute; otherwise off by the rounding of float sums.
  bool is_exact = true;
  /// So large that rounding may have swallowed what it was added to: not to be relied upon.
  bool is_suspect = false;

  /// Nothing has been computed, see `NodeFaults::may_decline`.
  bool is_declined = false;

  /// Where it is known that no more than one channel differs: which, and all its values.
  std::optional<std::size_t> channel;
  AlignedVector<float> channel_values;

  [[nodiscard]] bool is_none() const { return begin == end; }
  void set_none() {
    begin = end = 0;
    is_exact = true;
    is_suspect = false;
    is_declined = false;
    channel.reset();
  }
  /// Becomes the fault-free value [pixels, channels] but for `channel_values` of channel c.
  void set_channel(std::size_t c, std::size_t channels, std::span<const float> golden) {
    const std::size_t pixels = channel_values.size();
    const auto differs = [&](std::size_t pixel) {
      return !detail::same_bits(&channel_values[pixel], &golden[pixel * channels + c], 1);
    };
    std::size_t first = 0;
    std::size_t last = pixels;
    for (; first < last && !differs(first); ++first) {
    }
    for (; first < last && !differs(last - 1); --last) {
    }
    channel = c;
    begin = first < last ? first * channels : 0;
    end = first < last ? last * channels : 0;
    std::copy(golden.data() + begin, golden.data() + end, values.data() + begin);
    for (std::size_t pixel = first; pixel < last; ++pixel) {
      values[pixel * channels + c] = channel_values[pixel];
    }
  }
  /// Leaves out equal values at both ends.
  void trim(std::span<const float> golden) {
    begin = detail::first_difference(values.data(), golden.data(), begin, end);
    end = detail::last_difference(values.data(), golden.data(), begin, end);
    if (begin == end) {
      begin = end = 0;
    }
  }
  /// How far it is from the fault-free value, in the Euclidean norm, with squares added in float;
  /// or something above `enough`, where it is more than that.
  [[nodiscard]] double distance(std::span<const float> golden,
                                double enough = std::numeric_limits<double>::infinity()) const {
    constexpr std::size_t lanes = detail::vector_bytes / sizeof(float);
    constexpr std::size_t part = 32 * lanes;
    // by name: of an array of floats GCC 12 makes scalars and permutations
    using Floats = typename detail::Register<float, lanes>::type;
    using Stored = typename detail::Lanes<float, lanes>::type;
    double sum = 0;
    for (std::size_t i = begin; i < end && sum <= enough * enough;) {
      const std::size_t last = std::min(i + part, end);
      Floats squares{};
      for (; i + lanes <= last; i += lanes) {
        const Floats difference = *reinterpret_cast<const Stored*>(values.data() + i) -
                                  *reinterpret_cast<const Stored*>(golden.data() + i);
        squares += difference * difference;
      }
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        sum += static_cast<double>(squares[lane]);
      }
      for (; i < last; ++i) {
        const float difference = values[i] - golden[i];
        sum += static_cast<double>(difference * difference);
      }
    }
    return std::sqrt(sum);
  }
};

/// An input of a node: its fault-free value and what has become of it.
struct ChangedInput {
  std::span<const float> golden;
  const Change* change = nullptr;  ///< null where the input is that of the network

  [[nodiscard]] bool is_none() const { return change == nullptr || change->is_none(); }
  [[nodiscard]] float value(std::size_t i) const {
    return is_none() || i < change->begin || i >= change->end ? golden[i] : change->values[i];
  }
  /// values[i] += value(first + i)
  void add(std::size_t first, std::span<float> values) const {
    const std::size_t last = first + values.size();
    const std::size_t begin = is_none() ? last : std::clamp(change->begin, first, last);
    const std::size_t end = is_none() ? last : std::clamp(change->end, begin, last);
    const auto add_part = [&](const float* from, std::size_t from_element, std::size_t to_element) {
      float* const to = values.data() + (from_element - first);
      for (std::size_t i = from_element; i < to_element; ++i) {
        to[i - from_element] += from[i];
      }
    };
    add_part(golden.data(), first, begin);
    if (begin < end) {
      add_part(change->values.data(), begin, end);
    }
    add_part(golden.data(), end, last);
  }
  /// The `count` values from element `first` on: where they lie, or put together in `scratch`.
  [[nodiscard]] const float* stretch(std::size_t first, std::size_t count, float* scratch) const {
    const std::size_t last = first + count;
    if (is_none() || change->end <= first || last <= change->begin) {
      return golden.data() + first;
    }
    if (change->begin <= first && last <= change->end) {
      return change->values.data() + first;
    }
    const std::size_t begin = std::max(change->begin, first);
    const std::size_t end = std::min(change->end, last);
    std::copy(golden.data() + first, golden.data() + begin, scratch);
    std::copy(change->values.data() + begin, change->values.data() + end,
              scratch + (begin - first));
    std::copy(golden.data() + end, golden.data() + last, scratch + (end - first));
    return scratch;
  }
  /// Writes the whole value.
  void write(std::span<float> to) const {
    for_each_stretch([&](const float* from, std::size_t begin, std::size_t end) {
      std::copy(from + begin, from + end, to.data() + begin);
    });
  }
  /// Calls `use(values, begin, end)` for stretches that make up the whole value, in order.
  template <class Use>
  void for_each_stretch(Use use) const {
    const std::size_t begin = is_none() ? golden.size() : change->begin;
    const std::size_t end = is_none() ? golden.size() : change->end;
    use(golden.data(), 0, begin);
    if (begin < end) {
      use(change->values.data(), begin, end);
    }
    use(golden.data(), end, golden.size());
  }
};

}  // namespace upset
