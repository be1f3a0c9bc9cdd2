// SPDX-License-Identifier: BSL-1.0
/// What changes in a convolution's sums when a few of its inputs or weights do.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/difference_list.hpp>
#include <upset/kernel/op.hpp>
#include <upset/kernel/window.hpp>

namespace upset {

namespace detail {

/// How differences `T` and weights are multiplied: bytes as weights from 0 on, 128 too large, of
/// which four products are one instruction.
template <class T>
struct DeltaOp {
  using Weight = T;
  using Sum = typename Op<T, T>::Sum;
  static constexpr Weight zero = 0;

  template <class Vector>
  [[nodiscard, gnu::always_inline]] static Vector broadcast(std::uint32_t word) {
    const auto values = std::bit_cast<std::array<T, values_per_word<T>>>(word);
    return Op<T, T>::template broadcast<Vector>(values.data());
  }
  template <class Vector>
  [[gnu::always_inline]] static void add(Vector& sums, const Vector& difference, const Vector& w) {
    Op<T, T>::add(sums, difference, w);
  }
};
#if defined(__AVX2__)
template <>
struct DeltaOp<std::int8_t> {
  using Weight = std::uint8_t;
  using Sum = std::int32_t;
  static constexpr Weight zero = 128;

  template <class Vector>
  [[nodiscard, gnu::always_inline]] static Vector broadcast(std::uint32_t word) {
    return Vector{} + static_cast<std::int32_t>(word);
  }
  template <class Vector>
  [[gnu::always_inline]] static void add(Vector& sums, const Vector& difference, const Vector& w) {
    Op<std::uint8_t, std::int8_t>::add(sums, w, difference);
  }
};
#endif

}  // namespace detail

/// The weights of a convolution without groups and dilation, in the order in which a changed word
/// of inputs finds its products: [tap][word of input channels][output]. `T` is what differences are
/// multiplied as: `float`, or `std::int16_t` or, of weights within -128..127 and where the
/// processor has products of all bytes, `std::int8_t` for levels.
template <class T>
class DeltaProduct {
  using Op = detail::DeltaOp<T>;
  using Weight = typename Op::Weight;

 public:
  using Sum = typename Op::Sum;
  using Differences = DifferenceList<T>;
  static constexpr std::size_t group = values_per_word<T>;
  static constexpr std::size_t lanes = detail::vector_bytes / sizeof(Sum);
  using Vector = typename detail::Register<Sum, lanes>::type;
  using Stored = typename detail::Lanes<Sum, lanes>::type;

  DeltaProduct(const WindowGeometry& geometry, std::size_t height, std::size_t width,
               std::size_t channels, std::size_t outputs)
      : geometry_(geometry),
        window_(geometry, height, width, channels),
        height_(height),
        width_(width),
        channels_(channels),
        words_((channels + group - 1) / group),
        stride_((outputs + padded_outputs - 1) / padded_outputs * padded_outputs),
        pixels_(std::gcd(window_.output_width(), sums_at_once / last_vectors())),
        margin_((pixels_ - 1) * geometry.stride.columns),
        weights_(geometry.kernel_height * row_taps() * tap_size(), Op::zero) {}

  /// Sums of a pixel, those beyond the outputs included.
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::size_t output_width() const { return window_.output_width(); }
  [[nodiscard]] std::size_t output_height() const { return window_.output_height(); }
  [[nodiscard]] std::size_t input_width() const { return width_; }
  [[nodiscard]] std::size_t channels() const { return channels_; }

  /// k in the order of a [H, W, I] kernel.
  template <class Level>
  void set_weight(std::size_t output, std::size_t k, Level weight) {
    weights_[index(output, k)] = static_cast<Weight>(weight + Level{Op::zero});
  }

  [[nodiscard]] Sum weight(std::size_t output, std::size_t k) const {
    return static_cast<Sum>(weights_[index(output, k)]) - Sum{Op::zero};
  }

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

