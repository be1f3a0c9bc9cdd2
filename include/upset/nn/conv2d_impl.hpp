// SPDX-License-Identifier: BSL-1.0
/// How `Conv2d` computes; included by conv2d.hpp only.
#pragma once

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
void Conv2d<W, A, B>::write_input(std::span<const float> x, const Window& window, const Pass& pass,
                                  std::uint64_t image, Memory<A>& memory,
                                  std::span<Value> padded) const {
  const typename A::Scale scale = input_.scale();
  if (is_plain<A> && pass.hook == nullptr) {
    // encode and decode without the words in between, which would not change anything
    window.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t length) {
      const float* const source = x.data() + from;
      Value* const target = padded.data() + to;
      for (std::size_t i = 0; i < length; ++i) {
        target[i] = ArithmeticOf::template rounded<A>(source[i], scale);
      }
    });
    return;
  }
  memory.encode(x, {scale});  // the hook may have flipped bits of the scale for the picture before
  if (pass.hook != nullptr) {
    (*pass.hook)(pass.layer, image, memory);
  }
  std::vector<Value> values(x.size());
  memory.read([&](std::size_t element, typename A::code_type code, const typename A::Scale& s) {
    values[element] = ArithmeticOf::template operand<A>(code, s);
  });
  window.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t length) {
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(from), length,
                padded.begin() + static_cast<std::ptrdiff_t>(to));
  });
}

