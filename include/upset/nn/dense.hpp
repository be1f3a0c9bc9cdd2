// SPDX-License-Identifier: BSL-1.0
/// Fully connected layer: a convolution of one tap over a batch of one-pixel pictures.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/nn/conv2d.hpp>

namespace upset {

/// y = W x + b, in the formats and with the arithmetic of `Conv2d`; an empty b is none.
///
/// - shape: x [B, I] (or any [B, ...] of I values), W [O, I], b [O] or [0] -> y [B, O]
template <Format W = Float32, Format A = W, Format B = BiasFormat<W>>
class Dense {
 public:
  using WeightFormat = W;
  using ActivationFormat = A;
  static constexpr bool fuses = true;
  static constexpr double rounding_step = Conv2d<W, A, B>::rounding_step;

  /// Throws `Error` when W is not a matrix or b does not fit it.
  Dense(Tensor weight, Tensor bias, Granularity granularity = Granularity::per_tensor)
      : product_(WindowGeometry{}, as_kernel(std::move(weight)), std::move(bias), granularity) {}
  /// Weights as a file holds them, see `Conv2d`.
  Dense(Tensor weight, Tensor bias, std::vector<typename W::Scale> scales) requires takes_scales<W>
      : product_(WindowGeometry{}, as_kernel(std::move(weight)), std::move(bias),
                 std::move(scales)) {}

  [[nodiscard]] static Dense zeros(std::size_t in, std::size_t out, Bias bias = Bias::zeros) {
    return Dense(Tensor({out, in}), bias == Bias::zeros ? Tensor({out}) : Tensor());
  }

  [[nodiscard]] std::string kind() const { return "Dense"; }
  [[nodiscard]] Tensor weight() const {
    return product_.kernel().reshaped({product_.out_channels(), product_.in_channels()});
  }
  [[nodiscard]] const Tensor& bias() const { return product_.bias(); }
  [[nodiscard]] std::span<const typename W::Scale> kernel_scales() const {
    return product_.kernel_scales();
  }
  [[nodiscard]] const typename A::Scale& input_scale() const { return product_.input_scale(); }
  void set_input_scale(const typename A::Scale& scale) { product_.set_input_scale(scale); }

  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    const Shape& x = single_input(shapes, kind());
    if (x.size() != product_.in_channels()) {
      throw Error("Dense takes " + std::to_string(product_.in_channels()) + " values, not " +
                  to_string(x));
    }
    return {product_.out_channels()};
  }
  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& pass) const {
    const Tensor x = as_pictures(*inputs[0]);
    const Tensor* const only = &x;
    Tensor y = product_.forward({&only, 1}, pass);
    return std::move(y).reshaped({x.batch(), product_.out_channels()});
  }
  void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) const {
    const Tensor x = as_pictures(*inputs[0]);
    const Tensor* const only = &x;
    product_.backward({&only, 1}, y, d_y, gradients);
    if (Tensor* const d_x = gradients.inputs[0]) {
      *d_x = std::move(*d_x).reshaped(inputs[0]->shape());
    }
  }
  [[nodiscard]] std::vector<Parameter> parameters() { return product_.parameters(); }
  [[nodiscard]] std::vector<NamedImage> images() { return product_.images(); }
  void encode() { product_.encode(); }
  void refresh() { product_.refresh(); }
  void calibrate(Inputs inputs) { product_.calibrate(inputs); }
  [[nodiscard]] std::uint64_t multiply_adds(const Shape& /*input*/) const {
    return product_.kernel().size();
  }
  [[nodiscard]] bool is_near_jump(
      std::span<const float> values) const requires Jumping<Conv2d<W, A, B>> {
    return product_.is_near_jump(values);
  }
  [[nodiscard]] std::unique_ptr<ChangeRule> change_rule(const Shape& /*input*/) const {
    return product_.change_rule({1, 1, product_.in_channels()});
  }

 private:
  [[nodiscard]] static Tensor as_kernel(Tensor weight) {
    const Shape shape = weight.shape();
    if (shape.rank() != 2) {
      throw Error("a weight of shape " + to_string(shape) + " is no matrix; give [O, I]");
    }
    return std::move(weight).reshaped({shape[0], 1, 1, shape[1]});
  }
  [[nodiscard]] static Tensor as_pictures(const Tensor& x) {
    return x.reshaped({x.batch(), 1, 1, x.shape().without_batch().size()});
  }

  Conv2d<W, A, B> product_;
};

static_assert(Layer<Dense<Float32>>);

}  // namespace upset
