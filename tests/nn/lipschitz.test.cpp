// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/draws.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/int8_affine.hpp>
#include <upset/nn/lipschitz.hpp>
#include <upset/nn/softmax.hpp>

namespace upset {
namespace {

using Vector = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr std::size_t steps = test::draws(80, 8);

[[nodiscard]] double norm(const Vector& x) {
  double squares = 0;
  for (const double value : x) {
    squares += value * value;
  }
  return std::sqrt(squares);
}

// By how much a linear map stretches what it stretches most, from below: power iteration.
[[nodiscard]] double largest_stretch(std::size_t size, test::Values& values,
                                     const std::function<Vector(const Vector&)>& map,
                                     const std::function<Vector(const Vector&)>& adjoint) {
  Vector x(size);
  for (double& value : x) {
    value = static_cast<double>(values.uniform(-1.0F, 1.0F));
  }
  double stretch = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    const double length = norm(x);
    for (double& value : x) {
      value /= length;
    }
    const Vector y = map(x);
    stretch = norm(y);
    x = adjoint(y);
  }
  return stretch;
}

// A convolution as a list of its products, each of an input, an output and a weight.
struct Product {
  std::size_t input;
  std::size_t output;
  double weight;
};
[[nodiscard]] double stretch_of(const Tensor& kernel, const Shape& picture, std::size_t stride,
                                std::size_t pad, test::Values& values) {
  const Shape& k = kernel.shape();
  const std::size_t height = (picture[0] + 2 * pad - k[1]) / stride + 1;
  const std::size_t width = (picture[1] + 2 * pad - k[2]) / stride + 1;
  std::vector<Product> products;
  for (std::size_t w = 0; w < kernel.size(); ++w) {
    const std::size_t i = w % k[3];
    const std::size_t tap_x = w / k[3] % k[2];
    const std::size_t tap_y = w / k[3] / k[2] % k[1];
    const std::size_t o = w / k[3] / k[2] / k[1];
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        const std::size_t row = y * stride + tap_y;
        const std::size_t column = x * stride + tap_x;
        if (row >= pad && row < picture[0] + pad && column >= pad && column < picture[1] + pad) {
          products.push_back({((row - pad) * picture[1] + column - pad) * k[3] + i,
                              (y * width + x) * k[0] + o, static_cast<double>(kernel[w])});
        }
      }
    }
  }
  const auto map = [&](const Vector& x) {
    Vector y(height * width * k[0], 0.0);
    for (const Product& product : products) {
      y[product.output] += product.weight * x[product.input];
    }
    return y;
  };
  const auto adjoint = [&](const Vector& y) {
    Vector x(picture.size(), 0.0);
    for (const Product& product : products) {
      x[product.input] += product.weight * y[product.output];
    }
    return x;
  };
  return largest_stretch(picture.size(), values, map, adjoint);
}

TEST_CASE("spectral norm: above the largest singular value by the 32nd root of the columns") {
  test::Values values(1);
  for (const std::size_t rows : {1U, 3U, 12U}) {
    for (const std::size_t columns : {1U, 2U, 9U}) {
      CAPTURE(rows);
      CAPTURE(columns);
      // singular values by construction: u v^T, u and v complex
      Vector u(2 * rows);
      Vector v(2 * columns);
      for (double& value : u) {
        value = static_cast<double>(values.uniform(-3.0F, 3.0F));
      }
      for (double& value : v) {
        value = static_cast<double>(values.uniform(-3.0F, 3.0F));
      }
      Vector real(rows * columns);
      Vector imaginary(rows * columns);
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < columns; ++c) {
          real[r * columns + c] = u[2 * r] * v[2 * c] - u[2 * r + 1] * v[2 * c + 1];
          imaginary[r * columns + c] = u[2 * r] * v[2 * c + 1] + u[2 * r + 1] * v[2 * c];
        }
      }
      CHECK(detail::spectral_norm_bound(real, imaginary, rows, columns) ==
            doctest::Approx(norm(u) * norm(v)).epsilon(1e-9));
    }
  }
  // n equal ones, where the trace is n times as large
  for (const std::size_t n : {1U, 4U, 32U}) {
    Vector unit(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      unit[i * n + i] = -5;
    }
    CHECK(detail::spectral_norm_bound(unit, Vector(n * n, 0.0), n, n) ==
          doctest::Approx(5 * std::pow(static_cast<double>(n), 1.0 / 32)).epsilon(1e-9));
  }
  CHECK(detail::spectral_norm_bound(Vector(6, 0.0), Vector(6, 0.0), 2, 3) == 0);
}

TEST_CASE("convolution norm: of known kernels") {
  // nine ones stretch a grey plane by nine; between points of the grid lies a cosine per axis
  const double slack = std::cos(std::acos(-1.0) / 12);
  CHECK(detail::convolution_norm_bound(Tensor({1, 3, 3, 1}, 1.0F)) ==
        doctest::Approx(9 / (slack * slack)));
  CHECK(detail::convolution_norm_bound(Tensor({1, 1, 1, 1}, -2.0F)) == doctest::Approx(2));
  CHECK(detail::convolution_norm_bound(Tensor({1, 1, 5, 1}, 1.0F)) == doctest::Approx(5 / slack));
  CHECK(detail::convolution_norm_bound(Tensor({2, 3, 3, 2})) == 0);
}

