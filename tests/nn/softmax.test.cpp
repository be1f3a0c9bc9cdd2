// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <limits>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/nn/softmax.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Softmax: is the definition, over the last extent") {
  const std::size_t channels = 7;
  const Tensor x = Values(1).uniform({3, 2, 5, channels}, -10, 10);
  const Tensor y = forward(Softmax{}, x);
  REQUIRE(y.shape() == x.shape());
  std::size_t wrong = 0;
  for (std::size_t first = 0; first < x.size(); first += channels) {
    double sum = 0;
    for (std::size_t c = 0; c < channels; ++c) {
      sum += std::exp(static_cast<double>(x[first + c]));
    }
    for (std::size_t c = 0; c < channels; ++c) {
      const double right = std::exp(static_cast<double>(x[first + c])) / sum;
      // The difference of scores, at most 20, is rounded by 2^-24 of itself, which the exponential
      // turns into as much of its value; likewise in the sum. Two ulp for exponential and quotient.
      const double bound = (2 * 20 * 0x1p-24 + 2 * 0x1p-23) * right;
      wrong += std::abs(static_cast<double>(y[first + c]) - right) <= bound ? 0U : 1U;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("Softmax: large scores do not overflow, and one class has all there is") {
  const Tensor y = forward(Softmax{}, Tensor({2, 3}, {1e30F, -1e30F, 1e30F, 3e38F, -3e38F, 0}));
  CHECK(y == Tensor({2, 3}, {0.5F, 0, 0.5F, 1, 0, 0}));
  CHECK(forward(Softmax{}, Tensor({2, 1}, {-5, 7})) == Tensor({2, 1}, {1, 1}));
}

TEST_CASE("Softmax: a NaN or an infinite score spoils its own pixel alone") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const Tensor y =
      forward(Softmax{}, Tensor({4, 2}, {std::nanf(""), 1, 1, 1, infinity, 1, -infinity, 1}));
  CHECK(std::isnan(y[0]));
  CHECK(std::isnan(y[1]));
  CHECK(y[2] == 0.5F);
  CHECK(std::isnan(y[4]));
  CHECK(std::isnan(y[5]));
  CHECK(y[6] == 0.0F);
  CHECK(y[7] == 1.0F);
}

TEST_CASE("Softmax: backward agrees with differences") {
  // A share is below 1 and wrong by at most 4 ulp of 2^-24: difference, exponential (2), quotient.
  const GradientReport report = check_gradients(Softmax{}, Values(2).uniform({3, 2, 1, 4}, -2, 2),
                                                {.step = 0x1p-4F, .rounding = 4 * 0x1p-24});
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(report.compared > 24);
}

TEST_CASE("Softmax: refuses what has no scores") {
  CHECK(refusal(Softmax{}, {Shape{3, 0}}) ==
        "Softmax takes one score at least in the last extent, not [3, 0]");
  CHECK(refusal(Softmax{}, {Shape{3}, Shape{3}}) == "Softmax takes one input, not 2");
}
