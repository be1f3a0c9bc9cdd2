// SPDX-License-Identifier: BSL-1.0
/// How one channel of a picture differs from another's, as a product by channels reads it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/window.hpp>

namespace upset {

/// Differences of the levels of one channel of a picture, bytes from `none` on, padded as the
/// windows of a convolution without dilation read them: a row of a window, of four columns at most,
/// is a word.
class ChannelDifferences {
 public:
  static constexpr std::size_t columns = 4;  // of a word
  static constexpr int none = 128;           // the byte of no difference

  /// Whether rows of windows are words.
  [[nodiscard]] static bool suits(const WindowGeometry& geometry) {
    return geometry.kernel_width <= columns;
  }

  /// Throws `Error` where no window fits a picture [height, width].
  ChannelDifferences(const WindowGeometry& geometry, std::size_t height, std::size_t width)
      : ChannelDifferences(geometry, Window(geometry, height, width, 1), height, width) {}

  [[nodiscard]] std::size_t pixels() const { return height_ * width_; }

  /// Compares `now` [H, W] with channel `channel` of `golden` [H, W, channels]. False where a byte
  /// does not hold what differs: nothing is then known.
  [[nodiscard]] bool compare(const std::int16_t* now, const std::int16_t* golden,
                             std::size_t channel, std::size_t channels) {
    channel_ = channel;
    first_row_ = last_row_ = 0;
    int outside = 0;
    for (std::size_t row = 0; row < read_rows_; ++row) {
      std::uint8_t* const to = bytes_.data() + (row + pad_top_) * row_size_ + pad_left_;
      const std::int16_t* const before = golden + row * width_ * channels + channel;
      int changed = 0;
      for (std::size_t column = 0; column < read_columns_; ++column) {
        const int difference = now[row * width_ + column] - before[column * channels];
        changed |= difference;
        outside |= (difference + none) & ~0xFF;
        to[column] = static_cast<std::uint8_t>(difference + none);
      }
      if (changed != 0) {
        first_row_ = last_row_ == 0 ? row : first_row_;
        last_row_ = row + 1;
      }
    }
    return outside == 0;
  }

  [[nodiscard]] std::size_t channel() const { return channel_; }
  /// Whether nothing that a window reads differs.
  [[nodiscard]] bool empty() const { return last_row_ == 0; }
  /// Rows of the picture that differ: the first, and one past the last.
  [[nodiscard]] std::pair<std::size_t, std::size_t> rows() const { return {first_row_, last_row_}; }

  /// The word that the first row of the first window of output row `row` reads; that of the next
  /// window begins a step of columns further on, that of the next row of taps `row_size()`.
  [[nodiscard]] const std::uint8_t* words(std::size_t row) const {
    return bytes_.data() + row * step_ * row_size_;
  }
  [[nodiscard]] std::size_t row_size() const { return row_size_; }

 private:
  ChannelDifferences(const WindowGeometry& geometry, const Window& window, std::size_t height,
                     std::size_t width)
      : height_(height),
        width_(width),
        step_(geometry.stride.rows),
        pad_top_(geometry.pad_top),
        pad_left_(geometry.pad_left),
        row_size_((window.output_width() - 1) * geometry.stride.columns + columns) {
    const std::size_t rows = (window.output_height() - 1) * step_ + geometry.kernel_height;
    read_rows_ = std::min(height, rows - std::min(rows, pad_top_));
    read_columns_ = std::min(width, row_size_ - std::min(row_size_, pad_left_));
    bytes_.assign(rows * row_size_, static_cast<std::uint8_t>(none));
  }

  std::size_t height_;
  std::size_t width_;
  std::size_t step_;  // of rows
  std::size_t pad_top_;
  std::size_t pad_left_;
  std::size_t row_size_;
  std::size_t read_rows_ = 0;  // of the picture, by any window
  std::size_t read_columns_ = 0;
  AlignedVector<std::uint8_t> bytes_;
  std::size_t channel_ = 0;
  std::size_t first_row_ = 0;
  std::size_t last_row_ = 0;
};

}  // namespace upset
