// SPDX-License-Identifier: BSL-1.0
/// Where what a convolution reads differs from what it reads without faults.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/byte_differences.hpp>
#include <upset/kernel/channel_differences.hpp>
#include <upset/kernel/difference_list.hpp>
#include <upset/kernel/window.hpp>
#include <upset/nn/change.hpp>

namespace upset {

namespace detail {

/// Differences, or words of them, above which the layer itself is faster, among other pictures. In
/// nanoseconds, as measured with AVX-512; nothing but time depends on them. Twice what the layer
/// takes: who goes on by differences can do so in later layers, of which fewer change.
/// - depth: values of a window, `channels` of them a tap
template <class Level, class T>
[[nodiscard]] std::size_t most_differences(std::size_t output_pixels, std::size_t outputs,
                                           std::size_t depth, std::size_t channels) {
  constexpr bool in_bytes = std::is_same_v<T, std::int8_t>;
  constexpr double a_nanosecond = std::is_integral_v<Level> ? 137.0 : 48.0;  // multiplications
  const auto size = static_cast<double>(outputs);
  const double whole =
      static_cast<double>(output_pixels) * size * static_cast<double>(depth) / a_nanosecond;
  const double taps = static_cast<double>(depth) / static_cast<double>(channels);
  const double vectors = size * sizeof(float) / vector_bytes;
  const double each = taps * (in_bytes ? 0.25 + 0.08 * vectors : 0.75 + 0.2 * vectors);
  return static_cast<std::size_t>(2 * whole / each) + 4;
}

}  // namespace detail

/// What is read of a changed picture, and how it differs from the fault-free levels: in a list of
/// differences `T`, or in one channel, where `T` is a byte and no other can differ.
template <class Level, class T = Level>
class InputDifferences {
 public:
  using List = DifferenceList<T>;

  /// For pictures `input` [H, W, I], read as `face` does, which must live as long.
  InputDifferences(const ConvolutionFace<Level>& face, const WindowGeometry& geometry,
                   const Shape& input)
      : face_(&face),
        input_(input),
        lanes_(face.lanes()),
        list_(input[0], input[1], input[2]),
        now_(input.size()) {
    if (in_bytes && lanes_ == 1 && ChannelDifferences::suits(geometry)) {
      channel_.emplace(geometry, input[0], input[1]);
    }
  }

  /// Compares what is read of x, flips included, with `golden`. False where more than `most` are
  /// listed; there are then no differences to be had.
  [[nodiscard]] bool find(const ChangedInput& x, const NodeFaults& faults,
                          const AlignedVector<Level>& golden, std::size_t most) {
    list_.clear();
    is_of_channel_ = find_channel(x, faults, golden);
    if (is_of_channel_) {
      begin_ = end_ = 0;
      return true;
    }
    begin_ = x.is_none() ? now_.size() : x.change->begin / lanes_ * lanes_;
    end_ = x.is_none() ? 0 : std::min((x.change->end + lanes_ - 1) / lanes_ * lanes_, now_.size());
    const std::size_t change_begin = begin_;
    const std::size_t change_end = std::max(begin_, end_);
    if (!faults.activation_bits.empty()) {
      const auto low = word_of(faults.activation_bits.front());
      const auto high = word_of(faults.activation_bits.back());
      begin_ = std::min(begin_, low.first);
      end_ = std::max(end_, high.first + high.second);
      std::copy(golden.begin() + static_cast<std::ptrdiff_t>(begin_),
                golden.begin() + static_cast<std::ptrdiff_t>(end_),
                now_.begin() + static_cast<std::ptrdiff_t>(begin_));
    }
    if (begin_ >= end_) {
      begin_ = end_ = 0;
      list_.finish();
      return true;
    }
    if (!x.is_none() && lanes_ == 1 && faults.activation_bits.empty()) {
      return collect(golden.data(), most, [&](std::size_t first, std::size_t count) {
        face_->read_inputs(std::span(x.change->values).subspan(first, count), now_.data() + first);
      });
    }
    if (!x.is_none()) {
      word_.resize(change_end - change_begin);
      for (std::size_t i = 0; i < word_.size(); ++i) {
        word_[i] = x.value(change_begin + i);
      }
      face_->read_inputs(word_, now_.data() + change_begin);
    }
    for (std::size_t i = 0; i < faults.activation_bits.size();) {
      const auto word = word_of(faults.activation_bits[i]);
      std::size_t last = i + 1;
      while (last < faults.activation_bits.size() &&
             word_of(faults.activation_bits[last]) == word) {
        ++last;
      }
      word_.resize(word.second);
      for (std::size_t lane = 0; lane < word.second; ++lane) {
        word_[lane] = x.value(word.first + lane);
      }
      face_->read_flipped_word(word_, faults.activation_bits.subspan(i, last - i),
                               now_.data() + word.first);
      i = last;
    }
    return collect(golden.data(), most, [](std::size_t, std::size_t) {});
  }

