// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <limits>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/format/bfloat16.hpp>
#include <upset/nn/prelu.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("PReLU: each channel has its own slope, or all have one") {
  const Tensor x({1, 2, 2}, {-4, -4, 3, -2});
  CHECK(forward(PReLU<>(Tensor({2}, {0.5F, 0.25F})), x) == Tensor({1, 2, 2}, {-2, -1, 3, -0.5F}));
  CHECK(forward(PReLU<>(Tensor({1}, {2})), x) == Tensor({1, 2, 2}, {-8, -8, 3, -4}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(forward(PReLU<>(Tensor({1}, {2})), Tensor({1, 1}, {nan}))[0]));
}

TEST_CASE("PReLU: gradients of input and slopes are those of differences") {
  Tensor x = Values(1).steps({2, 3, 2, 4}, 9, 0.25F);
  for (float& value : x.values()) {
    value += 0.125F;  // clear of the kink
  }
  GradientReport report = check_gradients(PReLU<>(Tensor({4}, {0.5F, 0.25F, -1, 2})), x);
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(report.compared > 52);
  report = check_gradients(PReLU<>(Tensor({1}, {0.5F})), x);
  CHECK_MESSAGE(report.wrong == 0, report.first);
}

TEST_CASE("PReLU: slopes lie in memory, where a flip changes them") {
  PReLU<BFloat16> layer(Tensor({2}, {0.5F, 0.25F}));
  MemoryImage& image = *layer.images()[0].image;
  CHECK(image.bit_count() == 32);
  image.flip(16 + 15);  // the sign of the second
  layer.refresh();
  CHECK(forward(layer, Tensor({1, 2}, {-4, -4})) == Tensor({1, 2}, {-2, 1}));
  layer.encode();
  CHECK(forward(layer, Tensor({1, 2}, {-4, -4})) == Tensor({1, 2}, {-2, -1}));
}

TEST_CASE("PReLU: refuses other shapes") {
  CHECK(refusal(PReLU<>(Tensor({3})), {Shape{5, 5, 2}}) ==
        "PReLU takes 3 channels in the last extent, not [5, 5, 2]");
  CHECK(output_shape(PReLU<>(Tensor({1})), {Shape{5, 5, 2}}) == Shape{5, 5, 2});
  CHECK(error_of([] { PReLU<>(Tensor({2, 2})); }) == "PReLU takes slopes [C] or [1], not [2, 2]");
}
