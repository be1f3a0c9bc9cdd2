// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "support/gradient.hpp"
#include "support/naive_conv.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/conv2d.hpp>

using namespace upset;
using namespace upset::test;

namespace {

struct Case {
  WindowGeometry geometry;
  std::size_t in;
  std::size_t out;
  Shape picture;  // height, width
};

const Case cases[] = {
    {WindowGeometry::square(1), 3, 5, {5, 7}},
    {WindowGeometry::square(3, 1, 1), 3, 4, {6, 5}},
    {WindowGeometry::square(3, 2), 2, 3, {8, 7}},      // last column unused
    {WindowGeometry::square(5, 3, 2), 1, 17, {7, 9}},  // more outputs than a panel
    // asymmetric in everything
    {{.kernel_height = 2,
      .kernel_width = 3,
      .stride = 2,
      .pad_top = 1,
      .pad_left = 2,
      .pad_bottom = 0,
      .pad_right = 1},
     3,
     4,
     {5, 6}},
    {{.kernel_height = 3, .kernel_width = 2, .pad_bottom = 2, .dilation = 2}, 2, 3, {7, 5}},
    {{.kernel_height = 3,
      .kernel_width = 3,
      .stride = 2,
      .pad_top = 2,
      .pad_left = 2,
      .pad_bottom = 2,
      .pad_right = 2,
      .dilation = 2},
     3,
     2,
     {7, 6}},
    // groups, depthwise, depthwise with two outputs a channel
    {{.kernel_height = 3, .kernel_width = 3, .pad_top = 1, .groups = 2}, 4, 6, {5, 5}},
    {{.kernel_height = 3,
      .kernel_width = 3,
      .stride = 2,
      .pad_top = 1,
      .pad_left = 1,
      .pad_bottom = 1,
      .pad_right = 1,
      .groups = 5},
     5,
     5,
     {6, 7}},
    {{.kernel_height = 2, .kernel_width = 3, .dilation = 2, .groups = 3}, 3, 6, {6, 7}},
    // as wide as the picture: a dense layer
    {{.kernel_height = 3, .kernel_width = 4}, 2, 33, {3, 4}},
    // zeros between input pixels, as transposed convolutions have
    {{.kernel_height = 2,
      .kernel_width = 2,
      .pad_top = 1,
      .pad_left = 1,
      .pad_bottom = 1,
      .pad_right = 1,
      .input_dilation = 2},
     3,
     4,
     {3, 5}},
    {{.kernel_height = 3,
      .kernel_width = 2,
      .stride = 2,
      .pad_top = 2,
      .pad_left = 1,
      .groups = 2,
      .input_dilation = 3},
     4,
     2,
     {4, 3}},
};

Shape kernel_shape(const Case& c) {
  return {c.out, c.geometry.kernel_height, c.geometry.kernel_width, c.in / c.geometry.groups};
}
std::size_t depth(const Case& c) { return c.geometry.taps() * c.in / c.geometry.groups; }

Conv2d<> random_conv(const Case& c, std::uint32_t seed) {
  Values draw(seed);
  return Conv2d<>(c.geometry, draw.uniform(kernel_shape(c), -1, 1), draw.uniform({c.out}, -1, 1));
}
Tensor random_pictures(const Case& c, std::size_t batch, std::uint32_t seed) {
  return Values(seed).uniform({batch, c.picture[0], c.picture[1], c.in}, -1, 1);
}

}  // namespace

TEST_CASE("Conv2d: is the definition, for every kind of window") {
  for (const Case& c : cases) {
    const Conv2d<> conv = random_conv(c, 1);
    const Tensor x = random_pictures(c, 3, 2);
    const NaiveConv right = naive_conv(x, conv.kernel(), conv.bias(), c.geometry);
    const Tensor y = forward(conv, x);
    CAPTURE(to_string(kernel_shape(c)));
    CHECK(beyond_rounding(y, right, depth(c)) == 0);
    CHECK(output_shape(conv, {Shape{c.picture[0], c.picture[1], c.in}}) ==
          y.shape().without_batch());
  }
}

TEST_CASE("Conv2d: is the definition for random shapes") {
  Values draw(3);
  std::size_t wrong = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const std::size_t groups = 1 + draw.below(3);
    Case c{.geometry = {.kernel_height = 1 + draw.below(4),
                        .kernel_width = 1 + draw.below(4),
                        .stride = {1 + draw.below(3), 1 + draw.below(3)},
                        .pad_top = draw.below(3),
                        .pad_left = draw.below(3),
                        .pad_bottom = draw.below(3),
                        .pad_right = draw.below(3),
                        .dilation = {1 + draw.below(2), 1 + draw.below(2)},
                        .groups = groups,
                        .input_dilation = {1 + draw.below(2), 1 + draw.below(2)}},
           .in = groups * (1 + draw.below(4)),
           .out = groups * (1 + draw.below(9)),
           .picture = {7 + draw.below(4), 7 + draw.below(4)}};
    const Conv2d<> conv = random_conv(c, static_cast<std::uint32_t>(trial));
    const Tensor x = random_pictures(c, 2, static_cast<std::uint32_t>(trial + 1000));
    const NaiveConv right = naive_conv(x, conv.kernel(), conv.bias(), c.geometry);
    wrong += beyond_rounding(forward(conv, x), right, depth(c));
  }
  CHECK(wrong == 0);
}

