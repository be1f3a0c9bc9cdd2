// SPDX-License-Identifier: BSL-1.0
/// How a convolution's windows lie on an image: geometry, padding, and rows of operands.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include <upset/core/aligned_allocator.hpp>
#include <upset/core/error.hpp>
#include <upset/kernel/gemm.hpp>

namespace upset {

/// Pixels from one place to the next, down and across; one number stands for both.
struct Steps {
  std::size_t rows;
  std::size_t columns;

  constexpr Steps(std::size_t both) : rows(both), columns(both) {}
  constexpr Steps(std::size_t down, std::size_t across) : rows(down), columns(across) {}

  [[nodiscard]] friend constexpr bool operator==(const Steps&, const Steps&) = default;
};

/// Steps and borders of a convolution or pooling window.
struct WindowGeometry {
  std::size_t kernel_height = 1;
  std::size_t kernel_width = 1;
  Steps stride = 1;
  std::size_t pad_top = 0;
  std::size_t pad_left = 0;
  std::size_t pad_bottom = 0;
  std::size_t pad_right = 0;
  Steps dilation = 1;
  std::size_t groups = 1;
  /// Zeros put between input pixels, plus one: the stride of a transposed convolution.
  Steps input_dilation = 1;

  /// A square kernel with the same padding on every side.
  [[nodiscard]] static constexpr WindowGeometry square(std::size_t kernel, Steps stride = 1,
                                                       std::size_t padding = 0) {
    return {.kernel_height = kernel,
            .kernel_width = kernel,
            .stride = stride,
            .pad_top = padding,
            .pad_left = padding,
            .pad_bottom = padding,
            .pad_right = padding};
  }

  [[nodiscard]] constexpr std::size_t taps() const { return kernel_height * kernel_width; }
  /// Every value a window reads is one of the picture.
  [[nodiscard]] constexpr bool reads_no_padding() const {
    return pad_top == 0 && pad_left == 0 && pad_bottom == 0 && pad_right == 0 &&
           input_dilation == 1;
  }
  /// A kernel row is one contiguous stretch of NHWC pixels unless channels or pixels are skipped.
  [[nodiscard]] constexpr bool whole_rows() const { return groups == 1 && dilation.columns == 1; }
  [[nodiscard]] friend constexpr bool operator==(const WindowGeometry&,
                                                 const WindowGeometry&) = default;
};

/// A square kernel with the padding that TensorFlow calls SAME: ceil(H / stride) by ceil(W /
/// stride) outputs, the odd row and column of padding at bottom and right.
[[nodiscard]] constexpr WindowGeometry same_window(std::size_t kernel, Steps stride,
                                                   std::size_t height, std::size_t width) {
  WindowGeometry geometry = WindowGeometry::square(kernel, stride);
  const auto pad = [&](std::size_t extent, std::size_t step, std::size_t& before,
                       std::size_t& after) {
    const std::size_t outputs = (extent + step - 1) / step;
    const std::size_t covered = outputs == 0 ? 0 : (outputs - 1) * step + kernel;
    const std::size_t padding = covered > extent ? covered - extent : 0;
    before = padding / 2;
    after = padding - before;
  };
  pad(height, stride.rows, geometry.pad_top, geometry.pad_bottom);
  pad(width, stride.columns, geometry.pad_left, geometry.pad_right);
  return geometry;
}

/// Which of a kernel's rows (or columns) lie on the picture, not on padding, for each row (or
/// column) of output pixels: few patterns, since most see nothing but the picture.
struct RealLines {
  std::size_t taps = 0;
  AlignedVector<std::uint8_t> patterns;   // a flag for each tap, pattern after pattern
  AlignedVector<std::size_t> pattern_of;  // each output

  [[nodiscard]] std::size_t count() const { return patterns.size() / taps; }
  [[nodiscard]] bool is_real(std::size_t pattern, std::size_t tap) const {
    return patterns[pattern * taps + tap] != 0;
  }
};

/// Rows (or columns) of a kernel, from `begin` to before `end`.
struct TapRange {
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] std::size_t size() const { return end - begin; }
  [[nodiscard]] friend bool operator==(const TapRange&, const TapRange&) = default;
};

