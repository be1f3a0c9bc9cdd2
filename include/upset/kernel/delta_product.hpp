// SPDX-License-Identifier: BSL-1.0
/// What changes in a convolution's sums when a few of its inputs or weights do.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/op.hpp>
#include <upset/kernel/window.hpp>

namespace upset {

namespace detail {

/// Which taps of which outputs read each input, along one axis of a picture.
class AxisReaders {
 public:
  struct Reader {
    std::uint32_t output = 0;
    std::uint32_t tap = 0;
  };
  static constexpr std::uint32_t padding = std::numeric_limits<std::uint32_t>::max();

  AxisReaders(std::size_t inputs, std::size_t outputs, std::size_t taps, std::size_t stride,
              std::size_t pad, std::size_t dilation, std::size_t input_dilation)
      : outputs_(outputs), readers_(inputs), inputs_(taps * outputs, padding) {
    for (std::size_t output = 0; output < outputs; ++output) {
      for (std::size_t tap = 0; tap < taps; ++tap) {
        const std::size_t at = output * stride + tap * dilation;
        if (at >= pad && (at - pad) % input_dilation == 0 && (at - pad) / input_dilation < inputs) {
          const std::size_t input = (at - pad) / input_dilation;
          readers_[input].push_back(
              {static_cast<std::uint32_t>(output), static_cast<std::uint32_t>(tap)});
          inputs_[tap * outputs + output] = static_cast<std::uint32_t>(input);
        }
      }
    }
  }

  [[nodiscard]] std::span<const Reader> of(std::size_t input) const { return readers_[input]; }
  /// What each output reads at `tap`; `padding` where it is none.
  [[nodiscard]] std::span<const std::uint32_t> inputs(std::size_t tap) const {
    return std::span(inputs_).subspan(tap * outputs_, outputs_);
  }
  /// The outputs that read any of inputs `first` to `last - 1`: from, to.
  [[nodiscard]] std::array<std::size_t, 2> outputs(std::size_t first, std::size_t last) const {
    std::size_t from = outputs_;
    std::size_t to = 0;
    for (std::size_t input = first; input < last; ++input) {
      for (const Reader& reader : readers_[input]) {
        from = std::min<std::size_t>(from, reader.output);
        to = std::max<std::size_t>(to, reader.output + 1);
      }
    }
    return {std::min(from, to), to};
  }

 private:
  std::size_t outputs_;
  std::vector<std::vector<Reader>> readers_;
  std::vector<std::uint32_t> inputs_;
};

}  // namespace detail

/// The weights of a convolution without groups, in the order in which one changed input finds all
/// its products: [tap][input channel][output]. `T` is `std::int16_t` for levels or `float`.
template <class T>
class DeltaProduct {
 public:
  using Sum = typename Op<T, T>::Sum;
  /// Channels of a pixel that are multiplied together.
  static constexpr std::size_t group = values_per_word<T>;

  /// How far the operands of one word differ from the fault-free ones.
  struct Difference {
    std::uint32_t pixel = 0;
    std::uint32_t word = 0;  ///< of the pixel: channel / group
    std::array<T, group> values{};
  };

  DeltaProduct(const WindowGeometry& geometry, std::size_t height, std::size_t width,
               std::size_t channels, std::size_t outputs)
      : window_(geometry, height, width, channels),
        rows_(height, window_.output_height(), geometry.kernel_height, geometry.stride,
              geometry.pad_top, geometry.dilation, geometry.input_dilation),
        columns_(width, window_.output_width(), geometry.kernel_width, geometry.stride,
                 geometry.pad_left, geometry.dilation, geometry.input_dilation),
        width_(width),
        channels_(channels),
        taps_across_(geometry.kernel_width),
        words_((channels + group - 1) / group),
        stride_((outputs + lanes - 1) / lanes * lanes),
        weights_(geometry.taps() * words_ * stride_ * group, T{0}) {}

  /// Sums of a pixel, those beyond the outputs included.
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::size_t output_width() const { return window_.output_width(); }
  [[nodiscard]] std::size_t output_height() const { return window_.output_height(); }
  [[nodiscard]] std::size_t input_width() const { return width_; }
  [[nodiscard]] std::size_t channels() const { return channels_; }
  [[nodiscard]] std::size_t taps() const { return weights_.size() / (words_ * stride_ * group); }