TEST_CASE("Conv2d: a picture's output does not depend on its batch") {
  for (const Case& c : cases) {
    const Conv2d<> conv = random_conv(c, 4);
    const Tensor x = random_pictures(c, 5, 5);
    const Tensor y = forward(conv, x);
    for (std::size_t b = 0; b < 5; ++b) {
      CHECK(different_bits(y.row(b), forward(conv, picture(x, b)).row(0)) == 0);
    }
  }
}

TEST_CASE("Conv2d: large batches of large pictures, computed in blocks") {
  const Case c{WindowGeometry::square(3, 2, 1), 8, 3, {40, 41}};  // two pictures to a block
  const Conv2d<> conv = random_conv(c, 6);
  const Tensor x = random_pictures(c, 5, 7);
  const NaiveConv right = naive_conv(x, conv.kernel(), conv.bias(), c.geometry);
  const Tensor y = forward(conv, x);
  CHECK(beyond_rounding(y, right, depth(c)) == 0);
  CHECK(different_bits(y.row(4), forward(conv, picture(x, 4)).row(0)) == 0);
}

TEST_CASE("Conv2d: backward is exactly that of differences, for every kind of window") {
  // Multiples of 1/8 and 1/16 below 1: a product is a multiple of 2^-7, and sums of fewer than 2^17
  // of them are exact. The output is linear in each value, so the differences are exact too.
  for (const Case& c : cases) {
    Values draw(8);
    const Conv2d<> conv(c.geometry, draw.steps(kernel_shape(c), 8, 0.125F),
                        draw.steps({c.out}, 8, 0.125F));
    const Tensor x = draw.steps({2, c.picture[0], c.picture[1], c.in}, 16, 0.0625F);
    const GradientReport report = check_gradients(conv, x, {.step = 0.25F});
    CAPTURE(to_string(kernel_shape(c)));
    CHECK_MESSAGE(report.wrong == 0, report.first);
    CHECK(report.compared > conv.kernel().size() + x.size());
  }
}

TEST_CASE("Conv2d: backward works in blocks as it does at once") {
  const Case c{WindowGeometry::square(3, 1, 1), 2, 3, {33, 34}};  // more than 1024 outputs each
  Values draw(9);
  Conv2d<> conv(c.geometry, draw.steps(kernel_shape(c), 8, 0.125F), Tensor({c.out}));
  const Tensor x = draw.steps({3, c.picture[0], c.picture[1], c.in}, 8, 0.125F);
  const Tensor d_y = draw.steps({3, 33, 34, 3}, 2, 0.5F);
  const auto gradients_of = [&](const Tensor& some, const Tensor& d_some, std::vector<Tensor>& d) {
    Tensor d_x(some.shape());
    Tensor* const asked[] = {&d_x};
    const Tensor* const inputs[] = {&some};
    Gradients gradients{d, asked};
    conv.backward(inputs, d_some, d_some, gradients);
    return d_x;
  };
  std::vector<Tensor> together{Tensor(conv.kernel().shape()), Tensor({c.out})};
  std::vector<Tensor> in_turn = together;
  const Tensor d_x = gradients_of(x, d_y, together);
  for (std::size_t b = 0; b < 3; ++b) {
    const Tensor one = gradients_of(picture(x, b), picture(d_y, b), in_turn);
    CHECK(different_bits(d_x.row(b), one.row(0)) == 0);
  }
  CHECK(together[0] == in_turn[0]);  // exact sums, so their order does not matter
  CHECK(together[1] == in_turn[1]);
}

TEST_CASE("Conv2d: a transposed convolution spreads each pixel over the output") {
  // y[s i + k - p] += x[i] w[k], by scattering; as a Conv2d it has s - 1 zeros between pixels, K -
  // 1
  // - p of padding, and the kernel turned round
  const std::size_t stride = 2;
  const std::size_t kernel = 3;
  const std::size_t padding = 1;
  Values draw(10);
  const Tensor x = draw.steps({2, 4, 5, 3}, 8, 0.125F);
  const Tensor w = draw.steps({2, kernel, kernel, 3}, 8, 0.125F);
  const std::size_t height = (4 - 1) * stride + kernel - 2 * padding;
  const std::size_t width = (5 - 1) * stride + kernel - 2 * padding;
  Tensor right({2, height, width, 2});
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % 3;
    const std::size_t ix = i / 3 % 5;
    const std::size_t iy = i / 15 % 4;
    const std::size_t b = i / 60;
    for (std::size_t k = 0; k < kernel * kernel; ++k) {
      const std::size_t oy = iy * stride + k / kernel - padding;
      const std::size_t ox = ix * stride + k % kernel - padding;
      for (std::size_t o = 0; o < 2 && oy < height && ox < width; ++o) {
        right[((b * height + oy) * width + ox) * 2 + o] +=
            x[i] * w[(o * kernel * kernel + k) * 3 + c];
      }
    }
  }
  Tensor turned(w.shape());
  for (std::size_t o = 0; o < 2; ++o) {
    for (std::size_t k = 0; k < kernel * kernel; ++k) {
      for (std::size_t c = 0; c < 3; ++c) {
        turned[(o * 9 + k) * 3 + c] = w[(o * 9 + 8 - k) * 3 + c];
      }
    }
  }
  WindowGeometry geometry = WindowGeometry::square(kernel, 1, kernel - 1 - padding);
  geometry.input_dilation = stride;
  CHECK(forward(Conv2d<>(geometry, turned, Tensor({2})), x) == right);
}

