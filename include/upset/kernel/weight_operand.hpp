// SPDX-License-Identifier: BSL-1.0
/// A kernel as the inner loop reads it, and what turns its sums into real values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include <upset/kernel/gemm.hpp>
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

/// The lanes at `from` as doubles.
template <class Doubles, class Sum>
[[nodiscard, gnu::always_inline]] inline Doubles as_doubles(const Sum* from) {
  constexpr std::size_t lanes = sizeof(Doubles) / sizeof(double);
  if constexpr (sizeof(Sum) <= 8) {
    using Sums = typename Lanes<Sum, lanes>::type;
    return __builtin_convertvector(*reinterpret_cast<const Sums*>(from), Doubles);
  } else {  // 128-bit integers
    Doubles result{};
    for (std::size_t n = 0; n < lanes; ++n) {
      result[n] = static_cast<double>(from[n]);
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
    columns_ = matrices_[0].panels() * matrices_[0].width();
    weight_sums_.resize(outputs);
    steps_.resize(groups * columns_);
    offsets_.resize(groups * columns_);
    biases_.resize(groups * columns_);
    zero_points_.resize(groups * columns_);
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
    const Weight* from = values.data();
    for (PackedMatrix<Weight>& matrix : matrices_) {
      matrix.for_each([&](std::size_t row, std::size_t /*k*/, Weight& weight) {
        weight = *from++;
        if constexpr (ArithmeticOf::in_bytes) {
          weight_sums_[output + row] += weight;
        }
      });
      output += outputs_;
    }
  }

  /// Reads the words that were flipped since they were last read. O(flips)
  void patch(const Memory<W>& kernel) {
    const std::size_t depth = matrices_[0].depth();
    for (const std::uint64_t word : kernel.touched_words()) {
      kernel.read(
          word, word + 1,
          [&](std::size_t element, typename W::code_type code, const typename W::Scale& scale) {
            const std::size_t output = element / depth;
            const Weight now = ArithmeticOf::weight(code, scale);
            Weight& weight = matrices_[output / outputs_].at(output % outputs_, element % depth);
            if constexpr (ArithmeticOf::in_bytes) {
              weight_sums_[output] += now - weight;
            }
            weight = now;
          });
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
      steps_[at] = ArithmeticOf::template step<W>(scale) * ArithmeticOf::template step<A>(input);
      biases_[at] = bias[output];
      if constexpr (ArithmeticOf::in_bytes) {
        // sum (x - zero) (w - z) = sum x w - zero sum w - z sum x + depth zero z
        const std::int64_t z = detail::zero_of(scale);
        offsets_[at] = static_cast<double>(zero * weight_sums_[output] -
                                           static_cast<std::int64_t>(depth) * zero * z);
        zero_points_[at] = static_cast<double>(z);
        has_zero_points_ = has_zero_points_ || z != 0;
      }
    }
  }

  /// y[m * stride + o] for the outputs of one group, o counted from the first of them.
  ///
  /// - shape:    `x`, `bases` and `segments` as in `upset::multiply`
  /// - rounding: level products are exact integers, scaled in double and rounded once; real ones
  ///             are added up in float
  void multiply(std::size_t group, const Activation* x, std::span<const std::size_t> bases,
                const Segments& segments, float* y, std::size_t stride) const {
    const std::size_t first_column = group * columns_;
    upset::multiply<typename ArithmeticOf::Sum>(
        x, bases, segments, matrices_[group],
        [&]<class Sum, std::size_t Columns>(std::size_t m,
                                            std::span<const std::array<Sum, Columns>> rows,
                                            std::size_t column, std::size_t count) {
          // Vectors no wider than registers: wider ones have no calling convention of their own.
          constexpr std::size_t lanes = std::min(
              detail::vector_bytes / (is_level_product<W, A> ? sizeof(double) : sizeof(float)),
              Columns);
          using Floats = typename detail::Lanes<float, lanes>::type;
          for (std::size_t part = 0; part < std::min(count, Columns); part += lanes) {
            const std::size_t at = first_column + column + part;
            const Floats bias = *reinterpret_cast<const Floats*>(biases_.data() + at);
            float* to = y + m * stride + column + part;
            if constexpr (!is_level_product<W, A>) {
              for (const std::array<Sum, Columns>& sums : rows) {
                const Floats sum = *reinterpret_cast<const Floats*>(sums.data() + part);
                detail::store_first(to, sum + bias, count - part);
                to += stride;
              }
            } else {
              using Doubles = typename detail::Lanes<double, lanes>::type;
              const Doubles steps = *reinterpret_cast<const Doubles*>(steps_.data() + at);
              const Doubles offsets = *reinterpret_cast<const Doubles*>(offsets_.data() + at);
              const Doubles zeros = *reinterpret_cast<const Doubles*>(zero_points_.data() + at);
              const Doubles exact_bias = __builtin_convertvector(bias, Doubles);
              for (std::size_t i = 0; i < rows.size(); ++i) {
                Doubles sum = detail::as_doubles<Doubles>(rows[i].data() + part) - offsets;
                if (has_zero_points_) [[unlikely]] {
                  sum -= zeros * row_sum(x + bases[m + i], segments);
                }
                detail::store_first(to, __builtin_convertvector(sum * steps + exact_bias, Floats),
                                    count - part);
                to += stride;
              }
            }
          }
        },
        ArithmeticOf::exact_depth);
  }

 private:
  [[nodiscard]] static double row_sum(const Activation* row, const Segments& segments) {
    double sum = 0;
    for (const std::size_t offset : segments.offsets) {
      for (std::size_t k = 0; k < segments.length; ++k) {
        sum += static_cast<double>(row[offset + k]);
      }
    }
    return sum;
  }

  std::size_t outputs_ = 0;  // of a group
  std::size_t columns_ = 0;  // of a group: outputs in whole panels
  std::vector<PackedMatrix<Weight>> matrices_;
  std::vector<std::int64_t> weight_sums_;  // per output, zero points included
  bool has_zero_points_ = false;           // of weights: only faults make them
  // per group and column
  std::vector<double> steps_;
  std::vector<double> offsets_;
  std::vector<double> zero_points_;
  std::vector<float> biases_;
};

}  // namespace upset