  /// The sums of output row `row`: those `from` which they start [pixels, stride()] and the
  /// products of all differences that its windows read. `take.columns<Vectors>(o)(pixel, v, sums)`
  /// receives vector v of a pixel's sums from output o on, as it leaves its register; see `SumRow`.
  /// - cost: one vector multiply-add per word of differences, tap and vector of outputs
  template <class Take>
  void add_row(std::size_t row, const Differences& differences, const Sum* from,
               const Take& take) const {
    std::size_t at = 0;
    for (; at + 4 * lanes <= stride_; at += 4 * lanes) {
      add_outputs<4, 1>(row, differences, at, from, take);
    }
    if (at + 2 * lanes <= stride_) {
      pixels_ % 2 == 0 ? add_outputs<2, 2>(row, differences, at, from, take)
                       : add_outputs<2, 1>(row, differences, at, from, take);
      at += 2 * lanes;
    }
    if (at < stride_) {
      pixels_ == 4   ? add_outputs<1, 4>(row, differences, at, from, take)
      : pixels_ == 2 ? add_outputs<1, 2>(row, differences, at, from, take)
                     : add_outputs<1, 1>(row, differences, at, from, take);
    }
  }

  /// Keeps the sums of a row. [pixels, stride]
  struct SumRow {
    Sum* to;
    std::size_t stride;

    template <std::size_t Vectors>
    [[nodiscard, gnu::always_inline]] auto columns(std::size_t first) const {
      return
          [to = to + first, stride = stride](std::size_t pixel, std::size_t v, const Vector& sums) {
            *reinterpret_cast<Stored*>(to + pixel * stride + v * lanes) = sums;
          };
    }
  };

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
  // Vectors of sums that are added to by turns, or each would wait for the one before: outputs of
  // one pixel, or of some where that has few. Each of these takes the differences that any of them
  // reads; beyond its own window it finds weights of zero.
  static constexpr std::size_t sums_at_once = 4;

  /// Vectors in the last part of the outputs.
  [[nodiscard]] std::size_t last_vectors() const { return std::gcd(stride_ / lanes, sums_at_once); }
  [[nodiscard]] std::size_t row_taps() const { return geometry_.kernel_width + 2 * margin_; }
  [[nodiscard]] std::size_t tap_size() const { return words_ * stride_ * group; }
  [[nodiscard]] std::size_t index(std::size_t output, std::size_t k) const {
    const std::size_t channel = k % channels_;
    const std::size_t tap = k / channels_;
    const std::size_t padded =
        tap / geometry_.kernel_width * row_taps() + margin_ + tap % geometry_.kernel_width;
    return ((padded * words_ + channel / group) * stride_ + output) * group + channel % group;
  }

