// SPDX-License-Identifier: BSL-1.0
/// What change propagation asks of `Conv2d`; included by conv2d.hpp only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <upset/core/transform.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/conv_change.hpp>

namespace upset {

namespace detail {

/// Differences of levels fit 16 bits.
template <Format W, Format A>
consteval bool has_short_levels() {
  if constexpr (is_level_product<W, A>) {
    return has_short_dot && W::max_level <= 16383 && A::max_level <= 16383;
  } else {
    return false;
  }
}

/// Differences of levels of activations are a few bytes each, and the processor multiplies bytes.
template <Format W, Format A>
consteval bool has_byte_differences() {
  if constexpr (is_level_product<W, A>) {
    return has_byte_product && A::max_level <= 255;
  } else {
    return false;
  }
}

template <Format W, Format A, Format B>
class Conv2dFace final
    : public ConvolutionFace<std::conditional_t<is_level_product<W, A>, std::int16_t, float>> {
 public:
  using Level = std::conditional_t<is_level_product<W, A>, std::int16_t, float>;

  explicit Conv2dFace(const Conv2d<W, A, B>& layer) : layer_(&layer) {}

  void read_inputs(std::span<const float> x, Level* to) const override {
    const typename A::Scale scale = layer_->input_.scale();
    if constexpr (!is_plain<A>) {
      Memory<A>(x, {scale})
          .read([to](std::size_t i, typename A::code_type code, const typename A::Scale& s) {
            to[i] = level<A>(code, s);
          });
    } else if constexpr (is_level_product<W, A>) {
      with_level_encoder<A>(
          scale, [&](const auto& encoder) { detail::transform(x.data(), x.size(), to, encoder); });
    } else {
      detail::transform(x.data(), x.size(), to, Quantizer<typename A::Element>{scale});
    }
  }
  [[nodiscard]] std::size_t lanes() const override { return static_cast<std::size_t>(A::lanes); }
  [[nodiscard]] std::size_t word_bits() const override {
    return static_cast<std::size_t>(A::word_bits);
  }
  void read_flipped_word(std::span<const float> x, std::span<const std::uint64_t> bits,
                         Level* to) const override {
    Memory<A> word;
    word.encode_sums(x, layer_->input_.scale());
    for (const std::uint64_t bit : bits) {
      word.flip(bit % static_cast<std::uint64_t>(A::word_bits));
    }
    word.read([to](std::size_t lane, typename A::code_type code, const typename A::Scale& scale) {
      to[lane] = level<A>(code, scale);
    });
  }

  [[nodiscard]] std::vector<Level> weights() const override {
    const Memory<W>& kernel = layer_->kernel_.image();
    std::vector<Level> levels(kernel.size());
    kernel.read([&](std::size_t i, typename W::code_type code, const typename W::Scale& scale) {
      levels[i] = level<W>(code, scale);
    });
    return levels;
  }
  [[nodiscard]] std::vector<float> steps() const override {
    const Memory<W>& kernel = layer_->kernel_.image();
    std::vector<float> steps(layer_->out_channels());
    for (std::size_t o = 0; o < steps.size(); ++o) {
      const typename W::Scale& scale = kernel.scale_of(o * layer_->depth());
      steps[o] = static_cast<float>(Arithmetic<W, A>::template step<W>(scale) *
                                    Arithmetic<W, A>::template step<A>(layer_->input_.scale()));
    }
    return steps;
  }
  [[nodiscard]] std::vector<float> biases() const override { return layer_->biases(); }
  [[nodiscard]] std::optional<std::vector<std::pair<std::size_t, Level>>> touched_weights()
      const override {
    const Memory<W>& kernel = layer_->kernel_.image();
    if (kernel.scale_touched() || layer_->bias_.image().scale_touched() ||
        layer_->input_.image().scale_touched()) {
      return std::nullopt;
    }
    std::vector<std::pair<std::size_t, Level>> touched;
    for (const std::uint64_t word : kernel.touched_words()) {
      kernel.read(word, word + 1,
                  [&](std::size_t i, typename W::code_type code, const typename W::Scale& scale) {
                    touched.emplace_back(i, level<W>(code, scale));
                  });
    }
    return touched;
  }
  [[nodiscard]] bool touched_biases() const override {
    return !layer_->bias_.image().touched_words().empty();
  }
  [[nodiscard]] Tensor forward(const Tensor& x, const Pass& pass) const override {
    const Tensor* const only = &x;
    return layer_->forward({&only, 1}, pass);
  }

 private:
  template <Format F>
  [[nodiscard]] static Level level(typename F::code_type code, const typename F::Scale& scale) {
    if constexpr (is_level_product<W, A>) {
      return static_cast<Level>(F::level(code, scale));
    } else {
      return F::decode(code, scale);
    }
  }

  const Conv2d<W, A, B>* layer_;
};

}  // namespace detail

template <Format W, Format A, Format B>
std::unique_ptr<ChangeRule> Conv2d<W, A, B>::change_rule(const Shape& input) const {
  if constexpr (is_bit_product<W, A> ||
                (is_level_product<W, A> && !detail::has_short_levels<W, A>())) {
    return nullptr;
  } else {
    using Face = detail::Conv2dFace<W, A, B>;
    if (geometry_.groups != 1 || geometry_.dilation != 1 || geometry_.input_dilation != 1) {
      return nullptr;
    }
    auto face = std::make_unique<Face>(*this);
    if constexpr (detail::has_byte_differences<W, A>()) {
      using InBytes = ConvolutionChange<typename Face::Level, std::int8_t>;
      const auto [low, high] = std::ranges::minmax(face->weights());
      if (low >= -128 && high <= 127 && InBytes::Product::suits(geometry_, input[1], input[2])) {
        return std::make_unique<InBytes>(std::move(face), geometry_, input, out_channels());
      }
    }
    return std::make_unique<ConvolutionChange<typename Face::Level>>(std::move(face), geometry_,
                                                                     input, out_channels());
  }
}

}  // namespace upset
