// SPDX-License-Identifier: BSL-1.0
/// The gradient of a convolution's input: a convolution of the output's gradient.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <upset/kernel/weight_operand.hpp>
#include <upset/kernel/window.hpp>

namespace upset {

/// d_x[p] = sum over taps t and outputs o of d_y[q, o] kernel[o, t], where q is the output pixel
/// whose window has input pixel p at tap t.
///
/// Along each axis p lies at s q + d t of the padded picture, with stride s and dilation d. Pixels
/// whose positions leave one remainder by s are seen by the same taps, and q falls as these rise:
/// they are a convolution of d_y with part of the kernel, turned round. There is one for each pair
/// of remainders, and no zeros between pixels are ever multiplied.
///
/// - shape:    kernel [O, Ky, Kx, I / groups]; d_y [B, H', W', O] -> d_x [B, H, W, I]
/// - rounding: float, taps upwards, for each the outputs upwards; a result depends on its picture
///             alone
/// - cost:     one multiply-add per tap, channel and output for each pixel of x, border included;
///             one copy of the kernel, and one of every d_y
class InputGradient {
 public:
  /// For `pictures` of `height` times `width` pixels at once.
  InputGradient(const WindowGeometry& geometry, std::size_t height, std::size_t width,
                std::span<const float> kernel, std::size_t outputs, std::size_t pictures)
      : groups_(geometry.groups),
        outputs_(outputs),
        channels_(kernel.size() / outputs / geometry.taps() * geometry.groups),
        width_(width),
        picture_size_(height * width * channels_) {
    const Window window(geometry, height, width, channels_);
    output_height_ = window.output_height();
    output_width_ = window.output_width();
    rows_ = Axis(geometry, &Steps::rows, height, output_height_, geometry.kernel_height,
                 geometry.pad_top);
    columns_ = Axis(geometry, &Steps::columns, width, output_width_, geometry.kernel_width,
                    geometry.pad_left);
    padded_size_ = rows_.extent * columns_.extent * outputs;
    padded_.assign(pictures * padded_size_ + operand_slack, 0.0F);
    for (const Phase& down : rows_.phases) {
      for (const Phase& along : columns_.phases) {
        if (!down.taps.empty() && !along.taps.empty()) {
          add_part(down, along, geometry, kernel, pictures);
        }
      }
    }
  }

  /// d_x of `count` pictures; pixels that no window sees are left as they are.
  void compute(const float* d_y, std::size_t count, float* d_x) {
    const std::size_t line = output_width_ * outputs_;
    for (std::size_t b = 0; b < count; ++b) {
      for (std::size_t y = 0; y < output_height_; ++y) {
        const std::size_t to = (rows_.before + y) * columns_.extent + columns_.before;
        std::copy_n(d_y + (b * output_height_ + y) * line, line,
                    padded_.data() + b * padded_size_ + to * outputs_);
      }
    }
    for (const Part& part : parts_) {
      const std::size_t rows = part.bases.size() / part.pictures * count;
      for (std::size_t group = 0; group < groups_; ++group) {
        float* const to = d_x + group * (channels_ / groups_);
        multiply<float>(padded_.data() + group * (outputs_ / groups_),
                        std::span(part.bases).first(rows), {part.offsets, outputs_ / groups_},
                        part.kernels[group],
                        [&]<std::size_t Columns>(std::size_t m,
                                                 std::span<const std::array<float, Columns>> sums,
                                                 std::size_t first, std::size_t columns) {
                          store(sums, part.targets.data() + m, to + first, columns);
                        });
      }
    }
  }

