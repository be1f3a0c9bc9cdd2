// SPDX-License-Identifier: BSL-1.0
/// A kernel in machine arithmetic, as the inner loops read it.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <type_traits>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/depthwise.hpp>
#include <upset/kernel/gemm.hpp>
#include <upset/kernel/packed_matrix.hpp>
#include <upset/kernel/sum_scales.hpp>
#include <upset/kernel/sum_writer.hpp>
#include <upset/kernel/window.hpp>
#include <upset/kernel/window_parts.hpp>

namespace upset {

/// Weights of type `W` to be multiplied with activations of type `X`, packed once and patched after
/// a fault. Formats that share the arithmetic share this code; `is_level` where sums are of levels,
/// which steps turn into reals.
template <class X, class W, bool is_level>
class PackedKernel {
 public:
  static constexpr bool in_bytes = std::is_same_v<W, std::int8_t>;
  using Sum = std::conditional_t<is_level, double, float>;

  PackedKernel() = default;
  /// For a kernel of `outputs` rows in `groups`, each of `segments` times `length` weights; a
  /// segment is those of `taps`.
  PackedKernel(std::size_t groups, std::size_t outputs, std::size_t segments, std::size_t length,
               ExactLimits limits, std::size_t taps = 1)
      : outputs_(outputs / groups),
        tap_length_(length / taps),
        limits_(limits),
        exact_depth_(limits.depth),
        matrices_(groups) {
    for (PackedMatrix<W>& matrix : matrices_) {
      matrix.resize(outputs_, segments, length);
    }
    // whole panels are read, of which columns beyond the outputs are dropped
    columns_ = outputs_ == 1 ? 1 : matrices_[0].panels() * matrices_[0].width();
    if constexpr (in_bytes) {
      weight_sums_.resize(outputs);
      tap_sums_.resize(segments * taps * tap_stride());
    }
    magnitudes_.resize(outputs);
    scales_ = Scales(groups * columns_);
    if constexpr (Channels::is_fast) {
      if (groups > 1 && outputs_ == 1 && length == 1) {
        channels_.resize(segments, groups);
      }
    }
  }

  [[nodiscard]] std::size_t outputs() const { return magnitudes_.size(); }
  /// Weights of one output.
  [[nodiscard]] std::size_t depth() const { return matrices_[0].depth(); }

  /// Sets every weight, output by output. O(size)
  void set_weights(std::span<const W> weights) {
    std::fill(weight_sums_.begin(), weight_sums_.end(), 0);
    std::fill(tap_sums_.begin(), tap_sums_.end(), 0);
    nonfinite_ = 0;
    tiny_ = 0;
    std::fill(magnitudes_.begin(), magnitudes_.end(), 0);
    std::size_t output = 0;
    const W* from = weights.data();
    for (PackedMatrix<W>& matrix : matrices_) {
      matrix.for_each([&](std::size_t row, std::size_t k, W& weight) {
        weight = *from++;
        count_weight(output + row, k, weight, 1);
        set_channel(output + row, k, weight);
      });
      output += outputs_;
    }
    choose_exact_depth();
  }

  /// Sets some weights: `patch(set)` calls `set(element, weight)` for each. O(weights), unless
  /// those of 16 bits grow so large that sums could wrap, or shrink again: O(size)
  template <class Patch>
  void patch_weights(Patch patch) {
    bool fits = true;
    patch([&](std::size_t element, W now) {
      const std::size_t output = element / depth();
      const std::size_t k = element % depth();
      W& weight = matrices_[output / outputs_].at(output % outputs_, k);
      count_weight(output, k, weight, -1);
      count_weight(output, k, now, 1);
      weight = now;
      set_channel(output, k, now);
      fits = fits && magnitudes_[output] <= limits_.magnitude;
    });
    if (!fits || exact_depth_ < depth()) {
      choose_exact_depth();
    }
  }

  /// How the sums of one output become reals: in steps, from the bias. `input_zero` and
  /// `weight_zero` are what was added to every activation and to every weight, of bytes.
  void set_scale(std::size_t output, float step, float bias, std::int64_t input_zero,
                 std::int64_t weight_zero) {
    const std::size_t at = column_of(output);
    scales_.set(at, step, bias);
    if constexpr (in_bytes) {
      // sum (x - zero) (w - z) = sum x w - zero sum w - z sum x + depth zero z
      const bool moves = scales_.zero_point(at) != weight_zero;
      input_zero_ = input_zero;
      scales_.set_correction(at,
                             input_zero * weight_sums_[output] -
                                 static_cast<std::int64_t>(depth()) * input_zero * weight_zero,
                             weight_zero);
      for (std::size_t k = 0; moves && !channels_.is_empty() && k < depth(); ++k) {
        set_channel(output, k, matrices_[output].at(0, k));
      }
    }
  }

