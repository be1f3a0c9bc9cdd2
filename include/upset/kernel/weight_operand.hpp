// SPDX-License-Identifier: BSL-1.0
/// A kernel as the inner loop reads it, and what turns its sums into real values.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include <upset/kernel/depthwise.hpp>
#include <upset/kernel/gemm.hpp>
#include <upset/kernel/padded_pictures.hpp>
#include <upset/tensor/memory.hpp>

#if defined(__AVX512VL__)
#include <immintrin.h>
#endif

namespace upset {

namespace detail {

/// Stores the first `count` lanes of `values`, all where there are no more.
template <class Floats>
[[gnu::always_inline]] inline void store_first(float* to, Floats values, std::size_t count) {
  constexpr std::size_t lanes = sizeof(Floats) / sizeof(float);
  if (count >= lanes) {
    // named anew: as a template argument the type has lost its permission to lie anywhere
    *reinterpret_cast<typename Lanes<float, lanes>::type*>(to) = values;
    return;
  }
#if defined(__AVX512VL__)
  if constexpr (lanes == 8) {
    _mm256_mask_storeu_ps(to, static_cast<__mmask8>((1U << count) - 1), values);
  } else {
    static_assert(lanes == 16);
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1U << count) - 1), values);
  }
#else
  std::memcpy(to, &values, count * sizeof(float));
#endif
}

/// The lanes at `from` as floats, each rounded once.
template <class Floats, class Sum>
[[nodiscard, gnu::always_inline]] inline Floats as_floats(const Sum* from) {
  constexpr std::size_t lanes = sizeof(Floats) / sizeof(float);
  if constexpr (sizeof(Sum) <= sizeof(float)) {
    using Sums = typename Lanes<Sum, lanes>::type;
    return __builtin_convertvector(*reinterpret_cast<const Sums*>(from), Floats);
  } else {
    Floats result{};
    for (std::size_t n = 0; n < lanes; ++n) {
      result[n] = static_cast<float>(from[n]);
    }
    return result;
  }
}

}  // namespace detail

/// Weights in `W` to be multiplied with activations in `A`, packed once and patched after a fault.
template <Format W, Format A>
class WeightOperand {
 public:
  using ArithmeticOf = Arithmetic<W, A>;
  using Activation = typename ArithmeticOf::Activation;
  using Weight = typename ArithmeticOf::Weight;

  WeightOperand() = default;
  /// For a kernel of `outputs` rows in `groups`, each of `segments` times `length` weights.
  WeightOperand(std::size_t groups, std::size_t outputs, std::size_t segments, std::size_t length)
      : outputs_(outputs / groups), matrices_(groups) {
    for (PackedMatrix<Weight>& matrix : matrices_) {
      matrix.resize(outputs_, segments, length);
    }
    // whole panels are read, of which columns beyond the outputs are dropped
    columns_ = outputs_ == 1 ? 1 : matrices_[0].panels() * matrices_[0].width();
    const std::size_t columns = groups * columns_ + panel_columns - 1;
    weight_sums_.resize(outputs);
    magnitudes_.resize(outputs);
    steps_.resize(columns);
    offsets_.resize(columns);
    biases_.resize(columns);
    zero_points_.resize(columns);
    if constexpr (Channels::is_fast) {
      if (groups > 1 && outputs_ == 1 && length == 1) {
        channels_.resize(segments, groups);
      }
    }
  }

  /// Reads every weight. O(size)
  void build(const Memory<W>& kernel) {
    std::size_t output = 0;
    std::vector<Weight> values(kernel.size());
    kernel.read([to = values.data()](std::size_t element, typename W::code_type code,
                                     const typename W::Scale& scale) {
      to[element] = ArithmeticOf::weight(code, scale);
    });
    std::fill(weight_sums_.begin(), weight_sums_.end(), 0);
    std::fill(magnitudes_.begin(), magnitudes_.end(), 0);
    const Weight* from = values.data();
    for (PackedMatrix<Weight>& matrix : matrices_) {
      matrix.for_each([&](std::size_t row, std::size_t k, Weight& weight) {
        weight = *from++;
        count_weight(output + row, weight, 1);
        set_channel(output + row, k, weight);
      });
      output += outputs_;
    }
    choose_exact_depth();
  }