TEST_CASE("convolution norm: above what power iteration finds, and not far above") {
  test::Values values(2);
  struct Case {
    Shape kernel;
    std::size_t stride;
    std::size_t pad;
  };
  for (const Case& at :
       {Case{{8, 3, 3, 3}, 1, 1}, Case{{3, 3, 3, 8}, 1, 1}, Case{{4, 1, 1, 6}, 1, 0},
        Case{{4, 5, 3, 2}, 1, 2}, Case{{3, 2, 2, 4}, 1, 1}, Case{{6, 3, 3, 4}, 2, 1},
        Case{{4, 1, 1, 5}, 2, 0}}) {
    CAPTURE(to_string(at.kernel));
    CAPTURE(at.stride);
    const Tensor kernel = values.uniform(at.kernel, -1.0F, 1.0F);
    const double bound = detail::convolution_norm_bound(kernel);
    const double stretch = stretch_of(kernel, {12, 12, at.kernel[3]}, at.stride, at.pad, values);
    CHECK(stretch <= bound * (1 + 1e-9));
    CHECK(stretch <= detail::magnitude_norm_bound(kernel) * (1 + 1e-9));
#ifdef __OPTIMIZE__  // after few steps the iteration is not there yet
    if (at.stride == 1) {
      CHECK(bound <= 1.5 * stretch);
    }
#endif
  }
}

// Powers of a matrix of this side would take minutes.
TEST_CASE("lipschitz bound: of wide layers, from the magnitudes of their weights") {
  constexpr std::size_t wide = 2048;
  Tensor weight({wide, wide}, 0.5F);
  CHECK(lipschitz_bound(Dense<>(weight, Tensor({wide})), Shape{wide}) ==
        doctest::Approx(0.5 * wide));  // equal weights stretch a vector of ones by so much
  for (std::size_t i = 0; i < wide; ++i) {
    weight[7 * wide + i] = -2;
  }
  // into output 7 go 2 * wide, out of an input 0.5 * wide + 1.5
  const double bound = lipschitz_bound(Dense<>(weight, Tensor({wide})), Shape{wide});
  CHECK(bound == doctest::Approx(std::sqrt(2.0 * wide * (0.5 * wide + 1.5))));
  CHECK(bound >= 2 * std::sqrt(static_cast<double>(wide)));
  CHECK(std::isfinite(lipschitz_bound(
      Conv2d<>(WindowGeometry::square(3, 1, 1), Tensor({512, 3, 3, 512}, 0.1F), Tensor({512})),
      Shape{4, 4, 512})));
}

[[nodiscard]] double distance(const Tensor& a, const Tensor& b) {
  Vector differences;
  for (std::size_t i = 0; i < a.size(); ++i) {
    differences.push_back(static_cast<double>(a[i]) - static_cast<double>(b[i]));
  }
  return norm(differences);
}

// The largest stretch of random changes of one input, of all values or of few.
[[nodiscard]] double random_stretch(const AnyLayer& layer, const Shape& input, std::size_t inputs,
                                    test::Values& values) {
  double largest = 0;
  for (std::size_t trial = 0; trial < 40; ++trial) {
    std::vector<Tensor> x;
    for (std::size_t n = 0; n < inputs; ++n) {
      x.push_back(values.uniform(input.with_batch(1), -2.0F, 2.0F));
    }
    std::vector<const Tensor*> pointers;
    for (const Tensor& tensor : x) {
      pointers.push_back(&tensor);
    }
    const Tensor y = layer.forward(pointers, {});
    Tensor& changed = x[trial % inputs];
    const Tensor before = changed;
    const std::size_t rarity = trial % 2 == 0 ? 1 : 20;
    changed[values.below(changed.size())] += 0.5F;
    for (float& value : changed.values()) {
      value += values.below(rarity) == 0 ? values.uniform(-1.0F, 1.0F) : 0.0F;
    }
    largest =
        std::max(largest, distance(layer.forward(pointers, {}), y) / distance(changed, before));
  }
  return largest;
}

