// SPDX-License-Identifier: BSL-1.0
/// Where what a convolution reads differs from what it reads without faults.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/core/differences.hpp>
#include <upset/kernel/delta_product.hpp>
#include <upset/nn/change.hpp>

namespace upset {

/// What is read of a changed picture, and how it differs from the fault-free levels.
template <class Level>
class InputDifferences {
 public:
  using Product = DeltaProduct<Level>;

  /// For pictures `input` [H, W, I], read as `face` does, which must live as long.
  InputDifferences(const ConvolutionFace<Level>& face, const Shape& input)
      : face_(&face),
        input_(input),
        lanes_(face.lanes()),
        starts_(input[0] + 1, 0U),
        listed_(part + detail::list_slack),
        now_(input.size()) {}

  /// Compares what is read of x, flips included, with `golden`. False where more than `most` values
  /// differ; there are then no differences to be had.
  [[nodiscard]] bool find(const ChangedInput& x, const NodeFaults& faults,
                          const AlignedVector<Level>& golden, std::size_t most) {
    differences_.clear();
    std::ranges::fill(starts_, 0U);
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

  [[nodiscard]] std::span<const typename Product::Difference> all() const { return differences_; }
  [[nodiscard]] bool empty() const { return differences_.empty(); }
  /// The first difference of each row, and their number.
  [[nodiscard]] std::span<const std::uint32_t> starts() const { return starts_; }
  /// The largest magnitude among them, and the sum of all.
  [[nodiscard]] std::pair<double, double> magnitudes() const {
    using Size = std::conditional_t<std::is_integral_v<Level>, std::int64_t, double>;
    Size largest = 0;
    Size sum = 0;
    for (const auto& word : differences_) {
      for (const Level value : word.values) {
        const Size size = std::abs(static_cast<Size>(value));
        largest = std::max(largest, size);
        sum += size;
      }
    }
    return {static_cast<double>(largest), static_cast<double>(sum)};
  }
  /// Rows of the picture that differences lie in: the first, and one past the last.
  [[nodiscard]] std::pair<std::size_t, std::size_t> rows() const {
    const auto after = std::ranges::upper_bound(starts_, 0U);
    const auto last = std::ranges::lower_bound(starts_, starts_.back());
    const auto rows = static_cast<std::size_t>(last - starts_.begin());
    return {empty() ? 0 : static_cast<std::size_t>(after - starts_.begin()) - 1, rows};
  }
  /// What is read of value i.
  [[nodiscard]] Level level(std::size_t i, const AlignedVector<Level>& golden) const {
    return begin_ <= i && i < end_ ? now_[i] : golden[i];
  }

 private:
  // The first value and the number of values of the word that activation bit `bit` is in.
  [[nodiscard]] std::pair<std::size_t, std::size_t> word_of(std::uint64_t bit) const {
    const std::size_t first = bit / face_->word_bits() * lanes_;
    return {first, std::min(lanes_, now_.size() - first)};
  }

  // Calls `read(first, count)` for each part of what may differ before it is compared.
  template <class Read>
  [[nodiscard]] bool collect(const Level* golden, std::size_t most, Read read) {
    const std::size_t channels = input_[2];
    // quotients of whole numbers, 2^-53 of them off, and half a step away from the next
    const double per_channel = 1.0 / static_cast<double>(channels);
    const double per_column = 1.0 / static_cast<double>(input_[1]);
    const auto divided = [](std::size_t i, double inverse) {
      return static_cast<std::size_t>((static_cast<double>(i) + 0.5) * inverse);
    };
    std::size_t count = 0;
    std::size_t last = now_.size();  // where the word of the last difference begins
    for (std::size_t first = begin_; first < end_; first += part) {
      const std::size_t size = std::min(part, end_ - first);
      read(first, size);
      const std::size_t found =
          detail::list_differences(now_.data() + first, golden + first, size, listed_.data());
      if ((count += found) > most) {
        return false;
      }
      std::size_t words = differences_.size();
      differences_.resize(words + found);
      for (const std::uint32_t offset : std::span(listed_).first(found)) {
        const std::size_t i = first + offset;
        const std::size_t pixel = divided(i, per_channel);
        const std::size_t row = divided(pixel, per_column);
        const std::size_t channel = i - pixel * channels;
        const std::size_t lane = channel % Product::group;
        words += i - lane == last ? 0U : 1U;
        last = i - lane;
        typename Product::Difference& word = differences_[words - 1];
        word.column = static_cast<std::uint32_t>(pixel - row * input_[1]);
        word.channel = static_cast<std::uint32_t>(channel - lane);
        word.values[lane] = static_cast<Level>(now_[i] - golden[i]);
        starts_[row + 1] = static_cast<std::uint32_t>(words);
      }
      differences_.resize(words);
    }
    for (std::size_t row = 1; row < starts_.size(); ++row) {
      starts_[row] = std::max(starts_[row], starts_[row - 1]);
    }
    return true;
  }

  static constexpr std::size_t part = 2048;  // stays in the innermost cache

  const ConvolutionFace<Level>* face_;
  Shape input_;        // [H, W, I]
  std::size_t lanes_;  // values in a word
  std::vector<typename Product::Difference> differences_;
  std::vector<std::uint32_t> starts_;  // of each row
  std::vector<std::uint32_t> listed_;  // of a part
  AlignedVector<Level> now_;
  std::size_t begin_ = 0;  // of what now_ holds
  std::size_t end_ = 0;
  std::vector<float> word_;  // or words, of real values
};

}  // namespace upset
