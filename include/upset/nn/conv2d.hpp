// SPDX-License-Identifier: BSL-1.0
/// Convolution in any weight and activation format: the layer that multiplies.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/format/float32.hpp>
#include <upset/kernel/bit_operand.hpp>
#include <upset/kernel/padded_pictures.hpp>
#include <upset/kernel/weight_operand.hpp>
#include <upset/kernel/window.hpp>
#include <upset/nn/change.hpp>
#include <upset/nn/jump.hpp>
#include <upset/nn/weights.hpp>

namespace upset {

namespace detail {

template <Format W, Format A, Format B>
class Conv2dFace;

/// How a convolution keeps its weights and reads its pictures.
template <Format W, Format A>
struct ConvOperand {
  using Weights = WeightOperand<W, A>;
  using Pictures = PaddedPictures<W, A>;
};
template <Format W, Format A>
requires is_bit_product<W, A>
struct ConvOperand<W, A> {
  using Weights = BitOperand<W, A>;
  using Pictures = BitPictures<A>;
};

}  // namespace detail

/// y[b, oy, ox, o] = bias[o] + sum over taps and input channels of x * kernel[o, ky, kx, i]; an
/// empty bias is none, and no memory.
///
/// The input is written to memory in `A`, the kernel lies there in `W`, the bias in `B`; where both
/// `W` and `A` are levels the sum is an exact integer and is scaled once. Padding lies outside
/// memory: it adds nothing, and no fault hits it; but real zeros times a weight that a fault made
/// infinite or NaN are NaN.
///
/// - shape:  x [B, H, W, I], kernel [O, Ky, Kx, I / groups], bias [O] or [0] -> y [B, H', W', O]
/// - cost:   one multiply-add per tap, channel and output; no copy of the input into columns
template <Format W = Float32, Format A = W, Format B = BiasFormat<W>>
class Conv2d {
 public:
  using WeightFormat = W;
  using ActivationFormat = A;
  using ArithmeticOf = Arithmetic<W, A>;
  static constexpr bool fuses = true;
  static constexpr double rounding_step = detail::Reading<typename A::Element>::step;

  // -- making one
  /// Throws `Error` when the kernel does not match the geometry or the bias.
  Conv2d(const WindowGeometry& geometry, Tensor kernel, Tensor bias,
         Granularity granularity = Granularity::per_tensor);
  /// Weights as a file holds them: `kernel` with the scales it was stored under, one or one per
  /// output channel, so that its memory holds the file's codes. Beside `Int8Affine` the bias, in a
  /// file an integer times the scales of kernel and input, becomes `Fixed<32, 16>`: its value moves
  /// by 2^-17 at most, and saturates at 32768.
  Conv2d(const WindowGeometry& geometry, Tensor kernel, Tensor bias,
         std::vector<typename W::Scale> scales) requires takes_scales<W>;

  /// All zero, to be initialised or loaded. Throws `Error` when groups do not share `in` equally.
  [[nodiscard]] static Conv2d zeros(std::size_t in, std::size_t out, const WindowGeometry& geometry,
                                    Bias bias = Bias::zeros) {
    const std::size_t groups = std::max<std::size_t>(geometry.groups, 1);
    if (in % groups != 0) {
      throw Error(std::to_string(in) + " input channels cannot be shared by " +
                  std::to_string(groups) + " groups; give a multiple of the groups");
    }
    return Conv2d(geometry,
                  Tensor({out, geometry.kernel_height, geometry.kernel_width, in / groups}),
                  bias == Bias::zeros ? Tensor({out}) : Tensor());
  }

  // -- reading one
  [[nodiscard]] std::string kind() const { return "Conv2d"; }
  [[nodiscard]] const WindowGeometry& geometry() const { return geometry_; }
  [[nodiscard]] const Tensor& kernel() const { return kernel_.values(); }
  /// Empty where there is none.
  [[nodiscard]] const Tensor& bias() const { return bias_.values(); }
  /// One, or one per output channel.
  [[nodiscard]] std::span<const typename W::Scale> kernel_scales() const {
    return kernel_.image().scales();
  }
  [[nodiscard]] std::size_t out_channels() const { return kernel().shape()[0]; }
  [[nodiscard]] std::size_t in_channels() const { return kernel().shape()[3] * geometry_.groups; }
  [[nodiscard]] const typename A::Scale& input_scale() const { return input_.scale(); }
  void set_input_scale(const typename A::Scale& scale) {
    input_.set(scale);
    build_operand();
  }

  // -- Layer
  [[nodiscard]] Shape output_shape(InputShapes shapes) const;
  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& pass) const;
  void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) const;
  [[nodiscard]] std::vector<Parameter> parameters();
  [[nodiscard]] std::vector<NamedImage> images();
  void encode();
  void refresh();
  /// Fits the scale of the activations to x.
  void calibrate(Inputs inputs) { set_input_scale(A::fit(inputs[0]->values())); }
  /// Products of one picture of shape `input`: of every tap, on padding too, and of every pixel
  /// with every weight where zeros lie between pixels.
  [[nodiscard]] std::uint64_t multiply_adds(const Shape& input) const;
  [[nodiscard]] bool is_near_jump(
      std::span<const float> values) const requires detail::Reading<typename A::Element>::jumps {
    return detail::Reading<typename A::Element>::is_near_jump(values, input_scale());
  }
  /// How changes of one picture of shape `input` pass through; null where only `forward` says.
  [[nodiscard]] std::unique_ptr<ChangeRule> change_rule(const Shape& input) const;

 private:
  friend class detail::Conv2dFace<W, A, B>;

  static constexpr bool in_bits = is_bit_product<W, A>;
  using Operand = typename detail::ConvOperand<W, A>::Weights;
  using Pictures = typename detail::ConvOperand<W, A>::Pictures;

  [[nodiscard]] Window window(const Shape& x) const { return {geometry_, x[1], x[2], x[3]}; }
  [[nodiscard]] std::size_t group_outputs() const { return out_channels() / geometry_.groups; }
  [[nodiscard]] std::size_t depth() const { return kernel().size() / out_channels(); }
  /// Pictures whose windows are multiplied together: enough to fill tiles, few enough for their
  /// outputs to stay in the cache.
  [[nodiscard]] static std::size_t block_of(const Window& window, std::size_t batch) {
    return std::min(1 + 288 / window.output_pixels(), batch);
  }

  /// What memory has for each output; zeros where there is no bias.
  [[nodiscard]] std::vector<float> biases() const;
  void build_operand();
  void set_scales();
  /// Writes one picture to memory, lets the hook at it, and reads it back as picture `at` of a
  /// block. Without a memory to write to, only rounds it as that would.
  void write_input(std::size_t at, std::span<const float> x, const Pass& pass, std::uint64_t image,
                   Memory<A>* memory, Pictures& pictures) const;

  WindowGeometry geometry_;
  StoredTensor<W> kernel_;
  StoredTensor<B> bias_;
  StoredScale<A> input_;
  Operand operand_;
};

}  // namespace upset

#include <upset/nn/conv2d_change.hpp>
#include <upset/nn/conv2d_impl.hpp>

namespace upset {

static_assert(Layer<Conv2d<Float32>> && Calibrated<Conv2d<Float32>>);

}  // namespace upset
