// SPDX-License-Identifier: BSL-1.0
/// How `Conv2d` computes; included by conv2d.hpp only.
#pragma once

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>

#include <upset/core/transform.hpp>
#include <upset/kernel/conv_backward.hpp>
#include <upset/nn/conv2d.hpp>

namespace upset {

template <Format W, Format A, Format B>
Conv2d<W, A, B>::Conv2d(const WindowGeometry& geometry, Tensor kernel, Tensor bias,
                        Granularity granularity)
    : geometry_(geometry) {
  const Shape& shape = kernel.shape();
  if (shape.rank() == 4 && shape[0] == 0) {
    throw Error("a layer without output channels computes nothing; give one channel, or class");
  }
  if (shape.rank() != 4 || shape[1] != geometry.kernel_height ||
      shape[2] != geometry.kernel_width || shape.size() == 0 || geometry.groups == 0 ||
      shape[0] % geometry.groups != 0) {
    throw Error("a kernel of shape " + to_string(shape) + " does not fit " +
                std::to_string(geometry.kernel_height) + "x" +
                std::to_string(geometry.kernel_width) + " taps in " +
                std::to_string(geometry.groups) + " groups; give [O, Ky, Kx, I/groups]");
  }
  if (bias.shape() != Shape{shape[0]} && bias.shape() != Shape{0}) {
    throw Error("a bias of shape " + to_string(bias.shape()) + " does not fit " +
                std::to_string(shape[0]) + " output channels");
  }
  const std::size_t scales = granularity == Granularity::per_channel ? shape[0] : 1;
  kernel_ = StoredTensor<W>(std::move(kernel), scales);
  bias_ = StoredTensor<B>(std::move(bias));
  if constexpr (in_bits) {
    operand_ = Operand(geometry.groups, shape[0], geometry.taps(), shape[3]);
  } else if (geometry.whole_rows()) {
    operand_ = Operand(geometry.groups, shape[0], shape[1], shape[2] * shape[3], shape[2]);
  } else {
    operand_ = Operand(geometry.groups, shape[0], geometry.taps(), shape[3]);
  }
  build_operand();
}

template <Format W, Format A, Format B>
Conv2d<W, A, B>::Conv2d(const WindowGeometry& geometry, Tensor kernel, Tensor bias,
                        std::vector<typename W::Scale> scales) requires takes_scales<W>
    : Conv2d(geometry, std::move(kernel), std::move(bias)) {
  if (scales.size() != 1 && scales.size() != out_channels()) {
    throw Error(std::to_string(scales.size()) + " scales do not fit " +
                std::to_string(out_channels()) + " output channels; give one, or one per channel");
  }
  kernel_ = StoredTensor<W>(kernel_.values(), std::move(scales));
  build_operand();
}

template <Format W, Format A, Format B>
Shape Conv2d<W, A, B>::output_shape(InputShapes shapes) const {
  const Shape& x = single_input(shapes, kind());
  if (x.rank() != 3 || x[2] != in_channels()) {
    throw Error("Conv2d takes pictures of " + std::to_string(in_channels()) +
                " channels [H, W, C], not " + to_string(x));
  }
  const Window window(geometry_, x[0], x[1], x[2]);
  return {window.output_height(), window.output_width(), out_channels()};
}

template <Format W, Format A, Format B>
std::uint64_t Conv2d<W, A, B>::multiply_adds(const Shape& input) const {
  const std::size_t pixels = geometry_.input_dilation == 1
                                 ? Window(geometry_, input[0], input[1], input[2]).output_pixels()
                                 : input[0] * input[1];
  return std::uint64_t{pixels} * kernel().size();
}

template <Format W, Format A, Format B>
void Conv2d<W, A, B>::write_input(std::size_t at, std::span<const float> x, const Pass& pass,
                                  std::uint64_t image, Memory<A>* memory,
                                  Pictures& pictures) const {
  const typename A::Scale scale = input_.scale();
  if (memory == nullptr) {
    // encode and decode without the words in between, which would not change anything
    pictures.write(at, x, scale);
    return;
  }
  memory->encode_sums(x, scale);  // anew: the hook may have flipped bits of the scale before
  if (pass.hook != nullptr) {
    (*pass.hook)(pass.layer, image, *memory);
  }
  pictures.write(at, *memory);
}

template <Format W, Format A, Format B>
Tensor Conv2d<W, A, B>::forward(Inputs inputs, const Pass& pass) const {
  const Tensor& x = *inputs[0];  // [B, H, W, I]
  const Window shape = window(x.shape());
  const std::size_t outputs = out_channels();
  const std::size_t pixels = shape.output_pixels();
  const std::size_t block = block_of(shape, x.batch());
  Tensor y =
      Tensor::uninitialized({x.batch(), shape.output_height(), shape.output_width(), outputs});
  Pictures pictures(geometry_, x.shape()[1], x.shape()[2], x.shape()[3], block, input_.scale());
  std::optional<Memory<A>> memory;
  if (!is_plain<A> || pass.hook != nullptr) {
    memory.emplace(0, std::vector{input_.scale()});
  }
  for (std::size_t first = 0; first < x.batch(); first += block) {
    const std::size_t count = std::min(block, x.batch() - first);
    float* const to = y.data() + first * pixels * outputs;
    bool is_written = false;
    if constexpr (!in_bits) {
      is_written = !memory && pictures.read_in_place(x.row(first).data());
    }
    for (std::size_t b = 0; !is_written && b < count; ++b) {
      write_input(b, x.row(first + b), pass, pass.first_image + first + b,
                  memory ? &*memory : nullptr, pictures);
    }
    operand_.multiply(pictures, count, to, pass.least);
    if (pass.then != nullptr) {
      (*pass.then)({to, count * pixels * outputs});
    }
  }
  return y;
}

// What was multiplied are quantised x and kernel, whose gradients pass straight through.
template <Format W, Format A, Format B>
void Conv2d<W, A, B>::backward(Inputs inputs, const Tensor& /*y*/, const Tensor& d_y,
                               Gradients& gradients) const {
  using Element = typename A::Element;
  const Tensor& x = *inputs[0];
  Tensor* const d_x = gradients.inputs[0];
  const typename A::Scale scale = input_.scale();
  std::vector<double> d_gammas(static_cast<std::size_t>(A::Scale::gammas), 0.0);
  const auto quantize = [&](std::span<const float> values, float* to) {
    detail::transform(values.data(), values.size(), to, Quantizer<Element>{scale});
  };
  const bool is_first = d_x != nullptr && d_x->size() == 0;
  if (is_first) {
    *d_x = Tensor::uninitialized(x.shape());
  }
  std::function<void(std::size_t, std::span<float>)> take_input;
  // Learnable input scales have gradients even where the input itself needs none. A single one of
  // signs, x_q = gamma level, has sum d_x_q level = sum w d_w / gamma: no need for d_x_q.
  if (d_x != nullptr || A::Scale::gammas > 1 || has_own_gradient<A>) {
    take_input = [&](std::size_t first, std::span<float> d) {
      std::span<float> to = d;  // where scales ask and nobody else does: no longer needed
      if (d_x != nullptr) {
        to = d_x->values().subspan(first, d.size());
        std::fill_n(to.begin(), is_first ? to.size() : 0, 0.0F);
      }
      straight_through<Element>(x.values().subspan(first, d.size()), scale, d, to, d_gammas);
    };
  }
  const Tensor& kernel = kernel_.quantized();
  const ConvGradients d = conv_gradients(geometry_, kernel, x, d_y, quantize, take_input);
  if constexpr (A::Scale::gammas == 1) {
    if (!take_input) {
      d_gammas[0] = std::inner_product(d.kernel.values().begin(), d.kernel.values().end(),
                                       kernel.values().begin(), 0.0) /
                    static_cast<double>(scale.gamma(0));
    }
  }
  const std::span<Tensor> to = gradients.parameters;
  kernel_.backward(d.kernel, to);
  bias_.backward(d.bias, to.subspan(kernel_.parameter_count()));
  input_.backward(d_gammas, to.subspan(kernel_.parameter_count() + bias_.parameter_count()));
}

template <Format W, Format A, Format B>
std::vector<Parameter> Conv2d<W, A, B>::parameters() {
  std::vector<Parameter> all;
  kernel_.add_parameters("kernel", all);
  bias_.add_parameters("bias", all);
  input_.add_parameters(all);
  return all;
}

template <Format W, Format A, Format B>
std::vector<NamedImage> Conv2d<W, A, B>::images() {
  std::vector<NamedImage> all;
  kernel_.add_image("kernel", all);
  bias_.add_image("bias", all);
  if constexpr (A::Scale::width > 0) {
    all.push_back({"input_scale", &input_.image()});
  }
  return all;
}

template <Format W, Format A, Format B>
void Conv2d<W, A, B>::encode() {
  kernel_.encode();
  bias_.encode();
  input_.encode();
  build_operand();
}

template <Format W, Format A, Format B>
void Conv2d<W, A, B>::refresh() {
  Memory<W>& image = kernel_.image();
  if (image.scale_touched()) {
    build_operand();
  } else {
    operand_.patch(image);
    set_scales();
  }
  image.forget_touched();
  bias_.image().forget_touched();
  input_.image().forget_touched();
}

template <Format W, Format A, Format B>
void Conv2d<W, A, B>::build_operand() {
  operand_.build(kernel_.image());
  set_scales();
}

template <Format W, Format A, Format B>
std::vector<float> Conv2d<W, A, B>::biases() const {
  std::vector<float> biases(out_channels(), 0.0F);
  if (!bias_.is_empty()) {
    bias_.image().decode(biases);
  }
  return biases;
}

template <Format W, Format A, Format B>
void Conv2d<W, A, B>::set_scales() {
  operand_.set_scales(kernel_.image(), input_.scale(), biases());
}

}  // namespace upset
