// SPDX-License-Identifier: BSL-1.0
/// Activations as the matrix product reads them: padded images, one behind the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <upset/core/transform.hpp>
#include <upset/kernel/arithmetic.hpp>
#include <upset/kernel/gemm.hpp>
#include <upset/kernel/window.hpp>
#include <upset/tensor/memory.hpp>

namespace upset {

/// A block of pictures in memory format `A`, as a convolution with weights in `W` reads them.
template <Format W, Format A>
class PaddedPictures {
 public:
  using ArithmeticOf = Arithmetic<W, A>;
  using Activation = typename ArithmeticOf::Activation;

  /// For up to `pictures` of [height, width, channels].
  PaddedPictures(const WindowGeometry& geometry, std::size_t height, std::size_t width,
                 std::size_t channels, std::size_t pictures, const typename A::Scale& scale)
      : window_(geometry, height, width, channels),
        bases_(window_.bases(pictures)),
        // the product may read beyond the last operand
        padded_(pictures * window_.padded_size() + operand_slack,
                static_cast<Activation>(ArithmeticOf::zero(scale))) {}

  /// Rounds one picture, as writing it to memory and reading it back would.
  void write(std::size_t picture, std::span<const float> x, const typename A::Scale& scale) {
    Activation* const image = padded_.data() + picture * window_.padded_size();
    ArithmeticOf::with_rounding(scale, [&](const auto& round) {
      window_.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t length) {
        detail::transform(x.data() + from, length, image + to, round);
      });
    });
  }
  /// Reads one picture from memory.
  void write(std::size_t picture, const Memory<A>& memory) {
    AlignedVector<Activation> values(memory.size());
    memory.read([to = values.data()](std::size_t element, typename A::code_type code,
                                     const typename A::Scale& s) {
      to[element] = ArithmeticOf::activation(code, s);
    });
    Activation* const image = padded_.data() + picture * window_.padded_size();
    window_.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t length) {
      std::copy_n(values.data() + from, length, image + to);
    });
  }

  [[nodiscard]] const Activation* data() const { return padded_.data(); }
  /// Where each window of the first `pictures` begins.
  [[nodiscard]] std::span<const std::size_t> bases(std::size_t pictures) const {
    return std::span(bases_).first(pictures * window_.output_pixels());
  }
  /// What a window reads.
  [[nodiscard]] const Window& window() const { return window_; }

 private:
  Window window_;
  AlignedVector<std::size_t> bases_;
  AlignedVector<Activation> padded_;
};

}  // namespace upset