  template <std::size_t Vectors, std::size_t Pixels, class Take>
  void add_outputs(std::size_t row, const Differences& differences, std::size_t first_output,
                   const Sum* from, const Take& taker) const {
    // locals, or sums stored might change them
    const std::size_t stride = stride_;
    const auto step = static_cast<std::ptrdiff_t>(geometry_.stride.columns);
    const auto width = static_cast<std::ptrdiff_t>(width_);
    const auto taps = static_cast<std::ptrdiff_t>(geometry_.kernel_width);
    const auto tap = static_cast<std::ptrdiff_t>(tap_size());
    const auto word_size = static_cast<std::ptrdiff_t>(stride * group);
    const Weight* const weights = weights_.data() + first_output * group;
    const std::uint32_t* const words = differences.words().data();
    const std::uint32_t* const values = differences.values().data();
    const std::uint32_t* const starts = differences.starts().data();
    [[maybe_unused]] const std::int32_t* totals = nullptr;
    if constexpr (in_bytes) {
      totals = differences.sums().data();
    }
    // rows of the window that lie within the picture
    const std::size_t top = row * geometry_.stride.rows;
    const std::size_t first_tap = geometry_.pad_top > top ? geometry_.pad_top - top : 0;
    const std::size_t last_tap =
        std::min(geometry_.kernel_height, std::max(height_ + geometry_.pad_top, top) - top);
    const std::size_t pixels = output_width();
    constexpr std::size_t count = Vectors * Pixels;
    static_assert(count == 1 || count == 2 || count == sums_at_once);
    const std::ptrdiff_t back = step * tap;
    const auto take = taker.template columns<Vectors>(first_output);
    for (std::size_t x = 0; x < pixels; x += Pixels) {
      // sum n is that of pixel x + n / Vectors; by name, or they would lie in memory
      const auto at = [&](std::size_t n) {
        return (x + n / Vectors) * stride + first_output + n % Vectors * lanes;
      };
      Vector sum0 = load(from + at(0));
      Vector sum1 = count > 1 ? load(from + at(1)) : sum0;
      Vector sum2 = count > 2 ? load(from + at(2)) : sum0;
      Vector sum3 = count > 2 ? load(from + at(3)) : sum0;
      const std::ptrdiff_t column =
          static_cast<std::ptrdiff_t>(x) * step - static_cast<std::ptrdiff_t>(geometry_.pad_left);
      const auto begin = std::clamp<std::ptrdiff_t>(column, 0, width);
      const auto end = std::clamp<std::ptrdiff_t>(
          column + taps + static_cast<std::ptrdiff_t>(Pixels - 1) * step, 0, width);
      [[maybe_unused]] std::int32_t total = 0;
      for (std::size_t tap_row = first_tap; tap_row < last_tap; ++tap_row) {
        const auto pixel =
            static_cast<std::ptrdiff_t>((top + tap_row - geometry_.pad_top) * width_);
        std::uint32_t i = starts[pixel + begin];
        const std::uint32_t last = starts[pixel + end];
        if constexpr (in_bytes) {
          total += totals[last] - totals[i];
        }
        // of the first pixel's first tap, were that at word 0 of the picture
        const std::ptrdiff_t offset =
            (static_cast<std::ptrdiff_t>(tap_row * row_taps() + margin_) - pixel - column) * tap;
        for (; i < last; ++i) {
          const Vector value = Op::template broadcast<Vector>(values[i]);
          const Weight* const first = weights + (offset + words[i] * word_size);
          const auto weight = [&](std::size_t n) {
            return load(first + n % Vectors * lanes * group -
                        static_cast<std::ptrdiff_t>(n / Vectors) * back);
          };
          Op::add(sum0, value, weight(0));
          if constexpr (count > 1) {
            Op::add(sum1, value, weight(1));
          }
          if constexpr (count > 2) {
            Op::add(sum2, value, weight(2));
            Op::add(sum3, value, weight(3));
          }
        }
      }
      const auto store = [&](std::size_t n, Vector sum) __attribute__((always_inline)) {
        if constexpr (in_bytes) {
          sum -= Op::zero * total;
        }
        take(x + n / Vectors, n % Vectors, sum);
      };
      store(0, sum0);
      if constexpr (count > 1) {
        store(1, sum1);
      }
      if constexpr (count > 2) {
        store(2, sum2);
        store(3, sum3);
      }
    }
  }
  [[nodiscard, gnu::always_inline]] static Vector load(const void* from) {
    return *static_cast<const Stored*>(from);
  }
  static constexpr bool in_bytes = std::is_same_v<T, std::int8_t>;

  WindowGeometry geometry_;
  Window window_;
  std::size_t height_;    // of the input
  std::size_t width_;     // of the input
  std::size_t channels_;  // of the input
  std::size_t words_;     // of an input pixel
  std::size_t stride_;
  std::size_t pixels_;  // computed together at most
  std::size_t margin_;  // taps of zeros on both sides of a row of them
  AlignedVector<Weight> weights_;
};

}  // namespace upset
