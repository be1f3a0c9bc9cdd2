// SPDX-License-Identifier: BSL-1.0
/// What changes in a convolution's sums when a few of its inputs or weights do.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/delta_window.hpp>
#include <upset/kernel/difference_list.hpp>
#include <upset/kernel/op.hpp>
#include <upset/kernel/window.hpp>

namespace upset {

/// The weights of a convolution, in the order in which a changed word of inputs finds its products:
/// [tap][word of input channels][output]. `T` is what differences are multiplied as: `float`, or
/// `std::int16_t` or, see byte_product.hpp, `std::int8_t` for levels.
template <class T>
class DeltaProduct : public DeltaWindow {
  static_assert(sizeof(T) > 1, "differences in bytes: include byte_product.hpp");
  using Op = upset::Op<T, T>;

 public:
  using Sum = typename Op::Sum;
  using Differences = DifferenceList<T>;
  using SumRow = detail::SumRow<Sum>;
  static constexpr std::size_t group = values_per_word<T>;
  static constexpr std::size_t lanes = detail::vector_bytes / sizeof(Sum);
  using Vector = typename detail::Register<Sum, lanes>::type;

  DeltaProduct(const WindowGeometry& geometry, std::size_t height, std::size_t width,
               std::size_t channels, std::size_t outputs)
      : DeltaWindow(geometry, height, width, channels, outputs),
        words_((channels + group - 1) / group),
        pixels_(std::gcd(output_width(), sums_at_once / last_vectors())),
        margin_((pixels_ - 1) * geometry.stride.columns),
        weights_(geometry.kernel_height * row_taps() * tap_size(), T{0}) {}

  /// k in the order of a [H, W, I] kernel.
  void set_weight(std::size_t output, std::size_t k, T weight) {
    weights_[index(output, k)] = weight;
  }
  [[nodiscard]] Sum weight(std::size_t output, std::size_t k) const {
    return static_cast<Sum>(weights_[index(output, k)]);
  }

  /// The sums of output row `row`: those `from` which they start [pixels, stride()] and the
  /// products of all differences that its windows read. `take.columns<Vectors>(o)(pixel, v, sums)`
  /// receives vector v of a pixel's sums from output o on, as it leaves its register; see `SumRow`.
  /// - cost: one vector multiply-add per word of differences, tap and vector of outputs
  template <class Take>
  void add_row(std::size_t row, const Differences& differences, const Sum* from,
               const Take& take) const {
    std::size_t at = 0;
    for (; at + 4 * lanes <= stride(); at += 4 * lanes) {
      add_outputs<4, 1>(row, differences, at, from, take);
    }
    if (at + 2 * lanes <= stride()) {
      pixels_ % 2 == 0 ? add_outputs<2, 2>(row, differences, at, from, take)
                       : add_outputs<2, 1>(row, differences, at, from, take);
      at += 2 * lanes;
    }
    if (at < stride()) {
      pixels_ == 4   ? add_outputs<1, 4>(row, differences, at, from, take)
      : pixels_ == 2 ? add_outputs<1, 2>(row, differences, at, from, take)
                     : add_outputs<1, 1>(row, differences, at, from, take);
    }
  }

 private:
  using Stored = typename detail::Lanes<Sum, lanes>::type;
  // Vectors of sums that are added to by turns, or each would wait for the one before: outputs of
  // one pixel, or of some where that has few. Each of these takes the differences that any of them
  // reads; beyond its own window it finds weights of zero.
  static constexpr std::size_t sums_at_once = 4;

  /// Vectors in the last part of the outputs.
  [[nodiscard]] std::size_t last_vectors() const {
    return std::gcd(stride() / lanes, sums_at_once);
  }
  [[nodiscard]] std::size_t row_taps() const { return geometry().kernel_width + 2 * margin_; }
  [[nodiscard]] std::size_t tap_size() const { return words_ * stride() * group; }
  [[nodiscard]] std::size_t index(std::size_t output, std::size_t k) const {
    const std::size_t channel = k % channels();
    const std::size_t tap = k / channels();
    const std::size_t width = geometry().kernel_width;
    const std::size_t padded = tap / width * row_taps() + margin_ + tap % width;
    return ((padded * words_ + channel / group) * stride() + output) * group + channel % group;
  }

  template <std::size_t Vectors, std::size_t Pixels, class Take>
  void add_outputs(std::size_t row, const Differences& differences, std::size_t first_output,
                   const Sum* from, const Take& taker) const {
    // locals, or sums stored might change them
    const std::size_t stride = this->stride();
    const auto step = static_cast<std::ptrdiff_t>(geometry().stride.columns);
    const auto width = static_cast<std::ptrdiff_t>(input_width());
    const auto taps = static_cast<std::ptrdiff_t>(geometry().kernel_width);
    const auto pad = static_cast<std::ptrdiff_t>(geometry().pad_left);
    const auto tap = static_cast<std::ptrdiff_t>(tap_size());
    const auto word_size = static_cast<std::ptrdiff_t>(stride * group);
    const T* const weights = weights_.data() + first_output * group;
    const std::uint32_t* const words = differences.words().data();
    const std::uint32_t* const values = differences.values().data();
    const std::uint32_t* const starts = differences.starts().data();
    const auto [first_tap, last_tap] = tap_rows(row);
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
      const std::ptrdiff_t column = static_cast<std::ptrdiff_t>(x) * step - pad;
      const auto begin = std::clamp<std::ptrdiff_t>(column, 0, width);
      const auto end = std::clamp<std::ptrdiff_t>(
          column + taps + static_cast<std::ptrdiff_t>(Pixels - 1) * step, 0, width);
      for (std::size_t tap_row = first_tap; tap_row < last_tap; ++tap_row) {
        const auto pixel = static_cast<std::ptrdiff_t>(input_row(row, tap_row)) * width;
        std::uint32_t i = starts[pixel + begin];
        const std::uint32_t last = starts[pixel + end];
        // of the first pixel's first tap, were that at word 0 of the picture
        const std::ptrdiff_t offset =
            (static_cast<std::ptrdiff_t>(tap_row * row_taps() + margin_) - pixel - column) * tap;
        for (; i < last; ++i) {
          const auto parts = std::bit_cast<std::array<T, group>>(values[i]);
          const Vector value = Op::template broadcast<Vector>(parts.data());
          const T* const first = weights + (offset + words[i] * word_size);
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
      const auto store = [&](std::size_t n, const Vector& sum) __attribute__((always_inline)) {
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

  std::size_t words_;   // of an input pixel
  std::size_t pixels_;  // computed together at most
  std::size_t margin_;  // taps of zeros on both sides of a row of them
  AlignedVector<T> weights_;
};

}  // namespace upset
