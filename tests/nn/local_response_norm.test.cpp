// SPDX-License-Identifier: BSL-1.0
#include <cmath>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/nn/local_response_norm.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("LocalResponseNorm: divides by the activity of the channels around") {
  const Tensor x({1, 1, 4}, {1, 2, 3, 4});
  // alpha / size is 1, so s is 1 plus the squares
  const Tensor of_three = forward(LocalResponseNorm(3, 3, 1, 1), x);
  const double squares_of_three[] = {5, 14, 29, 25};
  const Tensor of_two = forward(LocalResponseNorm(2, 2, 0.5F, 4), x);  // c and the one behind
  const double squares_of_two[] = {5, 13, 25, 16};
  for (std::size_t c = 0; c < 4; ++c) {
    const auto value = static_cast<double>(x[c]);
    CHECK(static_cast<double>(of_three[c]) == doctest::Approx(value / (1 + squares_of_three[c])));
    CHECK(static_cast<double>(of_two[c]) ==
          doctest::Approx(value / std::sqrt(4 + squares_of_two[c])));
  }
}

TEST_CASE("LocalResponseNorm: gradients are those of differences") {
  for (const std::size_t size : {std::size_t{3}, std::size_t{4}}) {
    const GradientReport report =
        check_gradients(LocalResponseNorm(size, 2, 0.75F, 1.5F),
                        Values(1).uniform({2, 2, 6}, -1.5F, 1.5F), {.rounding = 0x1p-23});
    CHECK_MESSAGE(report.wrong == 0, report.first);
    CHECK(report.compared > 24);
  }
}

TEST_CASE("LocalResponseNorm: looks at one channel at least") {
  CHECK(error_of([] { LocalResponseNorm(0); }) ==
        "LocalResponseNorm looks at one channel at least");
  CHECK(!refusal(LocalResponseNorm(5), {Shape{}}).empty());
}