  /// Whether they may be those of one channel.
  [[nodiscard]] bool compares_channels() const { return channel_.has_value(); }
  /// Those of the one channel that may differ; null where `list` has them.
  [[nodiscard]] const ChannelDifferences* channel() const {
    return is_of_channel_ ? &*channel_ : nullptr;
  }
  [[nodiscard]] const List& list() const { return list_; }
  [[nodiscard]] bool empty() const {
    return is_of_channel_ ? channel_->empty() : list_.size() == 0;
  }
  /// The largest magnitude among them, and the sum of all.
  [[nodiscard]] std::pair<double, double> magnitudes() const {
    using Size = std::conditional_t<std::is_integral_v<T>, std::int64_t, double>;
    Size largest = 0;
    Size sum = 0;
    for (std::size_t i = 0; i < list_.size(); ++i) {
      for (const T value : list_.differences(i)) {
        const Size size = std::abs(static_cast<Size>(value));
        largest = std::max(largest, size);
        sum += size;
      }
    }
    return {static_cast<double>(largest), static_cast<double>(sum)};
  }
  /// Rows of the picture that differences lie in: the first, and one past the last.
  [[nodiscard]] std::pair<std::size_t, std::size_t> rows() const {
    if (is_of_channel_) {
      return channel_->rows();
    }
    if (empty()) {
      return {0, 0};
    }
    const auto starts = list_.starts();  // of pixels, ascending; the outermost rows often have some
    const std::size_t width = input_[1];
    std::size_t first = begin_ / (width * input_[2]);
    while (starts[(first + 1) * width] == 0) {
      ++first;
    }
    std::size_t last = (end_ - 1) / (width * input_[2]) + 1;
    while (starts[(last - 1) * width] == list_.size()) {
      --last;
    }
    return {first, last};
  }
  /// What is read of value i.
  [[nodiscard]] Level level(std::size_t i, const AlignedVector<Level>& golden) const {
    return begin_ <= i && i < end_ ? now_[i] : golden[i];
  }

 private:
  static constexpr bool in_bytes = std::is_same_v<T, std::int8_t>;

  // Whether `channel_` can tell all. Where weights differ as well, `level` is asked for any value.
  [[nodiscard]] bool find_channel(const ChangedInput& x, const NodeFaults& faults,
                                  const AlignedVector<Level>& golden) {
    if constexpr (in_bytes) {
      if (channel_ && !x.is_none() && x.change->channel && faults.weights == nullptr &&
          faults.activation_bits.empty() && x.change->channel_values.size() == channel_->pixels()) {
        face_->read_inputs(x.change->channel_values, now_.data());
        return channel_->compare(now_.data(), golden.data(), *x.change->channel, input_[2]);
      }
    }
    return false;
  }

  // The first value and the number of values of the word that activation bit `bit` is in.
  [[nodiscard]] std::pair<std::size_t, std::size_t> word_of(std::uint64_t bit) const {
    const std::size_t first = bit / face_->word_bits() * lanes_;
    return {first, std::min(lanes_, now_.size() - first)};
  }

  // Calls `read(first, count)` for each part of what may differ before it is compared.
  template <class Read>
  [[nodiscard]] bool collect(const Level* golden, std::size_t most, Read read) {
    const std::size_t channels = input_[2];
    const std::size_t first_pixel = begin_ / channels;
    const std::size_t last_pixel = (end_ + channels - 1) / channels;
    // whole pixels
    std::copy(golden + first_pixel * channels, golden + begin_,
              now_.data() + first_pixel * channels);
    std::copy(golden + end_, golden + last_pixel * channels, now_.data() + end_);
    const std::size_t pixels = std::max<std::size_t>(part / channels, 1);
    for (std::size_t pixel = first_pixel; pixel < last_pixel; pixel += pixels) {
      const std::size_t last = std::min(pixel + pixels, last_pixel);
      const std::size_t first = std::max(begin_, pixel * channels);
      read(first, std::min(end_, last * channels) - first);
      list_.compare(now_.data(), golden, pixel, last);
      if (list_.size() > most) {
        return false;
      }
    }
    list_.finish();
    return true;
  }

  static constexpr std::size_t part = 2048;  // values that stay in the innermost cache

  const ConvolutionFace<Level>* face_;
  Shape input_;        // [H, W, I]
  std::size_t lanes_;  // values in a word
  List list_;
  std::optional<ChannelDifferences> channel_;  // where a channel alone is worth comparing
  bool is_of_channel_ = false;
  AlignedVector<Level> now_;
  std::size_t begin_ = 0;  // of what now_ holds
  std::size_t end_ = 0;
  std::vector<float> word_;  // or words, of real values
};

}  // namespace upset