TEST_CASE("lipschitz bound: no random change is stretched by more") {
  test::Values values(3);
  const Shape shape{6, 6, 4};
  struct Case {
    AnyLayer layer;
    std::size_t inputs = 1;
  };
  const WindowGeometry asymmetric{.kernel_height = 3, .kernel_width = 2, .stride = 2, .pad_top = 2};
  const std::vector<Case> layers{
      {Conv2d<>(WindowGeometry::square(3, 1, 1), values.uniform({5, 3, 3, 4}, -1, 1),
                values.uniform({5}, -1, 1))},
      {Conv2d<>(asymmetric, values.uniform({5, 3, 2, 4}, -1, 1), values.uniform({5}, -1, 1))},
      {Conv2d<>({.kernel_height = 3, .kernel_width = 3, .dilation = 2},
                values.uniform({5, 3, 3, 4}, -1, 1), values.uniform({5}, -1, 1))},
      {Dense<>(values.uniform({7, 144}, -1, 1), values.uniform({7}, -1, 1))},
      {BatchNorm<>(values.uniform({4}, -2, 2), values.uniform({4}, -1, 1),
                   values.uniform({4}, -1, 1), values.uniform({4}, 0.1F, 2))},
      {GlobalAveragePool{}},
      {AveragePool(2)},
      {AveragePool(2, 3)},
      {MaxPool(3)},
      {MaxPool(2, 3)},
      {ReLU{}},
      {CentredReLU(0.5F)},
      {HardTanh{}},
      {Sigmoid{}},
      {HardSigmoid{}},
      {HardSigmoid(0.75F, 0.5F)},
      {Tanh{}},
      {Clip(-0.5F, 0.25F)},
      {ChannelClip(values.uniform({4}, -1, 0), values.uniform({4}, 0, 1))},
      {Add{}, 2},
      {Add{}, 3},
      {Concatenate{}, 2},
      {Flatten{}},
      {Reshape({6, 24})},
      {Subsample(2, 1, 1)},
  };
  for (const Case& at : layers) {
    CAPTURE(at.layer.kind());
    const double bound = lipschitz_bound(at.layer, shape);
    REQUIRE(std::isfinite(bound));
    // the floats of y are off by a few 2^-24 of values that changes are no smaller than
    const double stretch = random_stretch(at.layer, shape, at.inputs, values);
    CHECK(stretch <= bound * (1 + 1e-5));
    CHECK(stretch > 0);
  }
}

TEST_CASE("lipschitz bound: reached where it can be") {
  // one channel of a batch norm
  const BatchNorm<> batch_norm(Tensor({2}, std::vector<float>{3.0F, -4.0F}), Tensor({2}),
                               Tensor({2}), Tensor({2}, std::vector<float>{4.0F, 1.0F}));
  CHECK(lipschitz_bound(batch_norm, {4, 4, 2}) == doctest::Approx(4).epsilon(1e-4));
  // all pixels by as much
  CHECK(lipschitz_bound(GlobalAveragePool{}, {4, 8, 3}) ==
        doctest::Approx(1 / std::sqrt(32.0)).epsilon(1e-12));
  // one singular value
  CHECK(lipschitz_bound(Dense<>(Tensor({1, 4}, 3.0F), Tensor({1})), {4}) == doctest::Approx(6));
  CHECK(lipschitz_bound(ReLU{}, {4}) == 1);
}

TEST_CASE("lipschitz bound: none for what rounds, jumps or overlaps") {
  const Shape shape{6, 6, 4};
  const WindowGeometry window = WindowGeometry::square(3);
  CHECK(lipschitz_bound(Conv2d<Int8Affine>::zeros(4, 4, window), shape) == infinity);
  CHECK(lipschitz_bound(Dense<Int8Affine>::zeros(144, 4), shape) == infinity);
  CHECK(lipschitz_bound(Conv2d<>::zeros(4, 4, {.groups = 2}), shape) == infinity);
  CHECK(lipschitz_bound(Conv2d<>::zeros(4, 4, {.input_dilation = 2}), shape) == infinity);
  CHECK(lipschitz_bound(MaxPool(3, 2), shape) == infinity);
  CHECK(lipschitz_bound(AveragePool(3, 1), shape) == infinity);
  CHECK(lipschitz_bound(ClippedReLU(6), shape) == infinity);
  CHECK(lipschitz_bound(Softmax{}, {10}) == infinity);
}

TEST_CASE("lipschitz bound: none where a weight is not finite") {
  for (const float weight :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    CAPTURE(weight);
    for (const std::size_t channels : {2U, 300U}) {  // the second too wide for powers
      CAPTURE(channels);
      Tensor kernel({channels, 3, 3, channels});
      kernel[1] = 1;
      kernel[4] = weight;
      const Conv2d<> conv(WindowGeometry::square(3), kernel, Tensor({channels}));
      CHECK(lipschitz_bound(conv, {4, 4, channels}) == infinity);
    }
    const Dense<> dense(Tensor({1, 2}, {weight, 1}), Tensor({1}));
    CHECK(lipschitz_bound(dense, {2}) == infinity);
    const BatchNorm<> scaled(Tensor({2}, {weight, 1}), Tensor({2}), Tensor({2}), Tensor({2}, 1.0F));
    CHECK(lipschitz_bound(scaled, {4, 4, 2}) == infinity);
  }
  const BatchNorm<> negative(Tensor({2}, 1.0F), Tensor({2}), Tensor({2}),
                             Tensor({2}, std::vector<float>{-1, 1}));
  CHECK(lipschitz_bound(negative, {4, 4, 2}) == infinity);
}

}  // namespace
}  // namespace upset