  /// `to.row(m)[o]` for the outputs of one group, o counted from the first of them.
  ///
  /// - shape:    `x`, `bases` and `segments` as in `upset::multiply`; codes of `BFloat16` in x may
  ///             be tiny where it is said so, see `detail::is_tiny`
  /// - rounding: level products are exact integers, rounded to float, which changes none below
  ///             2^24, then scaled and added to the bias, fused where the target can; real ones are
  ///             added up in float
  void multiply(std::size_t group, const X* x, std::span<const std::size_t> bases,
                const Segments& segments, const SumTarget& to, bool x_holds_tiny = true) const {
    const auto writer = scales_.writer(group * columns_, x, bases.data(), segments, to);
    as_read(x, x_holds_tiny, [&](const auto* operands) {
      upset::multiply<Sum>(operands, bases, segments, matrices_[group], writer, exact_depth_);
    });
  }
  /// `to.row(m)[o]` for all outputs of the windows that begin at `bases`. Equals the products of
  /// the groups, bit for bit.
  void multiply(const X* x, std::span<const std::size_t> bases, const Window& window,
                const SumTarget& to, bool x_holds_tiny) const {
    const std::size_t groups = matrices_.size();
    if constexpr (Channels::is_fast) {
      if (!channels_.is_empty() && depth() <= (in_bytes ? exact_depth_ / 2 : exact_depth_)) {
        const AlignedVector<std::size_t> offsets = window.offsets(0);
        channels_.multiply(x, bases, offsets,
                           scales_.writer(0, x, bases.data(), {offsets, 1}, to, true));
        return;
      }
    }
    for (std::size_t group = 0; group < groups; ++group) {
      const AlignedVector<std::size_t> offsets = window.offsets(group);
      SumTarget of_group = to;
      of_group.y += group * outputs_;
      multiply(group, x, bases, {offsets, window.segment_length()}, of_group, x_holds_tiny);
    }
  }

  /// Whether products may leave out padded taps of so many channels: not beside weights that make
  /// NaN of zeros, nor where sums are added up in pieces, nor bytes of which the sums of these taps
  /// are not known, nor so few weights that windows are not worth being sorted.
  [[nodiscard]] bool leaves_out_taps(std::size_t channels) const {
    constexpr std::size_t fewest_weights = 1024;
    return matrices_.size() == 1 && depth() * outputs_ >= fewest_weights && nonfinite_ == 0 &&
           depth() <= exact_depth_ &&
           (!in_bytes || (tap_length_ == channels && scales_.keeps_short(depth())));
  }
  /// Rows of the product's tiles, or a multiple of them.
  [[nodiscard]] std::size_t tile_rows() const { return matrices_[0].panels() == 1 ? 12 : 6; }
  /// y[m * outputs + o] for all outputs of the windows in `parts`, which may be any that
  /// `leaves_out_taps`, and `to` as it is without `offsets`. Equals the product of all taps, bit
  /// for bit.
  void multiply(const X* x, const WindowParts& parts, const Window& window, const SumTarget& to,
                bool x_holds_tiny) const {
    const PackedMatrix<W>& matrix = matrices_[0];
    const AlignedVector<std::size_t> offsets = window.offsets(0);
    const std::size_t stride = in_bytes ? tap_stride() : 0;
    AlignedVector<std::uint32_t> corrections(parts.parts().size() * stride);
    std::uint32_t* correction = corrections.data();
    using Writer = decltype(scales_.writer(0, x, nullptr, {}, {}, false, correction));
    AlignedVector<OperandRows<Writer>> groups;
    groups.reserve(parts.parts().size());
    for (const WindowPart& part : parts.parts()) {
      if (part.begin == part.end) {
        continue;
      }
      const std::size_t length = part.columns.size() * window.channels();
      const auto [first_weight, weight_gap] =
          matrix.part(part.rows.begin, part.columns.begin * window.channels(), length);
      const Segments segments{std::span(offsets).subspan(part.rows.begin, part.rows.size()), length,
                              first_weight, weight_gap};
      const std::span<const std::size_t> bases = parts.bases(part);
      if constexpr (in_bytes) {
        correct(part, window, correction);
      }
      groups.push_back(
          {bases, segments,
           scales_.writer(0, x, bases.data(), segments,
                          {to.y, to.stride, parts.targets(part), to.least}, false, correction)});
      correction += stride;
    }
    as_read(x, x_holds_tiny, [&](const auto* operands) {
      upset::multiply<Sum>(operands, std::span(groups), matrix);
    });
  }

 private:
  using Channels = DepthwiseMatrix<X, W>;
  using Scales = SumScales<X, in_bytes, is_level>;
  static constexpr bool in_shorts = std::is_same_v<W, std::int16_t>;