TEST_CASE("Conv2d: a scale per output channel serves that channel") {
  const std::size_t out = 3;
  Tensor kernel = Values(11).uniform({out, 3, 3, 2}, -1, 1);
  for (std::size_t i = 0; i < 18; ++i) {
    kernel[18 + i] *= 100;  // channel 1
  }
  const WindowGeometry geometry = WindowGeometry::square(3);
  Conv2d<Int8Affine, Float32> shared(geometry, kernel, Tensor({out}));
  Conv2d<Int8Affine, Float32> separate(geometry, kernel, Tensor({out}), Granularity::per_channel);
  CHECK(shared.images()[0].image->layout().scales == 1);
  CHECK(separate.images()[0].image->layout().scales == out);
  const auto worst_error = [&](auto& conv, std::size_t first, std::size_t last) {
    std::vector<float> stored(kernel.size());
    conv.images()[0].image->decode(stored);
    double worst = 0;
    for (std::size_t i = first; i < last; ++i) {
      worst = std::max(worst,
                       std::abs(static_cast<double>(stored[i]) - static_cast<double>(kernel[i])));
    }
    return worst;
  };
  // half a step of magnitude / 127 where the magnitude is below 1, and of the shared 100 / 127
  CHECK(worst_error(separate, 0, 18) <= 0.5 / 127 * 1.001);
  CHECK(worst_error(shared, 0, 18) > 5 * worst_error(separate, 0, 18));
  // and forward uses what is stored
  const Tensor x = Values(12).uniform({2, 5, 5, 2}, -1, 1);
  Tensor stored(kernel.shape());
  separate.images()[0].image->decode(stored.values());
  CHECK(different_bits(forward(separate, x),
                       forward(Conv2d<>(geometry, stored, Tensor({out})), x)) == 0);
}

TEST_CASE("Conv2d: refuses kernels and pictures that do not fit, in one sentence each") {
  const auto refused = [](const WindowGeometry& g, const Shape& kernel, const Shape& bias) {
    return error_of([&] { Conv2d<>(g, Tensor(kernel), Tensor(bias)); });
  };
  const WindowGeometry g = WindowGeometry::square(3);
  CHECK(refused(g, {4, 3, 2, 5}, {4}) ==
        "a kernel of shape [4, 3, 2, 5] does not fit 3x3 taps in 1 groups; give [O, Ky, Kx, "
        "I/groups]");
  CHECK(!refused(g, {4, 3, 3}, {4}).empty());
  CHECK(refused(g, {0, 3, 3, 1}, {0}) ==
        "a layer without output channels computes nothing; give one channel, or class");
  CHECK(refused(g, {4, 3, 3, 5}, {3}) == "a bias of shape [3] does not fit 4 output channels");
  WindowGeometry grouped = g;
  grouped.groups = 3;
  CHECK(!refused(grouped, {4, 3, 3, 5}, {4}).empty());
  CHECK(refused(grouped, {6, 3, 3, 5}, {6}).empty());
  grouped.groups = 2;
  CHECK(error_of([&] { (void)Conv2d<>::zeros(5, 4, grouped); }) ==
        "5 input channels cannot be shared by 2 groups; give a multiple of the groups");
  grouped.groups = 0;
  CHECK(!error_of([&] { (void)Conv2d<>::zeros(6, 6, grouped); }).empty());
  CHECK(error_of([&] {
          Conv2d<Int8Affine>(g, Tensor({4, 3, 3, 5}), Tensor({4}), std::vector<AffineScale>(2));
        }) == "2 scales do not fit 4 output channels; give one, or one per channel");

  const Conv2d<> conv = Conv2d<>::zeros(5, 4, g);
  CHECK(refusal(conv, {Shape{8, 8, 3}}) ==
        "Conv2d takes pictures of 5 channels [H, W, C], not [8, 8, 3]");
  CHECK(refusal(conv, {Shape{40}}) == "Conv2d takes pictures of 5 channels [H, W, C], not [40]");
  CHECK(refusal(conv, {Shape{8, 2, 5}}) ==
        "a window of 3x3 pixels does not fit an image of 8x2, padding included");
  CHECK(refusal(conv, {Shape{8, 8, 5}, Shape{8, 8, 5}}) == "Conv2d takes one input, not 2");
}
