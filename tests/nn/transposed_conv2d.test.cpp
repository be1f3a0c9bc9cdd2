// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/conv2d.hpp>
#include <upset/nn/transposed_conv2d.hpp>

using namespace upset;
using namespace upset::test;

namespace {

// By the definition: every input pixel adds the kernel, scaled, to the output.
Tensor scattered(const Tensor& x, const Tensor& w, const WindowGeometry& g, std::size_t rows,
                 std::size_t columns) {
  const Shape& in = x.shape();
  const std::size_t inputs = in[3] / g.groups;
  const std::size_t outputs = w.shape()[1];
  Tensor y({in[0], rows, columns, outputs * g.groups});
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t channel = i % in[3];
    const std::size_t column = i / in[3] % in[2];
    const std::size_t row = i / in[3] / in[2] % in[1];
    const std::size_t b = i / in[3] / in[2] / in[1];
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t ky = 0; ky < g.kernel_height; ++ky) {
        for (std::size_t kx = 0; kx < g.kernel_width; ++kx) {
          const std::size_t at_y = row * g.stride.rows + ky * g.dilation.rows - g.pad_top;
          const std::size_t at_x = column * g.stride.columns + kx * g.dilation.columns - g.pad_left;
          if (at_y < rows && at_x < columns) {
            const std::size_t out = channel / inputs * outputs + o;
            y[((b * rows + at_y) * columns + at_x) * outputs * g.groups + out] +=
                x[i] * w[((channel * outputs + o) * g.kernel_height + ky) * g.kernel_width + kx];
          }
        }
      }
    }
  }
  return y;
}

}  // namespace

TEST_CASE("transposed convolutions: every pixel adds the kernel to the larger picture") {
  struct Case {
    WindowGeometry geometry;
    std::size_t more_rows = 0;
    std::size_t more_columns = 0;
  };
  const Case cases[] = {
      {WindowGeometry::square(2, 2)},
      {WindowGeometry::square(3, 1)},
      {WindowGeometry::square(3, 2, 1), 1, 1},
      {{.kernel_height = 3, .kernel_width = 2, .stride = {3, 2}, .pad_left = 1, .pad_bottom = 2},
       1,
       2},
      {{.kernel_height = 2,
        .kernel_width = 3,
        .stride = 2,
        .pad_top = 1,
        .dilation = {2, 1},
        .groups = 2},
       0,
       1},
  };
  for (const Case& at : cases) {
    const WindowGeometry& geometry = at.geometry;
    Values draw(1);
    const Tensor x = draw.steps({2, 4, 3, 6}, 4, 0.5F);
    const Tensor weights =
        draw.steps({6, 5, geometry.kernel_height, geometry.kernel_width}, 4, 0.5F);
    const Conv2d<> layer(transposed(geometry, at.more_rows, at.more_columns),
                         transposed_kernel(weights, geometry.groups),
                         Tensor({5 * geometry.groups}));
    const auto extent = [&](std::size_t Steps::*axis, std::size_t n, std::size_t taps,
                            std::size_t pads, std::size_t more) {
      return (n - 1) * geometry.stride.*axis + (taps - 1) * geometry.dilation.*axis + 1 + more -
             pads;
    };
    const std::size_t rows = extent(&Steps::rows, 4, geometry.kernel_height,
                                    geometry.pad_top + geometry.pad_bottom, at.more_rows);
    const std::size_t columns = extent(&Steps::columns, 3, geometry.kernel_width,
                                       geometry.pad_left + geometry.pad_right, at.more_columns);
    CHECK(forward(layer, x) == scattered(x, weights, geometry, rows, columns));
    CHECK(transposed_weights(layer.kernel(), geometry.groups) == weights);
  }
}

TEST_CASE("transposed convolutions: what they refuse") {
  CHECK(error_of([] { (void)transposed(WindowGeometry::square(2, 2, 2)); }) ==
        "A transposed convolution of 2 taps along an axis cannot take off 2 pixels at one side; "
        "take them off behind it");
  CHECK(!error_of([] { (void)transposed(transposed(WindowGeometry::square(2, 2))); }).empty());
  CHECK(error_of([] {
          (void)transposed_kernel(Tensor({3, 1, 2, 2}), 2);
        }) ==
        "Weights of shape [3, 1, 2, 2] are none of a transposed convolution in 2 groups; give "
        "[I, O / groups, Ky, Kx]");
}