template <Format W, Format A, Format B>
Tensor Conv2d<W, A, B>::forward(Inputs inputs, const Pass& pass) const {
  const Tensor& x = *inputs[0];  // [B, H, W, I]
  const Window shape = window(x.shape());
  const std::size_t outputs = out_channels();
  const std::size_t pixels = shape.output_pixels();
  const std::size_t block = block_of(shape, x.batch());
  Tensor y({x.batch(), shape.output_height(), shape.output_width(), outputs});
  const std::vector<std::size_t> bases = shape.bases(block);
  std::vector<Value> padded(block * shape.padded_size(), Value{0});
  Memory<A> memory(0, {input_.scale()});
  for (std::size_t first = 0; first < x.batch(); first += block) {
    const std::size_t count = std::min(block, x.batch() - first);
    for (std::size_t b = 0; b < count; ++b) {
      write_input(x.row(first + b), shape, pass, pass.first_image + first + b, memory,
                  std::span(padded).subspan(b * shape.padded_size(), shape.padded_size()));
    }
    const auto row = [&](std::size_t m) { return padded.data() + bases[m]; };
    for (std::size_t group = 0; group < geometry_.groups; ++group) {
      const std::vector<std::size_t> offsets = shape.offsets(group);
      float* target = y.data() + first * pixels * outputs + group * group_outputs();
      const std::size_t channel = group * group_outputs();
      multiply<Sum>(
          count * pixels, row, {offsets, shape.segment_length()}, operand_[group],
          [&](std::size_t m, std::size_t column, std::span<const Sum> sums) {
            float* out = target + m * outputs + column;
            const double* step = step_.data() + channel + column;
            const float* bias = bias_operand_.data() + channel + column;
            for (std::size_t n = 0; n < sums.size(); ++n) {
              if constexpr (is_level_product<W, A>) {
                out[n] = static_cast<float>(sums[n] * step[n] + static_cast<double>(bias[n]));
              } else {
                out[n] = sums[n] + bias[n];
              }
            }
          },
          ArithmeticOf::exact_depth);
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
  Tensor* d_x = gradients.inputs[0];
  const Window shape = window(x.shape());
  const std::size_t outputs = out_channels();
  const std::size_t inner = group_outputs();
  const std::size_t pixels = shape.output_pixels();
  const std::size_t k_count = depth();
  const std::size_t padded_size = shape.padded_size();
  const std::size_t length = shape.segment_length();
  const std::size_t block = std::min(block_of(shape, x.batch()), 1 + 1024 / pixels);
  const typename A::Scale scale = input_.scale();  // a local, or floats stored might change it
  const std::size_t zero = 0;
  // a learnable input scale has a gradient even where the input itself needs none
  const bool asks_input = d_x != nullptr || A::Scale::gammas > 0;

  Tensor d_kernel(kernel().shape());
  Tensor d_bias(bias().shape());
  std::vector<double> d_gammas(static_cast<std::size_t>(A::Scale::gammas), 0.0);
  const std::vector<std::size_t> bases = shape.bases(block);
  // Windows are copied in stretches of a fixed length, which may run over the end of a segment.
  constexpr std::size_t stretch = 8;
  std::vector<float> padded(block * padded_size + stretch, 0.0F);
  std::vector<float> d_padded(asks_input ? padded.size() : 0);
  std::vector<float> unasked(d_x == nullptr && asks_input ? shape.input_size() : 0);
  std::vector<float> window_values(k_count + stretch);
  std::vector<float> transposed;
  PackedMatrix<float> columns;
  PackedMatrix<float> weights;
  for (std::size_t first = 0; first < x.batch(); first += block) {
    const std::size_t count = std::min(block, x.batch() - first);
    const std::size_t rows = count * pixels;
    const float* d_rows = d_y.data() + first * pixels * outputs;
    std::fill(d_padded.begin(), d_padded.end(), 0.0F);
    for (std::size_t b = 0; b < count; ++b) {
      const std::span<const float> values = x.row(first + b);
      shape.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t n) {
        const float* const source = values.data() + from;
        float* const target = padded.data() + b * padded_size + to;
        for (std::size_t i = 0; i < n; ++i) {
          target[i] = A::decode(A::encode(source[i], scale), scale);
        }
      });
    }
    for (std::size_t group = 0; group < geometry_.groups; ++group) {
      const std::vector<std::size_t> offsets = shape.offsets(group);
      columns.reshape(k_count, rows);  // p, as the "weights" of d_y transposed
      transposed.resize(inner * rows);
      for (std::size_t m = 0; m < rows; ++m) {
        float* to = window_values.data();
        for (const std::size_t offset : offsets) {
          const float* const from = padded.data() + bases[m] + offset;
          for (std::size_t i = 0; i < length; i += stretch) {
            std::copy_n(from + i, stretch, to + i);
          }
          to += length;
        }
        columns.set_column(m, std::span<const float>(window_values).first(k_count));
        for (std::size_t o = 0; o < inner; ++o) {
          transposed[o * rows + m] = d_rows[m * outputs + group * inner + o];
          d_bias[group * inner + o] += d_rows[m * outputs + group * inner + o];
        }
      }
      multiply<float>(
          inner, [&](std::size_t o) { return transposed.data() + o * rows; }, {{&zero, 1}, rows},
          columns,
          [&](std::size_t o, std::size_t k, std::span<const float> sums) {
            float* out = d_kernel.data() + (group * inner + o) * k_count + k;
            for (std::size_t i = 0; i < sums.size(); ++i) {
              out[i] += sums[i];
            }
          });
      if (!asks_input) {
        continue;
      }
      weights.reshape(k_count, inner);
      for (std::size_t o = 0; o < inner; ++o) {
        weights.set_column(
            o, kernel_.quantized().values().subspan((group * inner + o) * k_count, k_count));
      }
      multiply<float>(
          rows, [&](std::size_t m) { return d_rows + m * outputs + group * inner; },
          {{&zero, 1}, inner}, weights,
          [&](std::size_t m, std::size_t k, std::span<const float> sums) {
            float* const window_start = d_padded.data() + bases[m];
            std::size_t segment = k / length;
            std::size_t within = k - segment * length;
            for (std::size_t done = 0; done < sums.size();) {
              const std::size_t here = std::min(length - within, sums.size() - done);
              float* const out = window_start + offsets[segment] + within;
              for (std::size_t i = 0; i < here; ++i) {
                out[i] += sums[done + i];
              }
              done += here;
              within = 0;
              ++segment;
            }
          });
    }
    for (std::size_t b = 0; asks_input && b < count; ++b) {
      const std::span<const float> values = x.row(first + b);
      const std::span<float> d_values = d_x == nullptr ? std::span(unasked) : d_x->row(first + b);
      shape.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t n) {
        straight_through<A>(values.subspan(from, n), scale,
                            std::span<const float>(d_padded).subspan(b * padded_size + to, n),
                            d_values.subspan(from, n), d_gammas);
      });
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
    for (const std::uint64_t word : image.touched_words()) {
      image.read(word, word + 1,
                 [&](std::size_t element, typename W::code_type code,
                     const typename W::Scale& scale) { place(element, code, scale); });
    }
    build_steps();
  }
  image.forget_touched();
  bias_.image().forget_touched();
  input_.image().forget_touched();
}

template <Format W, Format A, Format B>
void Conv2d<W, A, B>::build_operand() {
  operand_.resize(geometry_.groups);
  for (PackedMatrix<Value>& group : operand_) {
    group.reshape(group_outputs(), depth());
  }
  // `place` for all elements in their order, without its divisions
  const std::size_t inner = group_outputs();
  const std::size_t k_count = depth();
  std::size_t o = 0;
  std::size_t k = 0;
  PackedMatrix<Value>* group = operand_.data();
  kernel_.image().read(
      [&](std::size_t /*element*/, typename W::code_type code, const typename W::Scale& scale) {
        group->at(o, k) = ArithmeticOf::template operand<W>(code, scale);
        if (++k == k_count) {
          k = 0;
          if (++o == inner) {
            o = 0;
            ++group;
          }
        }
      });
  build_steps();
}

template <Format W, Format A, Format B>
void Conv2d<W, A, B>::build_steps() {
  step_.resize(out_channels());
  for (std::size_t o = 0; o < out_channels(); ++o) {
    step_[o] = ArithmeticOf::template step<W>(kernel_.image().scale_of(o * depth())) *
               ArithmeticOf::template step<A>(input_.scale());
  }
  bias_operand_.resize(out_channels());
  bias_.image().decode(bias_operand_);
}

}  // namespace upset
