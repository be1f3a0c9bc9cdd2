// SPDX-License-Identifier: BSL-1.0
/// What changes in a convolution's sums when one channel of its input does.
#pragma once

#include <cstddef>
#include <cstdint>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/channel_differences.hpp>
#include <upset/kernel/op.hpp>
#include <upset/kernel/window.hpp>

namespace upset {

/// The weights of a convolution without groups and dilation, in the order in which the windows of
/// one channel find theirs, [channel][tap row][output][tap column]. Of levels that differ by bytes,
/// and weights that are bytes: `T` is `std::int8_t`.
///
/// Four taps side by side are one product; a `DeltaProduct`, whose words are four channels, would
/// use a quarter of each.
template <class T>
class ChannelProduct {
  using Product = Op<std::uint8_t, T>;

 public:
  using Sum = typename Product::Sum;
  static constexpr std::size_t lanes = detail::vector_bytes / sizeof(Sum);
  using Vector = typename detail::Register<Sum, lanes>::type;
  using Stored = typename detail::Lanes<Sum, lanes>::type;

  /// - stride: sums of a pixel, whole vectors
  ChannelProduct(const WindowGeometry& geometry, std::size_t pixels, std::size_t channels,
                 std::size_t stride)
      : geometry_(geometry),
        pixels_(pixels),
        channels_(channels),
        stride_(stride),
        weights_(channels * geometry.kernel_height * stride * columns, T{0}),
        offsets_(channels * stride, Sum{0}) {}

  /// k in the order of a [H, W, I] kernel.
  template <class Level>
  void set_weight(std::size_t output, std::size_t k, Level weight) {
    const std::size_t channel = k % channels_;
    const std::size_t tap = k / channels_;
    const std::size_t row = channel * geometry_.kernel_height + tap / geometry_.kernel_width;
    T& place = weights_[(row * stride_ + output) * columns + tap % geometry_.kernel_width];
    offsets_[channel * stride_ + output] += ChannelDifferences::none * (weight - place);
    place = static_cast<T>(weight);
  }

  /// The sums of output row `row`, see `DeltaProduct::add_row`.
  /// - cost: a vector product per row of the window, pixel and vector of outputs
  template <class Take>
  void add_row(std::size_t row, const ChannelDifferences& differences, const Sum* from,
               const Take& take) const {
    std::size_t at = 0;
    for (; at + 4 * lanes <= stride_; at += 4 * lanes) {
      add_outputs<4>(row, differences, at, from, take);
    }
    for (; at + 2 * lanes <= stride_; at += 2 * lanes) {
      add_outputs<2>(row, differences, at, from, take);
    }
    for (; at < stride_; at += lanes) {
      add_outputs<1>(row, differences, at, from, take);
    }
  }

 private:
  static constexpr std::size_t columns = ChannelDifferences::columns;

  template <std::size_t Vectors, class Take>
  void add_outputs(std::size_t row, const ChannelDifferences& differences, std::size_t first_output,
                   const Sum* from, const Take& taker) const {
    // locals, or sums stored might change them
    const std::size_t stride = stride_;
    const std::size_t step = geometry_.stride.columns;
    const std::size_t tap_rows = geometry_.kernel_height;
    const std::size_t pixels = pixels_;
    const std::size_t row_size = differences.row_size();
    const std::uint8_t* word = differences.words(row);
    const std::size_t channel = differences.channel();
    const T* const weights =
        weights_.data() + (channel * tap_rows * stride + first_output) * columns;
    const Sum* const offsets = offsets_.data() + channel * stride + first_output;
    const auto take = taker.template columns<Vectors>(first_output);
    from += first_output;
    for (std::size_t x = 0; x < pixels; ++x, from += stride, word += step) {
      const auto start = [&](std::size_t v) -> Vector {
        return load(from + v * lanes) - load(offsets + v * lanes);
      };
      // by name, or they would lie in memory
      Vector sum0 = start(0);
      Vector sum1 = Vectors > 1 ? start(1) : sum0;
      Vector sum2 = Vectors > 2 ? start(2) : sum0;
      Vector sum3 = Vectors > 2 ? start(3) : sum0;
      for (std::size_t tap_row = 0; tap_row < tap_rows; ++tap_row) {
        const Vector value = detail::broadcast_word<Vector>(word + tap_row * row_size);
        const T* const first = weights + tap_row * stride * columns;
        Product::add(sum0, value, load(first));
        if constexpr (Vectors > 1) {
          Product::add(sum1, value, load(first + lanes * columns));
        }
        if constexpr (Vectors > 2) {
          Product::add(sum2, value, load(first + 2 * lanes * columns));
          Product::add(sum3, value, load(first + 3 * lanes * columns));
        }
      }
      take(x, 0, sum0);
      if constexpr (Vectors > 1) {
        take(x, 1, sum1);
      }
      if constexpr (Vectors > 2) {
        take(x, 2, sum2);
        take(x, 3, sum3);
      }
    }
  }
  [[nodiscard, gnu::always_inline]] static Vector load(const void* from) {
    return *static_cast<const Stored*>(from);
  }

  WindowGeometry geometry_;
  std::size_t pixels_;  // of an output row
  std::size_t channels_;
  std::size_t stride_;
  AlignedVector<T> weights_;    // zeros behind narrower windows
  AlignedVector<Sum> offsets_;  // [channel][output]: what bytes of no difference add
};

}  // namespace upset
