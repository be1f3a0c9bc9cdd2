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
      : outputs_(outputs), starts_(inputs + 1, 0), inputs_(taps * outputs, padding) {
    std::vector<std::vector<Reader>> readers(inputs);
    for (std::size_t output = 0; output < outputs; ++output) {
      for (std::size_t tap = 0; tap < taps; ++tap) {
        const std::size_t at = output * stride + tap * dilation;
        if (at >= pad && (at - pad) % input_dilation == 0 && (at - pad) / input_dilation < inputs) {
          const std::size_t input = (at - pad) / input_dilation;
          readers[input].push_back(
              {static_cast<std::uint32_t>(output), static_cast<std::uint32_t>(tap)});
          inputs_[tap * outputs + output] = static_cast<std::uint32_t>(input);
        }
      }
    }
    for (std::size_t input = 0; input < inputs; ++input) {
      readers_.insert(readers_.end(), readers[input].begin(), readers[input].end());
      starts_[input + 1] = readers_.size();
    }
  }

  [[nodiscard]] std::span<const Reader> of(std::size_t input) const {
    return {readers_.data() + starts_[input], starts_[input + 1] - starts_[input]};
  }
  /// What each output reads at `tap`; `padding` where it is none.
  [[nodiscard]] std::span<const std::uint32_t> inputs(std::size_t tap) const {
    return std::span(inputs_).subspan(tap * outputs_, outputs_);
  }
  [[nodiscard]] std::size_t taps() const { return inputs_.size() / outputs_; }
  /// The outputs that read any of inputs `first` to `last - 1`: from, to.
  [[nodiscard]] std::array<std::size_t, 2> outputs(std::size_t first, std::size_t last) const {
    std::size_t from = outputs_;
    std::size_t to = 0;
    for (std::size_t i = starts_[first]; i < starts_[last]; ++i) {
      from = std::min<std::size_t>(from, readers_[i].output);
      to = std::max<std::size_t>(to, readers_[i].output + 1);
    }
    return {std::min(from, to), to};
  }

 private:
  std::size_t outputs_;
  std::vector<std::size_t> starts_;  // of each input's readers
  std::vector<Reader> readers_;
  std::vector<std::uint32_t> inputs_;
};

}  // namespace detail

/// The weights of a convolution without groups, in the order in which one changed input finds all
/// its products: [tap][input channel][output]. Without dilation. `T` is `std::int16_t` for levels
/// or `float`.
template <class T>
class DeltaProduct {
 public:
  using Sum = typename Op<T, T>::Sum;
  /// Channels of a pixel that are multiplied together.
  static constexpr std::size_t group = values_per_word<T>;

  static constexpr std::size_t lanes = detail::vector_bytes / sizeof(Sum);
  using Vector = typename detail::Register<Sum, lanes>::type;

  /// How far the operands of one word differ from the fault-free ones.
  struct Difference {
    std::uint32_t column = 0;
    std::uint32_t channel = 0;  ///< the first of the word
    std::array<T, group> values{};
  };

  DeltaProduct(const WindowGeometry& geometry, std::size_t height, std::size_t width,
               std::size_t channels, std::size_t outputs)
      : window_(geometry, height, width, channels),
        rows_(height, window_.output_height(), geometry.kernel_height, geometry.stride.rows,
              geometry.pad_top, geometry.dilation.rows, geometry.input_dilation.rows),
        columns_(width, window_.output_width(), geometry.kernel_width, geometry.stride.columns,
                 geometry.pad_left, geometry.dilation.columns, geometry.input_dilation.columns),
        width_(width),
        channels_(channels),
        taps_across_(geometry.kernel_width),
        column_stride_(geometry.stride.columns),
        pad_(geometry.pad_left),
        words_((channels + group - 1) / group),
        stride_((outputs + padded_outputs - 1) / padded_outputs * padded_outputs),
        weights_(geometry.taps() * words_ * stride_ * group, T{0}) {}

  /// Sums of a pixel, those beyond the outputs included.
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::size_t output_width() const { return window_.output_width(); }
  [[nodiscard]] std::size_t output_height() const { return window_.output_height(); }
  [[nodiscard]] std::size_t input_width() const { return width_; }
  [[nodiscard]] std::size_t channels() const { return channels_; }

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