/// A geometry laid on an [H, W, C] image: sizes of the padded image and of the output.
class Window {
 public:
  /// Throws `Error` when the kernel does not fit the padded image, or a step is 0.
  Window(const WindowGeometry& geometry, std::size_t height, std::size_t width,
         std::size_t channels)
      : geometry_(geometry), height_(height), width_(width), channels_(channels) {
    for (const Steps& steps : {geometry.stride, geometry.dilation, geometry.input_dilation}) {
      if (steps.rows == 0 || steps.columns == 0) {
        throw Error("a window has a stride or a dilation of 0; give it one pixel at least");
      }
    }
    const auto spread = [](std::size_t n, std::size_t step) {
      return n == 0 ? 0 : (n - 1) * step + 1;
    };
    padded_height_ =
        spread(height, geometry.input_dilation.rows) + geometry.pad_top + geometry.pad_bottom;
    padded_width_ =
        spread(width, geometry.input_dilation.columns) + geometry.pad_left + geometry.pad_right;
    const std::size_t reach_y = spread(geometry.kernel_height, geometry.dilation.rows);
    const std::size_t reach_x = spread(geometry.kernel_width, geometry.dilation.columns);
    if (padded_height_ < reach_y || padded_width_ < reach_x) {
      throw Error("a window of " + std::to_string(reach_y) + "x" + std::to_string(reach_x) +
                  " pixels does not fit an image of " + std::to_string(padded_height_) + "x" +
                  std::to_string(padded_width_) + ", padding included");
    }
    output_height_ = (padded_height_ - reach_y) / geometry.stride.rows + 1;
    output_width_ = (padded_width_ - reach_x) / geometry.stride.columns + 1;
  }

  [[nodiscard]] std::size_t channels() const { return channels_; }
  [[nodiscard]] TapRange all_rows() const { return {0, geometry_.kernel_height}; }
  [[nodiscard]] TapRange all_columns() const { return {0, geometry_.kernel_width}; }
  [[nodiscard]] std::size_t input_size() const { return height_ * width_ * channels_; }
  [[nodiscard]] std::size_t padded_size() const {
    return padded_height_ * padded_width_ * channels_;
  }
  [[nodiscard]] std::size_t output_height() const { return output_height_; }
  [[nodiscard]] std::size_t output_width() const { return output_width_; }
  [[nodiscard]] std::size_t output_pixels() const { return output_height_ * output_width_; }

  /// Calls `copy(source, target, length)` for each stretch of the image that is contiguous both
  /// there and in the padded image.
  template <class Copy>
  void for_each_stretch(Copy copy) const {
    const bool dense = geometry_.input_dilation.columns == 1;
    for (std::size_t y = 0; y < height_; ++y) {
      const std::size_t row = y * geometry_.input_dilation.rows + geometry_.pad_top;
      for (std::size_t x = 0; x < (dense ? 1 : width_); ++x) {
        const std::size_t column = x * geometry_.input_dilation.columns + geometry_.pad_left;
        copy((y * width_ + x) * channels_, (row * padded_width_ + column) * channels_,
             (dense ? width_ : 1) * channels_);
      }
    }
  }

  /// Where the window of output pixel `pixel` starts in the padded image.
  [[nodiscard]] std::size_t base(std::size_t pixel) const {
    const std::size_t y = pixel / output_width_;
    const std::size_t x = pixel % output_width_;
    return (y * geometry_.stride.rows * padded_width_ + x * geometry_.stride.columns) * channels_;
  }

  /// From the `base` of one pixel to that of the next in its row, and in its column.
  [[nodiscard]] std::size_t column_step() const { return geometry_.stride.columns * channels_; }
  [[nodiscard]] std::size_t row_step() const {
    return geometry_.stride.rows * padded_width_ * channels_;
  }

