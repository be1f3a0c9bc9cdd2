// SPDX-License-Identifier: BSL-1.0
#include "support/gradient.hpp"
#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/subsample.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Subsample: takes every second pixel and puts channels of zeros around") {
  Tensor x({2, 3, 4, 2});
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i + 1);
  }
  const Tensor y = forward(Subsample(2, 1, 2), x);
  CHECK(y.shape() == Shape{2, 2, 2, 5});
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t c = i % 5;
    const std::size_t column = i / 5 % 2;
    const std::size_t row = i / 10 % 2;
    const std::size_t b = i / 20;
    const float right = c < 1 || c > 2 ? 0.0F : x[((b * 3 + 2 * row) * 4 + 2 * column) * 2 + c - 1];
    wrong += y[i] == right ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("Subsample: gives its gradient back to the pixels taken") {
  const Tensor x({1, 3, 3, 1}, 1.0F);
  const Subsample layer(2, 0, 1);
  const Tensor y = forward(layer, x);
  Tensor d_y(y.shape());
  for (std::size_t i = 0; i < d_y.size(); ++i) {
    d_y[i] = static_cast<float>(i + 1);
  }
  Tensor d_x(x.shape());
  Tensor* sink = &d_x;
  const Tensor* const only = &x;
  Gradients gradients{{}, {&sink, 1}};
  layer.backward({&only, 1}, y, d_y, gradients);
  CHECK(d_x == Tensor({1, 3, 3, 1}, {1, 0, 3, 0, 0, 0, 5, 0, 7}));
}

TEST_CASE("Subsample: refuses what is no picture, and a stride of zero") {
  const Shape flat{5};
  CHECK(error_of([&] {
          (void)Subsample(2, 0, 0).output_shape({&flat, 1});
        }) == "Subsample takes pictures [H, W, C], not [5]");
  CHECK(!error_of([] { (void)Subsample(0, 0, 0); }).empty());
}