  // Calls `use` with activations of the type that `Op` multiplies with these weights.
  template <class Use>
  void as_read(const X* x, [[maybe_unused]] bool x_holds_tiny, Use use) const {
    if constexpr (std::is_same_v<X, detail::BFloat16Code>) {
      if (x_holds_tiny || tiny_ > 0) {
        use(reinterpret_cast<const detail::TinyBFloat16Code*>(x));
        return;
      }
    }
    use(x);
  }

  void set_channel(std::size_t output, std::size_t k, W weight) {
    if constexpr (Channels::is_fast) {
      if (!channels_.is_empty()) {
        if constexpr (in_bytes) {  // wider there, with room to take the zero point off
          channels_.set(k, output, weight - scales_.zero_point(output));
        } else {
          channels_.set(k, output, weight);
        }
      }
    }
  }
  [[nodiscard]] std::size_t column_of(std::size_t output) const {
    return output / outputs_ * columns_ + output % outputs_;
  }
  /// From the sum of one tap to that of the next.
  [[nodiscard]] std::size_t tap_stride() const {
    return (matrices_.size() * columns_ + panel_columns - 1) / panel_columns * panel_columns;
  }

  void count_weight(std::size_t output, std::size_t k, W weight, int times) {
    if constexpr (in_bytes) {
      weight_sums_[output] += times * weight;
      tap_sums_[k / tap_length_ * tap_stride() + column_of(output)] +=
          static_cast<std::uint32_t>(times * weight);
    } else if constexpr (in_shorts) {
      magnitudes_[output] += times * std::abs(std::int64_t{weight});
    } else if constexpr (std::is_same_v<W, detail::BFloat16Code>) {
      nonfinite_ += (weight & 0x7F80U) == 0x7F80U ? times : 0;
      tiny_ += detail::is_tiny(weight) ? times : 0;
    } else if constexpr (!is_level) {
      nonfinite_ += std::isfinite(weight) ? 0 : times;
    }
  }

  /// What sums of a part's taps are off by, for each column.
  void correct(const WindowPart& part, const Window& window, std::uint32_t* to) const {
    using Words = typename detail::Lanes<std::uint32_t, panel_columns>::type;
    const std::size_t row_taps = matrices_[0].length() / tap_length_;
    const std::size_t depth = part.rows.size() * part.columns.size() * window.channels();
    for (std::size_t n = 0; n < columns_; n += panel_columns) {  // modulo 2^32, as sums are
      Words sum = static_cast<std::uint32_t>(depth) *
                  -*reinterpret_cast<const Words*>(scales_.zero_points(n));
      for (std::size_t y = part.rows.begin; y < part.rows.end; ++y) {
        for (std::size_t x = part.columns.begin; x < part.columns.end; ++x) {
          const std::size_t tap = y * row_taps + x;
          sum += *reinterpret_cast<const Words*>(tap_sums_.data() + tap * tap_stride() + n);
        }
      }
      *reinterpret_cast<Words*>(to + n) = sum * static_cast<std::uint32_t>(input_zero_);
    }
  }

  /// The longest stretch of which no sum can wrap: all of K for weights as networks have them.
  void choose_exact_depth() {
    exact_depth_ = limits_.depth;
    if constexpr (in_shorts) {
      const std::size_t depth = matrices_[0].depth();
      if (*std::ranges::max_element(magnitudes_) <= limits_.magnitude) {
        exact_depth_ = std::max(exact_depth_, depth);
        return;
      }
      // half of the segments, a quarter, ..., one; then half of one, ..., a few words
      const auto fits = [&](std::size_t candidate) {
        return std::ranges::all_of(matrices_, [&](const PackedMatrix<W>& matrix) {
          return matrix.largest_magnitude(candidate) <= limits_.magnitude;
        });
      };
      const std::size_t length = matrices_[0].length();
      std::size_t candidate = depth;
      do {
        candidate = candidate / 2 >= length ? candidate / 2 / length * length
                                            : std::bit_floor(candidate - 1);
      } while (candidate > exact_depth_ && !fits(candidate));
      exact_depth_ = std::max(exact_depth_, candidate);
    }
  }

  std::size_t outputs_ = 0;  // of a group
  std::size_t columns_ = 0;  // of a group: outputs in whole panels
  std::size_t tap_length_ = 0;
  ExactLimits limits_;
  std::size_t exact_depth_ = 0;
  std::vector<PackedMatrix<W>> matrices_;
  Channels channels_;                      // the weights again, where each output has a channel
  std::vector<std::int64_t> weight_sums_;  // per output, zero points included; of bytes
  std::vector<std::uint32_t> tap_sums_;    // the same per tap and column, modulo 2^32
  std::vector<std::int64_t> magnitudes_;   // per output; of 16-bit weights
  std::int64_t nonfinite_ = 0;             // weights that are infinite or NaN
  std::int64_t tiny_ = 0;                  // weights that are `is_tiny`; of `BFloat16`
  std::int64_t input_zero_ = 0;            // of bytes
  Scales scales_;                          // per group and column
};

}  // namespace upset
