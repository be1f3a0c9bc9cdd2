// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "support/gradient.hpp"
#include "support/naive_conv.hpp"
#include <doctest/doctest.h>

#include <upset/nn/pooling.hpp>

using namespace upset;
using namespace upset::test;

namespace {

const WindowGeometry geometries[] = {
    WindowGeometry::square(2, 2),
    WindowGeometry::square(3, 2),     // overlapping, and a last column unused or not
    WindowGeometry::square(3, 1, 1),  // padded
    WindowGeometry::square(1, 3),     // picks single pixels
    {.kernel_height = 2, .kernel_width = 4, .stride = {3, 2}, .pad_left = 3, .pad_bottom = 1},
    {.kernel_height = 3, .kernel_width = 2, .stride = 2, .pad_top = 1, .dilation = {2, 3}},
};

// The pixels of every window by the definition, [B, H', W', C] outputs outermost.
std::vector<std::vector<float>> windows_of(const Tensor& x, const WindowGeometry& g) {
  const Shape& in = x.shape();
  const std::size_t height =
      naive_extent(in[1], g.kernel_height, g.pad_top, g.pad_bottom, g, &Steps::rows);
  const std::size_t width =
      naive_extent(in[2], g.kernel_width, g.pad_left, g.pad_right, g, &Steps::columns);
  std::vector<std::vector<float>> all;
  for (std::size_t b = 0; b < in[0]; ++b) {
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t column = 0; column < width; ++column) {
        for (std::size_t c = 0; c < in[3]; ++c) {
          std::vector<float>& pixels = all.emplace_back();
          for (std::size_t ky = 0; ky < g.kernel_height; ++ky) {
            for (std::size_t kx = 0; kx < g.kernel_width; ++kx) {
              const std::size_t row = y * g.stride.rows + ky * g.dilation.rows - g.pad_top;
              const std::size_t at =
                  column * g.stride.columns + kx * g.dilation.columns - g.pad_left;
              if (row < in[1] && at < in[2]) {  // below zero is far above
                pixels.push_back(x[((b * in[1] + row) * in[2] + at) * in[3] + c]);
              }
            }
          }
        }
      }
    }
  }
  return all;
}

// All values different, so that the largest of a window has no rival within the step.
Tensor distinct(const Shape& shape, std::uint32_t seed) {
  Tensor x(shape);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = 0.25F * static_cast<float>(i) - 8.0F;
  }
  Values draw(seed);
  for (std::size_t i = x.size(); i > 1; --i) {
    std::swap(x[i - 1], x[draw.below(i)]);
  }
  return x;
}

}  // namespace

TEST_CASE("MaxPool: takes the largest real pixel of each window") {
  std::size_t wrong = 0;
  for (const WindowGeometry& g : geometries) {
    const Tensor x = Values(1).uniform({3, 7, 9, 5}, -2, -1);  // padding as zeros would win
    const Tensor y = forward(MaxPool(g), x);
    const auto windows = windows_of(x, g);
    REQUIRE(y.size() == windows.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      wrong += y[i] == *std::ranges::max_element(windows[i]) ? 0U : 1U;
    }
    CHECK(y.shape().without_batch() == output_shape(MaxPool(g), {Shape{7, 9, 5}}));
  }
  CHECK(wrong == 0);
}

TEST_CASE("MaxPool: a NaN wins wherever it lies, and minus infinity can be the largest") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (std::size_t at = 0; at < 4; ++at) {
    Tensor x({1, 2, 2, 1}, {1, 2, 3, infinity});
    x[at] = std::nanf("");
    CHECK(std::isnan(forward(MaxPool(2), x)[0]));
  }
  CHECK(forward(MaxPool(2), Tensor({1, 2, 2, 1}, -infinity))[0] == -infinity);
}

TEST_CASE("MaxPool: of equal pixels the first gets the gradient, and it gets it once") {
  const Tensor x({1, 2, 2, 1}, {1, 5, 5, 5});
  const Tensor y = forward(MaxPool(2), x);
  const Tensor d_y({1, 1, 1, 1}, 3.0F);
  Tensor d_x(x.shape());
  const Tensor* const inputs[] = {&x};
  Tensor* const asked[] = {&d_x};
  Gradients gradients{{}, asked};
  MaxPool(2).backward(inputs, y, d_y, gradients);
  CHECK(d_x == Tensor({1, 2, 2, 1}, {0, 3, 0, 0}));
}

