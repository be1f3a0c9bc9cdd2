// SPDX-License-Identifier: BSL-1.0
/// Values written to memory in a format and read back: the grid between layers that meet in float.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/core/transform.hpp>
#include <upset/format/straight_through.hpp>
#include <upset/nn/jump.hpp>
#include <upset/nn/layer.hpp>
#include <upset/nn/weights.hpp>

namespace upset {

/// y = decode(encode(x)) in `A`, element by element: what a layer that multiplies nothing finds in
/// memory where activations are stored in `A`. Sums, pools and the output of quantised graphs read
/// through it; convolutions and dense layers round what they read by themselves.
///
/// - shape:    x [B, ...] -> y [B, ...]
/// - rounding: that of `A`: to nearest, saturating
/// - cost:     one encoding and decoding a value
template <Format A>
class RoundTo {
 public:
  using ActivationFormat = A;
  static constexpr double rounding_step = detail::Reading<typename A::Element>::step;

  RoundTo() = default;
  explicit RoundTo(const typename A::Scale& scale) { set_input_scale(scale); }

  [[nodiscard]] static std::string kind() { return "RoundTo"; }
  [[nodiscard]] const typename A::Scale& input_scale() const { return input_.scale(); }
  void set_input_scale(const typename A::Scale& scale) { input_.set(scale); }

  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    return single_input(shapes, kind());
  }
  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& pass) const {
    return transform(*inputs[0], {}, pass);
  }
  // No `apply`: a function of values would pass the hook by.
  [[nodiscard]] Tensor transform(Tensor x, Inputs /*others*/, const Pass& pass) const {
    const typename A::Scale scale = input_.scale();  // a local, or floats stored might change it
    if (pass.hook == nullptr && is_plain<A>) {
      detail::transform(x.data(), x.size(), x.data(), Quantizer<typename A::Element>{scale});
      return x;
    }
    Memory<A> memory(0, {scale});
    for (std::size_t b = 0; b < x.batch(); ++b) {
      memory.encode_sums(x.row(b), scale);  // the hook may have flipped bits of the scale
      if (pass.hook != nullptr) {
        (*pass.hook)(pass.layer, pass.first_image + b, memory);
      }
      memory.decode(x.row(b));
    }
    return x;
  }
  [[nodiscard]] bool is_near_jump(
      std::span<const float> values) const requires detail::Reading<typename A::Element>::jumps {
    return detail::Reading<typename A::Element>::is_near_jump(values, input_scale());
  }
  // d_x = d_y, straight through
  void backward(Inputs inputs, const Tensor& /*y*/, const Tensor& d_y, Gradients& gradients) const {
    const Tensor& x = *inputs[0];
    std::vector<double> d_gammas(StoredScale<A>::gamma_count, 0.0);
    Tensor d_x(x.shape());
    straight_through<A>(x.values(), input_.scale(), d_y.values(), d_x.values(), d_gammas);
    input_.backward(d_gammas, gradients.parameters);
    gradients.add(0, std::move(d_x));
  }

  [[nodiscard]] std::vector<Parameter> parameters() {
    std::vector<Parameter> all;
    input_.add_parameters(all);
    return all;
  }
  [[nodiscard]] std::vector<NamedImage> images() {
    if constexpr (A::Scale::width > 0) {
      return {{"input_scale", &input_.image()}};
    } else {
      return {};
    }
  }
  void encode() { input_.encode(); }
  void refresh() { input_.image().forget_touched(); }
  /// Fits the scale to x.
  void calibrate(Inputs inputs) { set_input_scale(A::fit(inputs[0]->values())); }

 private:
  StoredScale<A> input_;
};

static_assert(Layer<RoundTo<Int8Affine>> && Calibrated<RoundTo<Int8Affine>> &&
              InPlace<RoundTo<Int8Affine>>);

}  // namespace upset