  /// Sums of a row of outputs with room on both sides for those that do not exist.
  [[nodiscard]] std::size_t row_sums() const {
    return (std::max(width_, output_width()) + 2 * taps_across_ + pad_) * stride_;
  }
  /// Where the first output's are among them.
  [[nodiscard]] std::size_t first_sum() const { return margin() * stride_; }

  /// Adds to the sums of output row `row` the products of changed inputs. The differences of input
  /// row r are those from `starts[r]` to `starts[r + 1]`.
  /// - cost: one vector multiply-add per difference, tap and vector of outputs
  void add_row(std::size_t row, std::span<const Difference> differences,
               std::span<const std::uint32_t> starts, Sum* sums) const {
    std::size_t at = 0;
    for (; at + 4 * lanes <= stride_; at += 4 * lanes) {
      add_outputs<4>(row, differences.data(), starts.data(), at, sums);
    }
    for (; at + 2 * lanes <= stride_; at += 2 * lanes) {
      add_outputs<2>(row, differences.data(), starts.data(), at, sums);
    }
    for (; at < stride_; at += lanes) {
      add_outputs<1>(row, differences.data(), starts.data(), at, sums);
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
  using Stored = typename detail::Lanes<Sum, lanes>::type;
  static constexpr std::size_t padded_outputs = 16;

  [[nodiscard]] std::size_t index(std::size_t output, std::size_t k) const {
    const std::size_t channel = k % channels_;
    return ((k / channels_ * words_ + channel / group) * stride_ + output) * group +
           channel % group;
  }

  // Of outputs before the first: those that only windows beginning in padding would have.
  [[nodiscard]] std::size_t margin() const { return taps_across_ - 1; }

  template <std::size_t Count>
  void add_outputs(std::size_t row, const Difference* differences, const std::uint32_t* starts,
                   std::size_t first_output, Sum* sums) const {
    // locals, or sums stored might change them
    const std::size_t stride = stride_;
    const std::size_t taps = taps_across_;
    const std::size_t tap_size = words_ * stride * group;
    for (std::size_t tap_row = 0; tap_row < rows_.taps(); ++tap_row) {
      const std::uint32_t from = rows_.inputs(tap_row)[row];
      if (from == detail::AxisReaders::padding) {
        continue;
      }
      const T* const row_weights =
          weights_.data() + tap_row * taps * tap_size + first_output * group;
      const std::uint32_t end = starts[from + 1];
      for (std::uint32_t i = starts[from]; i < end; ++i) {
        const Difference& difference = differences[i];
        const Vector word = Op<T, T>::template broadcast<Vector>(difference.values.data());
        const T* weights = row_weights + difference.channel * stride;
        if (column_stride_ == 1) {  // output = column + pad - tap
          Sum* to = sums + first_output + (difference.column + pad_ + margin()) * stride;
          for (std::size_t tap = 0; tap < taps; ++tap) {
            add<Count>(word, weights, to);
            weights += tap_size;
            to -= stride;
          }
        } else {
          for (const auto reader : columns_.of(difference.column)) {
            add<Count>(word, weights + reader.tap * tap_size,
                       sums + first_output + (reader.output + margin()) * stride);
          }
        }
      }
    }
  }
  template <std::size_t Count>
  [[gnu::always_inline]] static void add(const Vector& word, const T* weights, Sum* sums) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Count; ++v) {
      Vector total = *reinterpret_cast<const Stored*>(sums + v * lanes);
      const Vector column = *reinterpret_cast<const Stored*>(weights + v * lanes * group);
      Op<T, T>::add(total, word, column);
      *reinterpret_cast<Stored*>(sums + v * lanes) = total;
    }
  }

  Window window_;
  detail::AxisReaders rows_;
  detail::AxisReaders columns_;
  std::size_t width_;     // of the input
  std::size_t channels_;  // of the input
  std::size_t taps_across_;
  std::size_t column_stride_;
  std::size_t pad_;    // at the left
  std::size_t words_;  // of an input pixel
  std::size_t stride_;
  AlignedVector<T> weights_;
};

}  // namespace upset