TEST_CASE("AveragePool: means the real pixels of each window and counts no others") {
  std::size_t wrong = 0;
  for (const WindowGeometry& g : geometries) {
    const Tensor x = Values(2).uniform({3, 7, 9, 5}, 1, 2);
    const Tensor y = forward(AveragePool(g), x);
    const auto windows = windows_of(x, g);
    REQUIRE(y.size() == windows.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      double sum = 0;
      for (const float pixel : windows[i]) {
        sum += static_cast<double>(pixel);
      }
      // sums of at most 12 floats are exact in double; what is left is one rounding to float
      wrong += y[i] == static_cast<float>(sum / static_cast<double>(windows[i].size())) ? 0U : 1U;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("GlobalAveragePool: means each channel over the picture") {
  const Tensor x = Values(3).uniform({3, 5, 7, 4}, -1, 1);
  const Tensor y = forward(GlobalAveragePool{}, x);
  REQUIRE(y.shape() == Shape{3, 4});
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    double sum = 0;
    for (std::size_t pixel = 0; pixel < 35; ++pixel) {
      sum += static_cast<double>(x[(i / 4 * 35 + pixel) * 4 + i % 4]);
    }
    wrong += y[i] == static_cast<float>(sum / 35) ? 0U : 1U;
  }
  CHECK(wrong == 0);
  CHECK(forward(GlobalAveragePool{}, Tensor({1, 3, 2}, {1, 10, 2, 20, 6, 60})) ==
        Tensor({1, 2}, {3, 30}));
}

TEST_CASE("pools: a sum beyond float's range is infinite, though its mean would not be") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const Tensor x({1, 2, 2, 2}, {1e38F, -1e38F, 1e38F, -1e38F, 1e38F, -1e38F, 1e38F, 1e38F});
  CHECK(forward(GlobalAveragePool{}, x) == Tensor({1, 2}, {infinity, -5e37F}));
  CHECK(forward(AveragePool(2), x) == Tensor({1, 1, 1, 2}, {infinity, -5e37F}));
}

TEST_CASE("pools: backward agrees with differences") {
  for (const WindowGeometry& g : geometries) {
    // windows of one largest pixel: linear within the step, so exact
    GradientReport report = check_gradients(MaxPool(g), distinct({2, 5, 7, 2}, 4));
    CHECK_MESSAGE(report.wrong == 0, report.first);
    // a mean below 2 in magnitude, rounded once
    report = check_gradients(AveragePool(g), Values(5).uniform({2, 5, 7, 2}, -1, 1),
                             {.step = 1.0F, .rounding = 0x1p-24});
    CHECK_MESSAGE(report.wrong == 0, report.first);
  }
  // 16 pixels: the mean is exact
  const GradientReport report =
      check_gradients(GlobalAveragePool{}, Values(6).steps({2, 2, 8, 3}, 9, 0.25F));
  CHECK_MESSAGE(report.wrong == 0, report.first);
}

TEST_CASE("pools: a picture's output does not depend on its batch") {
  const Tensor x = Values(7).uniform({4, 7, 9, 3}, -1, 1);
  for (std::size_t b = 0; b < 4; ++b) {
    const Tensor one = picture(x, b);
    CHECK(different_bits(forward(MaxPool(3, 2), x).row(b), forward(MaxPool(3, 2), one).row(0)) ==
          0);
    CHECK(different_bits(forward(AveragePool(3, 2), x).row(b),
                         forward(AveragePool(3, 2), one).row(0)) == 0);
    CHECK(different_bits(forward(GlobalAveragePool{}, x).row(b),
                         forward(GlobalAveragePool{}, one).row(0)) == 0);
  }
}

TEST_CASE("pools: shapes, and the sentences that refuse them") {
  CHECK(output_shape(MaxPool(2), {Shape{7, 6, 3}}) == Shape{3, 3, 3});
  CHECK(output_shape(AveragePool(3, 2), {Shape{7, 6, 3}}) == Shape{3, 2, 3});
  CHECK(output_shape(GlobalAveragePool{}, {Shape{7, 6, 3}}) == Shape{3});
  CHECK(refusal(MaxPool(2), {Shape{49}}) == "MaxPool takes pictures [H, W, C], not [49]");
  CHECK(refusal(AveragePool(2), {Shape{4, 4, 1}, Shape{4, 4, 1}}) ==
        "AveragePool takes one input, not 2");
  CHECK(refusal(MaxPool(5), {Shape{4, 4, 1}}) ==
        "a window of 5x5 pixels does not fit an image of 4x4, padding included");
  CHECK(refusal(GlobalAveragePool{}, {Shape{3}}) ==
        "GlobalAveragePool takes pictures [H, W, C] of one pixel at least, not [3]");
}

TEST_CASE("AveragePool: counts padding where that is asked for") {
  const AveragePool layer(WindowGeometry::square(3, 2, 1), Divisor::taps);
  const Tensor y = forward(layer, Tensor({1, 3, 3, 1}, 9.0F));
  CHECK(y == Tensor({1, 2, 2, 1}, {4, 4, 4, 4}));  // four of nine taps lie on pixels
  const GradientReport report =
      check_gradients(layer, Values(5).steps({2, 4, 5, 3}, 9, 1.0F), {.rounding = 0x1p-22});
  CHECK_MESSAGE(report.wrong == 0, report.first);
}
