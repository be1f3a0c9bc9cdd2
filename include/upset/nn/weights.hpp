// SPDX-License-Identifier: BSL-1.0
/// The parameters of a layer that multiplies: real values, their memory images, and the operand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <upset/format/fixed.hpp>
#include <upset/format/int8_affine.hpp>
#include <upset/format/straight_through.hpp>
#include <upset/guard/guards.hpp>
#include <upset/kernel/arithmetic.hpp>
#include <upset/kernel/packed_matrix.hpp>
#include <upset/nn/layer.hpp>
#include <upset/tensor/memory.hpp>

namespace upset {

// -- the format of biases

namespace detail {

/// A memory word for 32-bit codes in place of `Parameter`, where that is a narrower one.
template <class Parameter>
struct Widened {
  using type = Parameter;
};
template <MemoryWord Word>
requires(capacity<Word> < 32) struct Widened<Word> {
  using type = std::uint32_t;
};

template <Format W>
struct BiasFormat {
  static_assert(!std::is_same_v<typename W::Element, Int8Affine>,
                "BiasFormat<W>: W stores Int8Affine, whose biases have 32 bits; make it a guard "
                "Guard<T, types...> of any format T, or name the biases' format: Conv2d<W, A, B>");
  using type = W;
};
template <>
struct BiasFormat<Int8Affine> {
  using type = Fixed<32, 16>;
};
template <Format T>
using BiasFormatOf = typename BiasFormat<T>::type;

/// Any guard of such weights, also of a guard: the same of their biases.
template <template <class...> class Guard, Format T, class... Rest>
requires(!std::is_same_v<BiasFormatOf<T>, T>) struct BiasFormat<Guard<T, Rest...>> {
  using type = Guard<BiasFormatOf<T>, typename Widened<Rest>::type...>;
};

}  // namespace detail

/// The format biases are stored in beside weights in `W`: the same one with a scale of its own, but
/// 32-bit integers beside `Int8Affine`, as integer-only inference has them (Jacob et al. 2018).
/// Guards, those of one's own too, are found by their template parameters, the format first.
template <Format W>
using BiasFormat = detail::BiasFormatOf<W>;

/// Whether a kernel has one scale, or one per output channel.
enum class Granularity : std::uint8_t { per_tensor, per_channel };

/// Whether a layer begins with a bias of zeros, or has none, as before a batch norm.
enum class Bias : std::uint8_t { zeros, none };

/// Whether weights can come with scales of their own that are not learned.
template <Format F>
inline constexpr bool takes_scales = F::Scale::width > 0 && F::Scale::gammas == 0;

// -- one parameter set

/// A tensor with its memory image in `F`, and the learnable factors of its scale where `F` has any.
/// One of no values is a set that its layer has not: neither a parameter nor memory.
template <Format F>
class StoredTensor {
 public:
  using Scale = typename F::Scale;
  static constexpr std::size_t gamma_count = static_cast<std::size_t>(Scale::gammas);

  StoredTensor() = default;
  explicit StoredTensor(Tensor values, std::size_t scales = 1)
      : values_(std::move(values)), scale_count_(scales) {
    fit();
    encode();
  }
  /// With scales that stay as they are, as a file gives them: values on their grid are then stored
  /// as the very codes they came from, because (q - Z) S / S rounds to q - Z.
  StoredTensor(Tensor values, std::vector<Scale> scales) requires takes_scales<F>
      : values_(std::move(values)), given_(std::move(scales)) {
    encode();
  }

  [[nodiscard]] bool is_empty() const { return values_.size() == 0; }
  [[nodiscard]] Tensor& values() { return values_; }
  [[nodiscard]] const Tensor& values() const { return values_; }
  [[nodiscard]] Memory<F>& image() { return image_; }
  [[nodiscard]] const Memory<F>& image() const { return image_; }
  /// What the image held when it was last encoded, as reals: x_q of the straight-through estimator.
  [[nodiscard]] const Tensor& quantized() const { return quantized_; }

  /// Chooses scales for the present values. Formats without learnable factors do so by themselves.
  void fit() {
    if (is_empty()) {
      return;
    }
    if constexpr (gamma_count > 0) {
      const Scale scale = F::fit(values_.values());
      gammas_ = Tensor({gamma_count});
      for (std::size_t i = 0; i < gamma_count; ++i) {
        gammas_[i] = scale.gamma(static_cast<int>(i));
      }
    }
  }

