// SPDX-License-Identifier: BSL-1.0
#include <cmath>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/dense.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Dense: is W x + b") {
  Values draw(1);
  const std::size_t in = 37;
  const std::size_t out = 19;
  const Dense<> dense(draw.uniform({out, in}, -1, 1), draw.uniform({out}, -1, 1));
  const Tensor x = draw.uniform({5, in}, -1, 1);
  const Tensor y = forward(dense, x);
  REQUIRE(y.shape() == Shape{5, out});
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    auto sum = static_cast<double>(dense.bias()[i % out]);
    double magnitude = std::abs(sum);
    for (std::size_t k = 0; k < in; ++k) {
      const double term = static_cast<double>(x[i / out * in + k]) *
                          static_cast<double>(dense.weight()[i % out * in + k]);
      sum += term;
      magnitude += std::abs(term);
    }
    const double bound = (static_cast<double>(in) + 2) * 0x1p-24 * magnitude;
    wrong += std::abs(static_cast<double>(y[i]) - sum) <= bound ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("Dense: reads any shape of as many values, in their order") {
  Values draw(2);
  const Dense<> dense(draw.uniform({4, 24}, -1, 1), draw.uniform({4}, -1, 1));
  const Tensor x = draw.uniform({3, 24}, -1, 1);
  CHECK(different_bits(forward(dense, x), forward(dense, x.reshaped({3, 2, 4, 3}))) == 0);
  CHECK(output_shape(dense, {Shape{2, 4, 3}}) == Shape{4});
  CHECK(forward(dense, Tensor({0, 2, 4, 3})).shape() == Shape{0, 4});
}

TEST_CASE("Dense: backward is exactly that of differences") {
  Values draw(3);
  const Dense<> dense(draw.steps({5, 18}, 8, 0.125F), draw.steps({5}, 8, 0.125F));
  for (const Shape& shape : {Shape{3, 18}, Shape{3, 3, 2, 3}}) {
    const GradientReport report =
        check_gradients(dense, draw.steps(shape, 16, 0.0625F), {.step = 0.25F});
    CHECK_MESSAGE(report.wrong == 0, report.first);
    CHECK(report.compared > 5 * 18 + 5 + 3 * 18);
  }
}

TEST_CASE("Dense: a row's output does not depend on its batch") {
  Values draw(4);
  const Dense<BFloat16> dense(draw.uniform({7, 33}, -1, 1), draw.uniform({7}, -1, 1));
  const Tensor x = draw.uniform({40, 33}, -1, 1);
  const Tensor y = forward(dense, x);
  for (std::size_t b = 0; b < 40; ++b) {
    CHECK(different_bits(y.row(b), forward(dense, picture(x, b)).row(0)) == 0);
  }
}

TEST_CASE("Dense: a scale per output serves that output") {
  const Tensor weight({2, 2}, {0.01F, 0.02F, 1, 2});
  Dense<Int8Affine, Float32> dense(weight, Tensor({2}), Granularity::per_channel);
  CHECK(dense.images()[0].image->layout().scales == 2);
  std::vector<float> stored(4);
  dense.images()[0].image->decode(stored);
  CHECK(std::abs(stored[0] - 0.01F) <= 0.02F / 127);
}

TEST_CASE("Dense: refuses what does not fit, in one sentence each") {
  CHECK(error_of([] {
          Dense<>(Tensor({4, 3, 2}), Tensor({4}));
        }) == "a weight of shape [4, 3, 2] is no matrix; give [O, I]");
  CHECK(error_of([] {
          Dense<>(Tensor({4, 3}), Tensor({3}));
        }) == "a bias of shape [3] does not fit 4 output channels");
  CHECK(refusal(Dense<>::zeros(10, 2), {Shape{3, 3}}) == "Dense takes 10 values, not [3, 3]");
  CHECK(refusal(Dense<>::zeros(10, 2), {Shape{10}, Shape{10}}) == "Dense takes one input, not 2");
}