  /// Reads the words that were flipped since they were last read. O(flips), unless 16-bit weights
  /// grow so large that sums could wrap, or shrink again: O(size)
  void patch(const Memory<W>& kernel) {
    const std::size_t depth = matrices_[0].depth();
    bool fits = true;
    for (const std::uint64_t word : kernel.touched_words()) {
      kernel.read(
          word, word + 1,
          [&](std::size_t element, typename W::code_type code, const typename W::Scale& scale) {
            const std::size_t output = element / depth;
            const Weight now = ArithmeticOf::weight(code, scale);
            Weight& weight = matrices_[output / outputs_].at(output % outputs_, element % depth);
            count_weight(output, weight, -1);
            count_weight(output, now, 1);
            weight = now;
            set_channel(output, element % depth, now);
            fits = fits && magnitudes_[output] <= largest_magnitude;
          });
    }
    if (!fits || exact_depth_ < depth) {
      choose_exact_depth();
    }
  }

  /// Everything a sum is corrected by, scaled with and added to. O(outputs)
  void set_scales(const Memory<W>& kernel, const typename A::Scale& input,
                  std::span<const float> bias) {
    const std::size_t depth = matrices_[0].depth();
    const std::int64_t zero = ArithmeticOf::zero(input);
    has_zero_points_ = false;
    for (std::size_t output = 0; output < bias.size(); ++output) {
      const std::size_t at = output / outputs_ * columns_ + output % outputs_;
      const typename W::Scale& scale = kernel.scale_of(output * depth);
      steps_[at] = static_cast<float>(ArithmeticOf::template step<W>(scale) *
                                      ArithmeticOf::template step<A>(input));
      biases_[at] = bias[output];
      if constexpr (ArithmeticOf::in_bytes) {
        // sum (x - zero) (w - z) = sum x w - zero sum w - z sum x + depth zero z
        const std::int64_t z = detail::zero_of(scale);
        offsets_[at] = zero * weight_sums_[output] - static_cast<std::int64_t>(depth) * zero * z;
        zero_points_[at] = z;
        has_zero_points_ = has_zero_points_ || z != 0;
      }
    }
    short_offsets_.assign(offsets_.begin(), offsets_.end());  // modulo 2^32
  }

  /// y[m * stride + o] for the outputs of one group, o counted from the first of them.
  ///
  /// - shape:    `x`, `bases` and `segments` as in `upset::multiply`
  /// - rounding: level products are exact integers, rounded to float, which changes none below
  ///             2^24, then scaled and added to the bias, fused where the target can; real ones are
  ///             added up in float
  void multiply(std::size_t group, const Activation* x, std::span<const std::size_t> bases,
                const Segments& segments, float* y, std::size_t stride) const {
    upset::multiply<typename ArithmeticOf::Sum>(
        x, bases, segments, matrices_[group],
        writer(group * columns_, x, bases.data(), segments, y, stride), exact_depth_);
  }
  /// y[m * outputs + o] for all outputs of the windows of the first `pictures` of x. Equals the
  /// products of the groups, bit for bit.
  void multiply(const PaddedPictures<W, A>& x, std::size_t pictures, float* y) const {
    const std::span<const std::size_t> bases = x.bases(pictures);
    const std::size_t groups = matrices_.size();
    if constexpr (Channels::is_fast) {
      if (!channels_.is_empty() && !has_zero_points_ && matrices_[0].depth() <= exact_depth_) {
        const AlignedVector<std::size_t> offsets = x.window().offsets(0);
        channels_.multiply(x.data(), bases, offsets,
                           writer(0, x.data(), bases.data(), {offsets, 1}, y, groups));
        return;
      }
    }
    for (std::size_t group = 0; group < groups; ++group) {
      const AlignedVector<std::size_t> offsets = x.window().offsets(group);
      multiply(group, x.data(), bases, {offsets, x.window().segment_length()}, y + group * outputs_,
               groups * outputs_);
    }
  }

 private:
  using Channels = DepthwiseMatrix<Activation, Weight>;
  static constexpr bool in_shorts = std::is_same_v<Weight, std::int16_t>;
  /// Of the weights of one output: 16-bit products of them with any activations keep within 32
  /// bits.
  static constexpr std::int64_t largest_magnitude = [] {
    if constexpr (in_shorts) {
      return std::int64_t{2147483647} / A::max_level;
    } else {
      return std::int64_t{0};
    }
  }();

  void set_channel(std::size_t output, std::size_t k, Weight weight) {
    if constexpr (Channels::is_fast) {
      if (!channels_.is_empty()) {
        channels_.set(k, output, weight);
      }
    }
  }
  void count_weight(std::size_t output, Weight weight, int times) {
    if constexpr (ArithmeticOf::in_bytes) {
      weight_sums_[output] += times * weight;
    } else if constexpr (in_shorts) {
      magnitudes_[output] += times * std::abs(std::int64_t{weight});
    }
  }

