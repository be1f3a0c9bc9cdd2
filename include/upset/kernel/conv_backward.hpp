// SPDX-License-Identifier: BSL-1.0
/// All gradients of a convolution: the same code for every format.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>

#include <upset/kernel/channels.hpp>
#include <upset/kernel/conv_gradient.hpp>
#include <upset/kernel/input_gradient.hpp>
#include <upset/kernel/window.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset {

struct ConvGradients {
  Tensor kernel;
  Tensor bias;
};

/// Gradients of y[m, o] = bias[o] + sum_k p[m, k] w[o, k], with p[m, k] the operand that window m
/// reads at k: d_w[o, k] = sum_m d_y[m, o] p[m, k], d_p[m, k] = sum_o d_y[m, o] w[o, k],
/// d_bias[o] = sum_m d_y[m, o].
///
/// - shape: kernel w [O, Ky, Kx, I / groups] and x [B, H, W, I], d_y [B, H', W', O];
///          `quantize(values, to)` writes what was multiplied of some values of x;
///          `take_input(first, d)` receives the gradients of what was multiplied of the values of x
///          from `first` on, some pictures at a time, which it may overwrite; without it nobody
///          asks for them
/// - cost:  one multiply-add per tap, channel and output for d_w, and for d_p where it is asked for
[[nodiscard]] inline ConvGradients conv_gradients(
    const WindowGeometry& geometry, const Tensor& kernel, const Tensor& x, const Tensor& d_y,
    const std::function<void(std::span<const float>, float*)>& quantize,
    const std::function<void(std::size_t, std::span<float>)>& take_input) {
  const Window window(geometry, x.shape()[1], x.shape()[2], x.shape()[3]);
  const std::size_t outputs = kernel.shape()[0];
  const std::size_t inner = outputs / geometry.groups;
  const std::size_t depth = kernel.size() / outputs;
  const std::size_t pixels = window.output_pixels();
  const std::size_t input_size = window.input_size();
  const std::size_t block = std::min(x.batch(), 1 + 1024 / pixels);
  const AlignedVector<std::size_t> bases = window.bases(block);

  ConvGradients d{Tensor(kernel.shape()), Tensor({outputs})};
  AlignedVector<float> padded(block * window.padded_size() + gradient_slack, 0.0F);
  std::optional<InputGradient> input_gradient;
  AlignedVector<float> d_input;
  if (take_input) {
    input_gradient.emplace(geometry, x.shape()[1], x.shape()[2], kernel.values(), outputs, block);
    d_input.assign(block * input_size, 0.0F);
  }
  for (std::size_t first = 0; first < x.batch(); first += block) {
    const std::size_t count = std::min(block, x.batch() - first);
    const std::span<const std::size_t> rows = std::span(bases).first(count * pixels);
    const float* const d_rows = d_y.data() + first * pixels * outputs;
    for (std::size_t b = 0; b < count; ++b) {
      const std::span<const float> picture = x.row(first + b);
      window.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t n) {
        quantize(picture.subspan(from, n), padded.data() + b * window.padded_size() + to);
      });
    }
    const auto sums = channel_sums<1>(
        rows.size(), outputs, [=](auto load, auto m, auto& to) { to[0] += load(d_rows, m); });
    for (std::size_t o = 0; o < outputs; ++o) {
      d.bias[o] += static_cast<float>(sums[0][o]);
    }
    for (std::size_t group = 0; group < geometry.groups; ++group) {
      const AlignedVector<std::size_t> offsets = window.offsets(group);
      add_kernel_gradient(rows, {offsets, window.segment_length()}, padded.data(),
                          d_rows + group * inner, outputs, inner,
                          d.kernel.data() + group * inner * depth);
    }
    if (take_input) {
      input_gradient->compute(d_rows, count, d_input.data());
      take_input(first * input_size, std::span(d_input).first(count * input_size));
    }
  }
  return d;
}

}  // namespace upset
