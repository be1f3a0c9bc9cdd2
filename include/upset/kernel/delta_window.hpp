// SPDX-License-Identifier: BSL-1.0
/// The windows of a convolution, as seen from the inputs that change.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <upset/kernel/op.hpp>
#include <upset/kernel/window.hpp>

namespace upset {

/// Windows of a convolution without groups and dilation on one picture, and where their sums lie.
class DeltaWindow {
 public:
  DeltaWindow(const WindowGeometry& geometry, std::size_t height, std::size_t width,
              std::size_t channels, std::size_t outputs)
      : geometry_(geometry),
        window_(geometry, height, width, channels),
        height_(height),
        width_(width),
        channels_(channels),
        stride_((outputs + padded_outputs - 1) / padded_outputs * padded_outputs) {}

  /// Sums of a pixel, those beyond the outputs included.
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::size_t output_width() const { return window_.output_width(); }
  [[nodiscard]] std::size_t output_height() const { return window_.output_height(); }
  [[nodiscard]] std::size_t input_width() const { return width_; }
  [[nodiscard]] std::size_t channels() const { return channels_; }
  [[nodiscard]] const WindowGeometry& geometry() const { return geometry_; }

  /// Output rows that read input rows `first` to `last - 1`: from, to.
  [[nodiscard]] std::array<std::size_t, 2> output_rows(std::size_t first, std::size_t last) const {
    if (first >= last) {
      return {0, 0};
    }
    const std::size_t stride = geometry_.stride.rows;
    const std::size_t reach = first + geometry_.pad_top + 1;  // the last row reads this from 0 on
    const std::size_t from = reach > geometry_.kernel_height
                                 ? (reach - geometry_.kernel_height + stride - 1) / stride
                                 : 0;
    const std::size_t to = std::min((last - 1 + geometry_.pad_top) / stride + 1, output_height());
    return {std::min(from, to), to};
  }

  /// Rows of the kernel that lie on the picture in the windows of output row `row`: from, to.
  [[nodiscard]] std::array<std::size_t, 2> tap_rows(std::size_t row) const {
    const std::size_t top = row * geometry_.stride.rows;
    const std::size_t first = geometry_.pad_top > top ? geometry_.pad_top - top : 0;
    return {first,
            std::min(geometry_.kernel_height, std::max(height_ + geometry_.pad_top, top) - top)};
  }
  /// Row of the picture that row `tap_row` of the kernel, one of those, reads.
  [[nodiscard]] std::size_t input_row(std::size_t row, std::size_t tap_row) const {
    return row * geometry_.stride.rows + tap_row - geometry_.pad_top;
  }

  /// Calls `use(pixel, x)` for each output pixel, and the element of the picture [H, W, C] that its
  /// window reads at `k`.
  template <class Use>
  void for_each_input(std::size_t k, Use use) const {
    const std::size_t tap = k / channels_;
    const std::size_t tap_row = tap / geometry_.kernel_width;
    const std::size_t tap_column = tap % geometry_.kernel_width;
    for (std::size_t y = 0; y < output_height(); ++y) {
      // what lies before the picture wraps round to numbers beyond it
      const std::size_t row = y * geometry_.stride.rows + tap_row - geometry_.pad_top;
      if (row >= height_) {
        continue;
      }
      for (std::size_t x = 0; x < output_width(); ++x) {
        const std::size_t column = x * geometry_.stride.columns + tap_column - geometry_.pad_left;
        if (column < width_) {
          use(y * output_width() + x, (row * width_ + column) * channels_ + k % channels_);
        }
      }
    }
  }

 private:
  static constexpr std::size_t padded_outputs = 16;

  WindowGeometry geometry_;
  Window window_;
  std::size_t height_;    // of the input
  std::size_t width_;     // of the input
  std::size_t channels_;  // of the input
  std::size_t stride_;
};

namespace detail {

/// Keeps the sums of a row. [pixels, stride]
template <class Sum>
struct SumRow {
  static constexpr std::size_t lanes = vector_bytes / sizeof(Sum);
  using Vector = typename Register<Sum, lanes>::type;

  Sum* to;
  std::size_t stride;

  template <std::size_t Vectors>
  [[nodiscard, gnu::always_inline]] auto columns(std::size_t first) const {
    return
        [to = to + first, stride = stride](std::size_t pixel, std::size_t v, const Vector& sums) {
          using Stored = typename Lanes<Sum, lanes>::type;
          *reinterpret_cast<Stored*>(to + pixel * stride + v * lanes) = sums;
        };
  }
};

}  // namespace detail

}  // namespace upset
