// SPDX-License-Identifier: BSL-1.0
/// Transposed convolutions as the convolutions they are: of pictures with zeros between pixels.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <upset/kernel/window.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset {

/// The geometry of the convolution that transposes one of `geometry`, which leads back from the
/// larger picture: its stride becomes zeros between pixels.
///
/// H' = (H - 1) stride - pad_top - pad_bottom + dilation (Ky - 1) + 1 + more_rows
///
/// - more_rows, more_columns: what frameworks call output padding, rows and columns at the end
/// - errors: throws `Error` where padding is wider than the kernel, or zeros were between already
[[nodiscard]] inline WindowGeometry transposed(const WindowGeometry& geometry,
                                               std::size_t more_rows = 0,
                                               std::size_t more_columns = 0) {
  if (geometry.input_dilation != 1) {
    throw Error("A transposed convolution is transposed from one without input dilation");
  }
  const auto beyond = [](std::size_t taps, std::size_t dilation, std::size_t padding,
                         std::size_t more) {
    const std::size_t reach = (taps - 1) * dilation + more;
    if (reach < padding) {
      throw Error("A transposed convolution of " + std::to_string(taps) +
                  " taps along an axis cannot take off " + std::to_string(padding) +
                  " pixels at one side; take them off behind it");
    }
    return reach - padding;
  };
  const auto [down, across] = geometry.dilation;
  return {.kernel_height = geometry.kernel_height,
          .kernel_width = geometry.kernel_width,
          .pad_top = beyond(geometry.kernel_height, down, geometry.pad_top, 0),
          .pad_left = beyond(geometry.kernel_width, across, geometry.pad_left, 0),
          .pad_bottom = beyond(geometry.kernel_height, down, geometry.pad_bottom, more_rows),
          .pad_right = beyond(geometry.kernel_width, across, geometry.pad_right, more_columns),
          .dilation = geometry.dilation,
          .groups = geometry.groups,
          .input_dilation = geometry.stride};
}

/// The kernel [O, Ky, Kx, I / groups] of that convolution, from weights [I, O / groups, Ky, Kx] as
/// PyTorch and ONNX files hold them: taps in reverse.
///
/// - errors: throws `Error` for another rank, and where I is not in `groups`
[[nodiscard]] inline Tensor transposed_kernel(const Tensor& weights, std::size_t groups = 1) {
  const Shape& shape = weights.shape();
  if (shape.rank() != 4 || groups == 0 || shape[0] % groups != 0) {
    throw Error("Weights of shape " + to_string(shape) +
                " are none of a transposed convolution in " + std::to_string(groups) +
                " groups; give [I, O / groups, Ky, Kx]");
  }
  const std::size_t inputs = shape[0] / groups;
  const std::size_t outputs = shape[1];
  const std::size_t taps = shape[2] * shape[3];
  Tensor kernel({groups * outputs, shape[2], shape[3], inputs});
  const float* from = weights.data();
  for (std::size_t i = 0; i < shape[0]; ++i) {
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t tap = taps; tap-- > 0;) {
        kernel[((i / inputs * outputs + o) * taps + tap) * inputs + i % inputs] = *from++;
      }
    }
  }
  return kernel;
}

/// The inverse of `transposed_kernel`: weights [I, O / groups, Ky, Kx] of a kernel [O, Ky, Kx, I /
/// groups].
[[nodiscard]] inline Tensor transposed_weights(const Tensor& kernel, std::size_t groups = 1) {
  const Shape& shape = kernel.shape();
  const std::size_t inputs = shape[3];
  const std::size_t outputs = shape[0] / groups;
  const std::size_t taps = shape[1] * shape[2];
  Tensor weights({groups * inputs, outputs, shape[1], shape[2]});
  float* to = weights.data();
  for (std::size_t i = 0; i < groups * inputs; ++i) {
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t tap = taps; tap-- > 0;) {
        *to++ = kernel[((i / inputs * outputs + o) * taps + tap) * inputs + i % inputs];
      }
    }
  }
  return weights;
}

}  // namespace upset