 private:
  /// The pixels of one remainder, and what they read, along one axis.
  struct Phase {
    AlignedVector<std::size_t> pixels;
    AlignedVector<std::size_t> starts;   // of what each pixel reads, in the padded d_y
    AlignedVector<std::size_t> taps;     // that see these pixels
    AlignedVector<std::size_t> offsets;  // of what each tap multiplies, from the start
  };
  struct Axis {
    Axis() = default;
    Axis(const WindowGeometry& geometry, std::size_t Steps::*axis, std::size_t inputs,
         std::size_t results, std::size_t taps, std::size_t pad)
        : before((taps - 1) * geometry.dilation.*axis / geometry.stride.*axis),
          extent(before + results),
          phases(geometry.stride.*axis) {
      const std::size_t stride = geometry.stride.*axis;
      for (std::size_t pixel = 0; pixel < inputs; ++pixel) {
        const std::size_t position = pixel * geometry.input_dilation.*axis + pad;
        Phase& phase = phases[position % stride];
        phase.pixels.push_back(pixel);
        phase.starts.push_back(position / stride);
        extent = std::max(extent, phase.starts.back() + before + 1);
      }
      for (std::size_t tap = 0; tap < taps; ++tap) {
        const std::size_t position = tap * geometry.dilation.*axis;
        Phase& phase = phases[position % stride];
        phase.taps.push_back(tap);
        phase.offsets.push_back(before - position / stride);
      }
    }
    std::size_t before = 0;  // zeros in front of d_y
    std::size_t extent = 0;  // of d_y with zeros on both sides
    std::vector<Phase> phases;
  };
  /// The pixels of one remainder along both axes.
  struct Part {
    std::size_t pictures;
    AlignedVector<std::size_t> bases;
    AlignedVector<std::size_t> targets;
    AlignedVector<std::size_t> offsets;
    std::vector<PackedMatrix<float>> kernels;  // [I / groups, taps times outputs], of each group
  };

  void add_part(const Phase& down, const Phase& along, const WindowGeometry& geometry,
                std::span<const float> kernel, std::size_t pictures) {
    Part part{pictures, {}, {}, {}, {}};
    for (std::size_t b = 0; b < pictures; ++b) {
      for (std::size_t y = 0; y < down.pixels.size(); ++y) {
        for (std::size_t x = 0; x < along.pixels.size(); ++x) {
          part.bases.push_back(b * padded_size_ +
                               (down.starts[y] * columns_.extent + along.starts[x]) * outputs_);
          part.targets.push_back(b * picture_size_ +
                                 (down.pixels[y] * width_ + along.pixels[x]) * channels_);
        }
      }
    }
    const std::size_t inputs = channels_ / groups_;
    const std::size_t results = outputs_ / groups_;
    const std::size_t kernel_row = geometry.taps() * inputs;
    part.kernels.resize(groups_);
    for (PackedMatrix<float>& matrix : part.kernels) {
      matrix.resize(inputs, down.taps.size() * along.taps.size(), results);
    }
    for (std::size_t y = 0; y < down.taps.size(); ++y) {
      for (std::size_t x = 0; x < along.taps.size(); ++x) {
        const std::size_t tap = down.taps[y] * geometry.kernel_width + along.taps[x];
        const std::size_t k = part.offsets.size() * results;
        part.offsets.push_back((down.offsets[y] * columns_.extent + along.offsets[x]) * outputs_);
        for (std::size_t group = 0; group < groups_; ++group) {
          copy_tap(kernel.data() + group * results * kernel_row + tap * inputs, kernel_row, k,
                   part.kernels[group]);
        }
      }
    }
    parts_.push_back(std::move(part));
  }

  /// matrix[i][k + o] = kernel[o * stride + i] for all inputs i and the outputs o of a segment.
  static void copy_tap(const float* kernel, std::size_t stride, std::size_t k,
                       PackedMatrix<float>& matrix) {
    // The matrix finds each value by divisions, which take longer than everything else here.
    const std::size_t odd = matrix.is_folded() ? 1 : 0;
    const std::size_t width = matrix.width();
    for (std::size_t i = 0; i < matrix.rows(); ++i) {
      float* const to = &matrix.at(i, k);
      for (std::size_t o = 0; o < matrix.length(); ++o) {
        to[(o & ~odd) * width + (o & odd)] = kernel[o * stride + i];
      }
    }
  }

  template <std::size_t Columns>
  static void store(std::span<const std::array<float, Columns>> sums, const std::size_t* targets,
                    float* to, std::size_t columns) {
    constexpr std::size_t lanes = std::min(detail::vector_bytes / sizeof(float), Columns);
    using Floats = typename detail::Lanes<float, lanes>::type;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      for (std::size_t part = 0; part < std::min(columns, Columns); part += lanes) {
        detail::store_first(to + targets[i] + part,
                            *reinterpret_cast<const Floats*>(sums[i].data() + part),
                            columns - part);
      }
    }
  }

  std::size_t groups_;
  std::size_t outputs_;
  std::size_t channels_;
  std::size_t width_;
  std::size_t picture_size_;
  std::size_t output_height_ = 0;
  std::size_t output_width_ = 0;
  std::size_t padded_size_ = 0;  // of the gradient of one output
  Axis rows_;
  Axis columns_;
  std::vector<Part> parts_;
  AlignedVector<float> padded_;  // gradients of outputs with zeros around
};

}  // namespace upset
