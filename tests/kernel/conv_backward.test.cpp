// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "support/naive_conv.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/conv_backward.hpp>

using namespace upset;
using upset::test::Values;

namespace {

// Whole numbers: every sum is exact, and a loss that is linear has exact differences.
struct Convolution {
  WindowGeometry geometry;
  Tensor kernel;
  Tensor bias;
  Tensor x;
  Tensor d_y;

  Convolution(const WindowGeometry& of, const Shape& picture, std::size_t outputs,
              std::size_t pictures)
      : geometry(of) {
    Values draw(7);
    kernel = draw.steps({outputs, of.kernel_height, of.kernel_width, picture[2] / of.groups}, 3, 1);
    bias = draw.steps({outputs}, 3, 1);
    x = draw.steps(picture.with_batch(pictures), 3, 1);
    d_y = draw.steps(forward().shape, 3, 1);
  }

  [[nodiscard]] test::NaiveConv forward() const {
    return test::naive_conv(x, kernel, bias, geometry);
  }
  [[nodiscard]] double loss() const {
    const std::vector<double> y = forward().values;
    return std::inner_product(y.begin(), y.end(), d_y.values().begin(), 0.0);
  }
  /// dL / d values[i], of one of the tensors above.
  [[nodiscard]] float slope(Tensor& values, std::size_t i) {
    const double before = loss();
    values[i] += 1;
    const double after = loss();
    values[i] -= 1;
    return static_cast<float>(after - before);
  }
};

void copy(std::span<const float> from, float* to) { std::ranges::copy(from, to); }

}  // namespace

TEST_CASE("conv_gradients: slopes of a loss that is linear in kernel, bias and input") {
  const WindowGeometry strided{.kernel_height = 3,
                               .kernel_width = 2,
                               .stride = 2,
                               .pad_top = 1,
                               .pad_right = 1,
                               .groups = 2};
  for (const std::size_t pictures : {std::size_t{1}, std::size_t{3}}) {
    Convolution subject(strided, {5, 4, 4}, 6, pictures);
    Tensor d_x(subject.x.shape());
    const ConvGradients d = conv_gradients(
        strided, subject.kernel, subject.x, subject.d_y, copy,
        [&](std::size_t first, std::span<float> part) { copy(part, d_x.data() + first); });
    for (std::size_t i = 0; i < subject.kernel.size(); i += 3) {
      CHECK(d.kernel[i] == subject.slope(subject.kernel, i));
    }
    for (std::size_t i = 0; i < subject.bias.size(); ++i) {
      CHECK(d.bias[i] == subject.slope(subject.bias, i));
    }
    for (std::size_t i = 0; i < subject.x.size(); i += 5) {
      CHECK(d_x[i] == subject.slope(subject.x, i));
    }
  }
}

TEST_CASE("conv_gradients: without a taker the other gradients are the same") {
  // more pictures than are taken at once
  Convolution subject(WindowGeometry::square(3, 1, 1), {16, 16, 2}, 3, 12);
  std::size_t taken = 0;
  const auto count = [&](std::size_t first, std::span<float> d) {
    CHECK(first == taken);
    taken += d.size();
  };
  const ConvGradients with =
      conv_gradients(subject.geometry, subject.kernel, subject.x, subject.d_y, copy, count);
  const ConvGradients without =
      conv_gradients(subject.geometry, subject.kernel, subject.x, subject.d_y, copy, nullptr);
  CHECK(taken == subject.x.size());
  CHECK(test::different_bits(with.kernel, without.kernel) == 0);
  CHECK(test::different_bits(with.bias, without.bias) == 0);
  CHECK(with.kernel[4] == subject.slope(subject.kernel, 4));
}