  /// k in the order of a [H, W, I] kernel.
  void set_weight(std::size_t output, std::size_t k, T weight) {
    weights_[index(output, k)] = weight;
  }
  [[nodiscard]] T weight(std::size_t output, std::size_t k) const {
    return weights_[index(output, k)];
  }

  /// Output rows that read input rows `first` to `last - 1`: from, to.
  [[nodiscard]] std::array<std::size_t, 2> output_rows(std::size_t first, std::size_t last) const {
    return rows_.outputs(first, last);
  }

  /// Adds to sums [H', W', stride] the products of changed inputs, which are sorted by pixel.
  /// - cost: one vector multiply-add per difference, tap and vector of outputs
  void add(std::span<const Difference> differences, Sum* sums) const {
    for (std::size_t i = 0; i < differences.size();) {
      std::size_t end = i + 1;
      while (end < differences.size() && differences[end].pixel == differences[i].pixel) {
        ++end;
      }
      const std::size_t pixel = differences[i].pixel;
      const auto of_pixel = differences.subspan(i, end - i);
      for (const auto row : rows_.of(pixel / width_)) {
        for (const auto column : columns_.of(pixel % width_)) {
          const std::size_t to = row.output * output_width() + column.output;
          const std::size_t tap = row.tap * taps_across_ + column.tap;
          add_tap(of_pixel, weights_.data() + tap * words_ * stride_ * group, sums + to * stride_);
        }
      }
      i = end;
    }
  }

  /// Calls `use(pixel, x)` for each output pixel, and the element of the picture [H, W, C] that its
  /// window reads at `k`.
  template <class Use>
  void for_each_input(std::size_t k, Use use) const {
    const std::size_t tap = k / channels_;
    const std::size_t channel = k % channels_;
    const auto columns = columns_.inputs(tap % taps_across_);
    const auto rows = rows_.inputs(tap / taps_across_);
    for (std::size_t y = 0; y < rows.size(); ++y) {
      if (rows[y] == detail::AxisReaders::padding) {
        continue;
      }
      const std::size_t from = rows[y] * width_ * channels_ + channel;
      for (std::size_t x = 0; x < columns.size(); ++x) {
        if (columns[x] != detail::AxisReaders::padding) {
          use(y * columns.size() + x, from + columns[x] * channels_);
        }
      }
    }
  }

 private:
  static constexpr std::size_t lanes = 16;
  static constexpr std::size_t vector_lanes = std::min(lanes, detail::vector_bytes / sizeof(Sum));
  using Vector = typename detail::Register<Sum, vector_lanes>::type;
  using Stored = typename detail::Lanes<Sum, vector_lanes>::type;

  [[nodiscard]] std::size_t index(std::size_t output, std::size_t k) const {
    const std::size_t channel = k % channels_;
    return ((k / channels_ * words_ + channel / group) * stride_ + output) * group +
           channel % group;
  }

  void add_tap(std::span<const Difference> differences, const T* weights, Sum* sums) const {
    std::size_t at = 0;
    for (; at + 4 * vector_lanes <= stride_; at += 4 * vector_lanes) {
      add_vectors<4>(differences, weights + at * group, sums + at);
    }
    for (; at < stride_; at += vector_lanes) {
      add_vectors<1>(differences, weights + at * group, sums + at);
    }
  }
  template <std::size_t Count>
  [[gnu::always_inline]] void add_vectors(std::span<const Difference> differences, const T* weights,
                                          Sum* sums) const {
    Vector total[Count];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Count; ++v) {
      total[v] = *reinterpret_cast<const Stored*>(sums + v * vector_lanes);
    }
    for (const Difference& difference : differences) {
      const Vector word = Op<T, T>::template broadcast<Vector>(difference.values.data());
      const T* const from = weights + difference.word * stride_ * group;
#pragma GCC unroll 4
      for (std::size_t v = 0; v < Count; ++v) {
        const Vector column = *reinterpret_cast<const Stored*>(from + v * vector_lanes * group);
        Op<T, T>::add(total[v], word, column);
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Count; ++v) {
      *reinterpret_cast<Stored*>(sums + v * vector_lanes) = total[v];
    }
  }

  Window window_;
  detail::AxisReaders rows_;
  detail::AxisReaders columns_;
  std::size_t width_;     // of the input
  std::size_t channels_;  // of the input
  std::size_t taps_across_;
  std::size_t words_;  // of an input pixel
  std::size_t stride_;
  AlignedVector<T> weights_;
};

}  // namespace upset
