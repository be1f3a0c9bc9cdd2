// SPDX-License-Identifier: BSL-1.0
/// Where what a convolution reads differs from what it reads without faults.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
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
        starts_(input[0] * input[1] + 1, 0U),
        now_(input.size()) {}

  /// Compares what is read of x, flips included, with `golden`. False where more than `most` values
  /// differ; there are then no differences to be had.
  [[nodiscard]] bool find(const ChangedInput& x, const NodeFaults& faults,
                          const AlignedVector<Level>& golden, std::size_t most) {
    differences_.clear();
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
    if (!x.is_none() && lanes_ == 1) {
      face_->read_inputs(
          std::span(x.change->values).subspan(change_begin, change_end - change_begin),
          now_.data() + change_begin);
    } else if (!x.is_none()) {
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
    return collect(golden.data(), most);
  }

  [[nodiscard]] std::span<const typename Product::Difference> all() const { return differences_; }
  [[nodiscard]] bool empty() const { return differences_.empty(); }
  /// The first difference of each pixel, and their number; of no meaning where there are none.
  [[nodiscard]] std::span<const std::uint32_t> starts() const { return starts_; }
  /// The largest magnitude among them, and the sum of all.
  [[nodiscard]] std::pair<double, double> magnitudes() const {
    double largest = 0;
    double sum = 0;
    for (const auto& word : differences_) {
      for (const Level value : word.values) {
        const double size = std::abs(static_cast<double>(value));
        largest = std::max(largest, size);
        sum += size;
      }
    }
    return {largest, sum};
  }
  /// Rows of the picture that differences lie in.
  [[nodiscard]] std::pair<std::size_t, std::size_t> rows() const {
    const std::size_t row = input_[1] * input_[2];
    return {begin_ / row, (end_ + row - 1) / row};
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

  [[nodiscard]] bool collect(const Level* golden, std::size_t most) {
    if (detail::count_differences(now_.data() + begin_, golden + begin_, end_ - begin_) > most) {
      return false;
    }
    const std::size_t channels = input_[2];
    std::size_t pixel = begin_ / channels;
    std::size_t next = (pixel + 1) * channels;
    std::size_t column = pixel % input_[1];
    std::size_t last = now_.size();  // where the word of the last difference begins
    std::fill_n(starts_.begin(), pixel + 1, 0U);
    const auto go_on = [&] {
      starts_[++pixel] = static_cast<std::uint32_t>(differences_.size());
      next += channels;
      column = column + 1 == input_[1] ? 0 : column + 1;
    };
    detail::for_each_difference(
        now_.data() + begin_, golden + begin_, end_ - begin_, [&](std::size_t offset) {
          const std::size_t i = begin_ + offset;
          while (i >= next) {
            go_on();
          }
          const std::size_t channel = i - (next - channels);
          const std::size_t lane = channel % Product::group;
          if (i - lane != last) {
            last = i - lane;
            differences_.push_back({static_cast<std::uint32_t>(column),
                                    static_cast<std::uint32_t>(channel - lane),
                                    {}});
          }
          differences_.back().values[lane] = static_cast<Level>(now_[i] - golden[i]);
        });
    std::fill(starts_.begin() + static_cast<std::ptrdiff_t>(pixel) + 1, starts_.end(),
              static_cast<std::uint32_t>(differences_.size()));
    return true;
  }

  const ConvolutionFace<Level>* face_;
  Shape input_;        // [H, W, I]
  std::size_t lanes_;  // values in a word
  std::vector<typename Product::Difference> differences_;
  std::vector<std::uint32_t> starts_;
  AlignedVector<Level> now_;
  std::size_t begin_ = 0;  // of what now_ holds
  std::size_t end_ = 0;
  std::vector<float> word_;  // or words, of real values
};

}  // namespace upset