  void encode() {
    if (is_empty()) {
      return;
    }
    image_.encode(values_.values(), scales());
    quantized_ = Tensor(values_.shape());
    image_.decode(quantized_.values());
  }

  void add_image(const std::string& name, std::vector<NamedImage>& all) {
    if (!is_empty()) {
      all.push_back({name, &image_});
    }
  }
  void add_parameters(const std::string& name, std::vector<Parameter>& all) {
    if (is_empty()) {
      return;
    }
    all.push_back({name, &values_, Update::gradient});
    if constexpr (gamma_count > 0) {
      all.push_back({name + "_scale", &gammas_, Update::gradient});
    }
  }
  [[nodiscard]] std::size_t parameter_count() const {
    return is_empty() ? 0 : gamma_count > 0 ? 2 : 1;
  }

  /// Adds to the gradients listed by `add_parameters` those that follow from dL/dx_q.
  void backward(const Tensor& d_quantized, std::span<Tensor> d_parameters) const {
    if (is_empty()) {
      return;
    }
    std::vector<double> d_gammas(gamma_count, 0.0);
    const std::size_t parts = image_.scales().size();
    const std::size_t size = values_.size() / parts;
    for (std::size_t part = 0; part < parts; ++part) {
      straight_through<typename F::Element>(
          std::span(values_.values()).subspan(part * size, size), image_.scales()[part],
          d_quantized.values().subspan(part * size, size),
          d_parameters[0].values().subspan(part * size, size), d_gammas);
    }
    for (std::size_t i = 0; i < gamma_count; ++i) {
      d_parameters[1][i] += static_cast<float>(d_gammas[i]);
    }
  }

 private:
  [[nodiscard]] std::vector<Scale> scales() const {
    if constexpr (gamma_count > 0) {
      return {Scale::from_gammas(gammas_.values())};
    } else if (!given_.empty()) {
      return given_;
    } else if constexpr (Scale::width > 0) {
      std::vector<Scale> result;
      const std::size_t part = values_.size() / scale_count_;
      for (std::size_t s = 0; s < scale_count_; ++s) {
        const auto values = values_.values().subspan(s * part, part);
        if constexpr (std::is_same_v<typename F::Element, Int8Affine>) {
          // Symmetric: a zero point would add a term per activation to every dot product.
          result.push_back(Int8Affine::fit_symmetric(values));
        } else {
          result.push_back(F::fit(values));
        }
      }
      return result;
    } else {
      return {Scale{}};
    }
  }

  Tensor values_;
  Tensor gammas_{Shape{0}};
  std::size_t scale_count_ = 1;
  std::vector<Scale> given_;  // empty where scales are fitted
  Memory<F> image_;
  Tensor quantized_;
};

// -- the scale of a layer's activations

/// What stays in memory of the activations a layer reads: their scale. The image has no elements,
/// only the bits of the scale.
template <Format A>
class StoredScale {
 public:
  using Scale = typename A::Scale;
  static constexpr std::size_t gamma_count = static_cast<std::size_t>(Scale::gammas);

  StoredScale() { set(Scale{}); }

  [[nodiscard]] const Scale& scale() const { return image_.scales()[0]; }
  [[nodiscard]] Memory<A>& image() { return image_; }
  [[nodiscard]] const Memory<A>& image() const { return image_; }

  void set(const Scale& scale) {
    fitted_ = scale;
    if constexpr (gamma_count > 0) {
      for (std::size_t i = 0; i < gamma_count; ++i) {
        gammas_[i] = scale.gamma(static_cast<int>(i));
      }
    }
    encode();
  }
  void encode() {
    if constexpr (gamma_count > 0) {
      fitted_ = Scale::from_gammas(gammas_.values());
    }
    image_ = Memory<A>(0, {fitted_});
  }
  void add_parameters(std::vector<Parameter>& all) {
    if constexpr (gamma_count > 0) {
      all.push_back({"input_scale", &gammas_, Update::gradient});
    }
  }
  void backward(std::span<const double> d_gammas, std::span<Tensor> d_parameters) const {
    for (std::size_t i = 0; i < gamma_count; ++i) {
      d_parameters[0][i] += static_cast<float>(d_gammas[i]);
    }
  }

 private:
  Tensor gammas_{Shape{gamma_count}};
  Scale fitted_{};
  Memory<A> image_;
};

}  // namespace upset
