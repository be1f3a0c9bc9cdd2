// SPDX-License-Identifier: BSL-1.0
/// A kernel in a memory format, to be multiplied with activations in another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <upset/kernel/arithmetic.hpp>
#include <upset/kernel/packed_kernel.hpp>
#include <upset/kernel/padded_pictures.hpp>
#include <upset/tensor/memory.hpp>

namespace upset {

/// Weights in `W` to be multiplied with activations in `A`: a `PackedKernel` that is read from
/// memory, and follows the faults there.
template <Format W, Format A>
class WeightOperand {
 public:
  using ArithmeticOf = Arithmetic<W, A>;
  using Activation = typename ArithmeticOf::Activation;
  using Weight = typename ArithmeticOf::Weight;

  WeightOperand() = default;
  /// For a kernel of `outputs` rows in `groups`, each of `segments` times `length` weights; a
  /// segment is those of `taps`.
  WeightOperand(std::size_t groups, std::size_t outputs, std::size_t segments, std::size_t length,
                std::size_t taps = 1)
      : packed_(groups, outputs, segments, length, ArithmeticOf::exact_limits, taps) {}

  /// Reads every weight. O(size)
  void build(const Memory<W>& kernel) {
    std::vector<Weight> weights(kernel.size());
    kernel.read([to = weights.data()](std::size_t element, typename W::code_type code,
                                      const typename W::Scale& scale) {
      to[element] = ArithmeticOf::weight(code, scale);
    });
    packed_.set_weights(weights);
  }

  /// Reads the words that were flipped since they were last read. O(flips), or O(size) where that
  /// is less
  void patch(const Memory<W>& kernel) {
    if (kernel.is_sooner_read_whole()) {
      build(kernel);
      return;
    }
    packed_.patch_weights([&](const auto& set) {
      for (const std::uint64_t word : kernel.touched_words()) {
        kernel.read(
            word, word + 1,
            [&](std::size_t element, typename W::code_type code, const typename W::Scale& scale) {
              set(element, ArithmeticOf::weight(code, scale));
            });
      }
    });
  }

  /// Everything a sum is corrected by, scaled with and added to. O(outputs)
  void set_scales(const Memory<W>& kernel, const typename A::Scale& input,
                  std::span<const float> bias) {
    const std::size_t depth = packed_.depth();
    for (std::size_t output = 0; output < bias.size(); ++output) {
      const typename W::Scale& scale = kernel.scale_of(output * depth);
      packed_.set_scale(output,
                        static_cast<float>(ArithmeticOf::template step<W>(scale) *
                                           ArithmeticOf::template step<A>(input)),
                        bias[output], ArithmeticOf::zero(input), detail::zero_of<W>(scale));
    }
  }

  /// See `PackedKernel`.
  void multiply(std::size_t group, const Activation* x, std::span<const std::size_t> bases,
                const Segments& segments, const SumTarget& to, bool x_holds_tiny = true) const {
    packed_.multiply(group, x, bases, segments, to, x_holds_tiny);
  }
  /// y[m * outputs + o] for all outputs of the windows of the first `pictures` of x; what is below
  /// `least` becomes it.
  void multiply(PaddedPictures<W, A>& x, std::size_t pictures, float* y,
                float least = no_least) const {
    const SumTarget to{y, packed_.outputs(), nullptr, least};
    const bool holds_tiny = x.holds_tiny(pictures);
    if (x.has_parts() && packed_.leaves_out_taps(x.window().channels())) {
      packed_.multiply(x.data(), x.parts(pictures, packed_.outputs(), packed_.tile_rows()),
                       x.window(), to, holds_tiny);
    } else {
      packed_.multiply(x.data(), x.bases(pictures), x.window(), to, holds_tiny);
    }
  }

 private:
  PackedKernel<Activation, Weight, is_level_product<W, A>> packed_;
};

}  // namespace upset
