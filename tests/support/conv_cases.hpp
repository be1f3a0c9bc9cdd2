// SPDX-License-Identifier: BSL-1.0
/// Convolutions of every kind, small enough to be checked product by product.
#pragma once

#include <cstddef>
#include <vector>

#include "values.hpp"

#include <upset/kernel/window.hpp>
#include <upset/nn/conv2d.hpp>

namespace upset::test {

struct ConvCase {
  WindowGeometry geometry;
  Shape picture;  // [H, W, I]
  std::size_t outputs;
};

inline const std::vector<ConvCase> conv_cases{
    {WindowGeometry::square(1), {5, 7, 3}, 5},
    {WindowGeometry::square(3, 1, 1), {8, 8, 6}, 17},
    {WindowGeometry::square(3, 2, 1), {7, 6, 4}, 10},
    {{.kernel_height = 2,
      .kernel_width = 3,
      .stride = {2, 3},
      .pad_top = 1,
      .pad_left = 2,
      .pad_right = 1},
     {5, 6, 3},
     4},
    {{}, {1, 1, 70}, 33},  // a dense layer
};

/// With random weights; scales of activations fit values within +-1.5.
template <class Conv>
[[nodiscard]] Conv conv_of(const ConvCase& at, Values& values) {
  const WindowGeometry& g = at.geometry;
  const Shape kernel{at.outputs, g.kernel_height, g.kernel_width, at.picture[2]};
  Conv conv(g, values.uniform(kernel, -1.0F, 1.0F), values.uniform({at.outputs}, -0.5F, 0.5F));
  const Tensor seen = values.uniform(at.picture.with_batch(4), -1.5F, 1.5F);
  const Tensor* const only = &seen;
  conv.calibrate({&only, 1});
  return conv;
}

}  // namespace upset::test
