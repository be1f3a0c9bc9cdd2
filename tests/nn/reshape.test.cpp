// SPDX-License-Identifier: BSL-1.0
#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/nn/reshape.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Flatten: keeps the values in their order, picture by picture") {
  const Tensor x = Values(1).uniform({3, 2, 5, 4}, -1, 1);
  const Tensor y = forward(Flatten{}, x);
  CHECK(y.shape() == Shape{3, 40});
  CHECK(different_bits(y.values(), x.values()) == 0);
  CHECK(output_shape(Flatten{}, {Shape{2, 5, 4}}) == Shape{40});
  CHECK(output_shape(Flatten{}, {Shape{7}}) == Shape{7});
}

TEST_CASE("Flatten: passes gradients on") {
  const GradientReport report = check_gradients(Flatten{}, Values(2).steps({2, 3, 2, 2}, 9, 0.25F));
  CHECK_MESSAGE(report.wrong == 0, report.first);
}

TEST_CASE("Flatten: takes one input") {
  CHECK(refusal(Flatten{}, {Shape{3}, Shape{3}}) == "Flatten takes one input, not 2");
}

TEST_CASE("Reshape: keeps the values in their order under another shape") {
  const Tensor x = Values(3).uniform({3, 2, 5, 4}, -1, 1);
  const Reshape layer({4, 10});
  const Tensor y = forward(layer, x);
  CHECK(y.shape() == Shape{3, 4, 10});
  CHECK(different_bits(y.values(), x.values()) == 0);
  const GradientReport report = check_gradients(layer, Values(2).steps({2, 2, 5, 4}, 9, 0.25F));
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(refusal(layer, {Shape{2, 5, 5}}) ==
        "Reshape gives [4, 10] and takes as many values, not [2, 5, 5]");
}