  /// `base` of every output pixel of `pictures` padded images that lie one behind the other: a
  /// table, because the divisions would cost as much as the window.
  [[nodiscard]] AlignedVector<std::size_t> bases(std::size_t pictures) const {
    AlignedVector<std::size_t> result(pictures * output_pixels());
    std::size_t* next = result.data();
    const std::size_t step = column_step();  // locals: what is written could be they
    const std::size_t width = output_width_;
    for (std::size_t picture = 0; picture < pictures; ++picture) {
      for (std::size_t y = 0; y < output_height_; ++y) {
        const std::size_t row = picture * padded_size() + y * row_step();
        for (std::size_t x = 0; x < width; ++x) {
          next[x] = row + x * step;
        }
        next += width;
      }
    }
    return result;
  }

  /// Windows may leave out taps that lie on padding, see `WindowParts`: kernels of one group that
  /// read pixels side by side.
  [[nodiscard]] bool may_leave_out_taps() const {
    return geometry_.whole_rows() && geometry_.input_dilation == 1 &&
           !geometry_.reads_no_padding() && geometry_.taps() > 1;
  }

  /// Offsets of the segments a window of `group` reads, in the order of a [H, W, I] kernel.
  [[nodiscard]] AlignedVector<std::size_t> offsets(std::size_t group) const {
    AlignedVector<std::size_t> result;
    result.reserve(geometry_.taps());
    const std::size_t first_channel = group * (channels_ / geometry_.groups);
    for (std::size_t y = 0; y < geometry_.kernel_height; ++y) {
      for (std::size_t x = 0; x < (geometry_.whole_rows() ? 1 : geometry_.kernel_width); ++x) {
        result.push_back(
            (y * geometry_.dilation.rows * padded_width_ + x * geometry_.dilation.columns) *
                channels_ +
            first_channel);
      }
    }
    return result;
  }
  [[nodiscard]] RealLines real_rows() const {
    return real_lines(output_height_, geometry_.kernel_height, geometry_.pad_top, height_,
                      &Steps::rows);
  }
  [[nodiscard]] RealLines real_columns() const {
    return real_lines(output_width_, geometry_.kernel_width, geometry_.pad_left, width_,
                      &Steps::columns);
  }
  [[nodiscard]] std::size_t segment_length() const {
    return geometry_.whole_rows() ? geometry_.kernel_width * channels_
                                  : channels_ / geometry_.groups;
  }
  [[nodiscard]] friend bool operator==(const Window&, const Window&) = default;

 private:
  [[nodiscard]] RealLines real_lines(std::size_t outputs, std::size_t taps, std::size_t pad,
                                     std::size_t size, std::size_t Steps::*axis) const {
    RealLines result{taps, {}, AlignedVector<std::size_t>(outputs, 0)};
    AlignedVector<std::uint8_t>& patterns = result.patterns;
    patterns.reserve(outputs * taps);  // at once: small blocks would drive others from the cache
    for (std::size_t output = 0; output < outputs; ++output) {
      const std::size_t known = result.count();
      for (std::size_t tap = 0; tap < taps; ++tap) {
        const std::size_t at = output * geometry_.stride.*axis + tap * geometry_.dilation.*axis;
        const bool is_real = at >= pad && (at - pad) % geometry_.input_dilation.*axis == 0 &&
                             (at - pad) / geometry_.input_dilation.*axis < size;
        patterns.push_back(is_real ? 1 : 0);
      }
      const std::uint8_t* const flags = patterns.data() + known * taps;
      std::size_t& pattern = result.pattern_of[output];
      while (!std::equal(flags, flags + taps, patterns.data() + pattern * taps)) {
        ++pattern;  // up to the one just added
      }
      patterns.resize(std::max(known, pattern + 1) * taps);
    }
    return result;
  }

  WindowGeometry geometry_;
  std::size_t height_;
  std::size_t width_;
  std::size_t channels_;
  std::size_t padded_height_ = 0;
  std::size_t padded_width_ = 0;
  std::size_t output_height_ = 0;
  std::size_t output_width_ = 0;
};

}  // namespace upset