  /// The longest stretch of which no sum can wrap: all of K for weights as networks have them.
  void choose_exact_depth() {
    exact_depth_ = ArithmeticOf::exact_depth;
    if constexpr (in_shorts) {
      const std::size_t depth = matrices_[0].depth();
      if (*std::ranges::max_element(magnitudes_) <= largest_magnitude) {
        exact_depth_ = std::max(exact_depth_, depth);
        return;
      }
      // half of the segments, a quarter, ..., one; then half of one, ..., a few words
      const auto fits = [&](std::size_t candidate) {
        return std::ranges::all_of(matrices_, [&](const PackedMatrix<Weight>& matrix) {
          return matrix.largest_magnitude(candidate) <= largest_magnitude;
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

  /// What `upset::multiply` hands its sums to: real values to y, of columns from `first_column` on.
  [[nodiscard]] auto writer(std::size_t first_column, const Activation* x, const std::size_t* bases,
                            const Segments& segments, float* y, std::size_t stride) const {
    return [=, this]<class Sum, std::size_t Columns>(std::size_t m,
                                                     std::span<const std::array<Sum, Columns>> rows,
                                                     std::size_t column, std::size_t count) {
      constexpr std::size_t lanes = std::min(detail::vector_bytes / sizeof(float), Columns);
      using Floats = typename detail::Lanes<float, lanes>::type;
      using Words = typename detail::Lanes<std::uint32_t, lanes>::type;
      using Integers = typename detail::Lanes<std::int32_t, lanes>::type;
      // Locals all: stores of vectors may alias whatever is read through a pointer.
      const std::array<Sum, Columns>* const row = rows.data();
      const std::size_t row_count = rows.size();
      const std::size_t row_stride = stride;
      const bool plain = std::is_same_v<Sum, std::int32_t> && !has_zero_points_;
      for (std::size_t part = 0; part < std::min(count, Columns); part += lanes) {
        const std::size_t at = first_column + column + part;
        const std::size_t left = count - part;
        const Floats bias = *reinterpret_cast<const Floats*>(biases_.data() + at);
        const Floats step = *reinterpret_cast<const Floats*>(steps_.data() + at);
        [[maybe_unused]] const Words offset =
            *reinterpret_cast<const Words*>(short_offsets_.data() + at);
        float* to = y + m * stride + column + part;
        for (std::size_t i = 0; i < row_count; ++i) {
          const Sum* const sums = row[i].data() + part;
          Floats sum;
          if constexpr (!ArithmeticOf::in_bytes) {
            sum = detail::as_floats<Floats>(sums);
          } else if (plain) [[likely]] {
            const Words level = *reinterpret_cast<const Words*>(sums) - offset;
            sum = __builtin_convertvector(reinterpret_cast<Integers>(level), Floats);
          } else {
            sum = corrected<Floats>(sums, at, x + bases[m + i], segments);
          }
          if constexpr (is_level_product<W, A>) {
            detail::store_first(to, sum * step + bias, left);
          } else {
            detail::store_first(to, sum + bias, left);
          }
          to += row_stride;
        }
      }
    };
  }

  /// Sums with weights that have zero points, which only faults make, or beyond 32 bits.
  template <class Floats, class Sum>
  [[nodiscard, gnu::noinline]] Floats corrected(const Sum* sums, std::size_t at,
                                                const Activation* row,
                                                const Segments& segments) const {
    std::int64_t row_sum = 0;
    for (const std::size_t offset : segments.offsets) {
      for (std::size_t k = 0; k < segments.length; ++k) {
        row_sum += row[offset + k];
      }
    }
    Floats result{};
    for (std::size_t n = 0; n < sizeof(Floats) / sizeof(float); ++n) {
      result[n] = static_cast<float>(static_cast<std::int64_t>(sums[n]) - offsets_[at + n] -
                                     zero_points_[at + n] * row_sum);
    }
    return result;
  }

  std::size_t outputs_ = 0;  // of a group
  std::size_t columns_ = 0;  // of a group: outputs in whole panels
  std::size_t exact_depth_ = ArithmeticOf::exact_depth;
  std::vector<PackedMatrix<Weight>> matrices_;
  Channels channels_;                      // the weights again, where each output has a channel
  std::vector<std::int64_t> weight_sums_;  // per output, zero points included; of bytes
  std::vector<std::int64_t> magnitudes_;   // per output; of 16-bit weights
  bool has_zero_points_ = false;           // of weights: only faults make them
  // per group and column
  std::vector<float> steps_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::uint32_t> short_offsets_;
  std::vector<std::int64_t> zero_points_;
  std::vector<float> biases_;
};

}  // namespace upset
