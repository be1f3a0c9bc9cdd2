// SPDX-License-Identifier: BSL-1.0
/// How `Conv2d` computes; included by conv2d.hpp only.
#pragma once

#include <algorithm>
#include <numeric>
#include <optional>

#include <upset/core/transform.hpp>
#include <upset/kernel/channels.hpp>
#include <upset/kernel/conv_gradient.hpp>
#include <upset/kernel/input_gradient.hpp>
#include <upset/nn/conv2d.hpp>

namespace upset {

template <Format W, Format A, Format B>
Conv2d<W, A, B>::Conv2d(const WindowGeometry& geometry, Tensor kernel, Tensor bias,
                        Granularity granularity)
    : geometry_(geometry) {
  const Shape& shape = kernel.shape();
  if (shape.rank() != 4 || shape[1] != geometry.kernel_height ||
      shape[2] != geometry.kernel_width || shape.size() == 0 || geometry.groups == 0 ||
      shape[0] % geometry.groups != 0) {
    throw Error("a kernel of shape " + to_string(shape) + " does not fit " +
                std::to_string(geometry.kernel_height) + "x" +
                std::to_string(geometry.kernel_width) + " taps in " +
                std::to_string(geometry.groups) + " groups; give [O, Ky, Kx, I/groups]");
  }
  if (bias.shape() != Shape{shape[0]}) {
    throw Error("a bias of shape " + to_string(bias.shape()) + " does not fit " +
                std::to_string(shape[0]) + " output channels");
  }
  const std::size_t scales = granularity == Granularity::per_channel ? shape[0] : 1;
  kernel_ = StoredTensor<W>(std::move(kernel), scales);
  bias_ = StoredTensor<B>(std::move(bias));
  const bool whole_rows = geometry.whole_rows() && !in_bits;
  operand_ = Operand(geometry.groups, shape[0], whole_rows ? shape[1] : shape[1] * shape[2],
                     whole_rows ? shape[2] * shape[3] : shape[3]);
  build_operand();
}

template <Format W, Format A, Format B>
Conv2d<W, A, B>::Conv2d(const WindowGeometry& geometry, Tensor kernel, Tensor bias,
                        std::vector<typename W::Scale> scales) requires takes_scales<W>
    : Conv2d(geometry, std::move(kernel), std::move(bias)) {
  if (scales.empty() || out_channels() % scales.size() != 0) {
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
  memory->encode(x, {scale});  // the hook may have flipped bits of the scale for the picture before
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
    for (std::size_t b = 0; b < count; ++b) {
      write_input(b, x.row(first + b), pass, pass.first_image + first + b,
                  memory ? &*memory : nullptr, pictures);
    }
    operand_.multiply(pictures, count, to);
    if (pass.then != nullptr) {
      (*pass.then)({to, count * pixels * outputs});
    }
  }
  return y;
}

// In the forward pass this was y[m, o] = bias[o] + sum_k p[m, k] w[o, k], with p[m, k] the operand
// that window m reads at k. So d_w[o, k] = sum_m d_y[m, o] p[m, k], d_p[m, k] = sum_o d_y[m, o]
// w[o, k], d_bias[o] = sum_m d_y[m, o]; and p, w are quantised x, kernel, whose gradients pass
// straight through.
template <Format W, Format A, Format B>
void Conv2d<W, A, B>::backward(Inputs inputs, const Tensor& /*y*/, const Tensor& d_y,
                               Gradients& gradients) const {
  const Tensor& x = *inputs[0];
  Tensor* const d_x = gradients.inputs[0];
  const Window shape = window(x.shape());
  const std::size_t outputs = out_channels();
  const std::size_t inner = group_outputs();
  const std::size_t pixels = shape.output_pixels();
  const std::size_t input_size = shape.input_size();
  const std::size_t block = std::min(x.batch(), 1 + 1024 / pixels);
  const typename A::Scale scale = input_.scale();  // a local, or floats stored might change it
  // Learnable input scales have gradients even where the input itself needs none. A single one,
  // x_q = gamma level, has sum d_x_q level = sum w d_w / gamma: no need for d_x_q.
  const bool asks_input = d_x != nullptr || A::Scale::gammas > 1;
  const bool is_first = d_x != nullptr && d_x->size() == 0;
  if (is_first) {
    *d_x = Tensor::uninitialized(x.shape());
  }

  Tensor d_kernel(kernel().shape());
  Tensor d_bias(bias().shape());
  std::vector<double> d_gammas(static_cast<std::size_t>(A::Scale::gammas), 0.0);
  const AlignedVector<std::size_t> bases = shape.bases(block);
  AlignedVector<float> padded(block * shape.padded_size() + gradient_slack, 0.0F);
  std::optional<InputGradient> input_gradient;
  AlignedVector<float> d_input;
  if (asks_input) {
    input_gradient.emplace(geometry_, x.shape()[1], x.shape()[2], kernel_.quantized().values(),
                           outputs, block);
    d_input.assign(block * input_size, 0.0F);
  }
  for (std::size_t first = 0; first < x.batch(); first += block) {
    const std::size_t count = std::min(block, x.batch() - first);
    const std::span<const std::size_t> rows = std::span(bases).first(count * pixels);
    const std::span<const float> values =
        x.values().subspan(first * input_size, count * input_size);
    const float* const d_rows = d_y.data() + first * pixels * outputs;
    for (std::size_t b = 0; b < count; ++b) {
      shape.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t n) {
        detail::transform(values.data() + b * input_size + from, n,
                          padded.data() + b * shape.padded_size() + to,
                          [scale](float value) { return quantized<A>(value, scale); });
      });
    }
    const auto sums = channel_sums<1>(
        rows.size(), outputs, [=](auto load, auto m, auto& to) { to[0] += load(d_rows, m); });
    for (std::size_t o = 0; o < outputs; ++o) {
      d_bias[o] += static_cast<float>(sums[0][o]);
    }
    for (std::size_t group = 0; group < geometry_.groups; ++group) {
      const AlignedVector<std::size_t> offsets = shape.offsets(group);
      add_kernel_gradient(rows, {offsets, shape.segment_length()}, padded.data(),
                          d_rows + group * inner, outputs, inner,
                          d_kernel.data() + group * inner * depth());
    }
    if (asks_input) {
      input_gradient->compute(d_rows, count, d_input.data());
      const std::span<const float> d = std::span(d_input).first(values.size());
      std::span<float> to(d_input);  // where scales ask and nobody else does: no longer needed
      if (d_x != nullptr) {
        to = d_x->values().subspan(first * input_size, d.size());
        std::fill_n(to.begin(), is_first ? to.size() : 0, 0.0F);
      }
      straight_through<A>(values, scale, d, to, d_gammas);
    }
  }
  if constexpr (A::Scale::gammas == 1) {
    if (!asks_input) {
      d_gammas[0] = std::inner_product(d_kernel.values().begin(), d_kernel.values().end(),
                                       kernel_.quantized().values().begin(), 0.0) /
                    static_cast<double>(scale.gamma(0));
    }
  }
  const std::span<Tensor> d = gradients.parameters;
  kernel_.backward(d_kernel, d);
  bias_.backward(d_bias, d.subspan(StoredTensor<W>::parameter_count()));
  input_.backward(
      d_gammas, d.subspan(StoredTensor<W>::parameter_count() + StoredTensor<B>::parameter_count()));
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
  std::vector<NamedImage> all{{"kernel", &kernel_.image()}, {"bias", &bias_.image()}};
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
void Conv2d<W, A, B>::set_scales() {
  std::vector<float> bias(out_channels());
  bias_.image().decode(bias);
  operand_.set_scales(kernel_.image(), input_.scale(), bias);
}

}  // namespace upset
