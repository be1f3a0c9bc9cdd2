// SPDX-License-Identifier: BSL-1.0
#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/nn/broadcast.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Multiply: weighs the channels of each picture") {
  const Tensor x({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const Tensor weights({2, 2}, {10, 100, 1, -1});
  const Tensor y({2, 1, 2, 2}, {10, 200, 30, 400, 5, -6, 7, -8});
  CHECK(forward(Multiply{}, {x, weights}) == y);
  CHECK(forward(Multiply{}, {weights, x}) == y);
  CHECK(forward(Multiply{}, {x, weights.reshaped({2, 1, 1, 2})}) == y);
}

TEST_CASE("Multiply and AddBroadcast: combine equal shapes, and repeat along any axis") {
  const Tensor x({1, 2, 2}, {1, 2, 3, 4});
  CHECK(forward(Multiply{}, {x, x}) == Tensor({1, 2, 2}, {1, 4, 9, 16}));
  CHECK(forward(AddBroadcast{}, {x, x}) == Tensor({1, 2, 2}, {2, 4, 6, 8}));
  CHECK(forward(AddBroadcast{}, {Tensor({1, 2, 1}, {1, 2}), Tensor({1, 1, 2}, {10, 20})}) ==
        Tensor({1, 2, 2}, {11, 21, 12, 22}));
}

TEST_CASE("MultiplyConstant and AddConstant: take one value, one per channel, or all") {
  const Tensor x({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(forward(MultiplyConstant(Tensor({1}, {2})), x) ==
        Tensor({2, 1, 2, 2}, {2, 4, 6, 8, 10, 12, 14, 16}));
  CHECK(forward(AddConstant(Tensor({2}, {10, 20})), x) ==
        Tensor({2, 1, 2, 2}, {11, 22, 13, 24, 15, 26, 17, 28}));
  CHECK(forward(AddConstant(Tensor({1, 2, 2}, {1, 2, 3, 4})), x) ==
        Tensor({2, 1, 2, 2}, {2, 4, 6, 8, 6, 8, 10, 12}));
  CHECK(forward(MultiplyConstant(Tensor({1, 2, 1}, {1, -1})), x) ==
        Tensor({2, 1, 2, 2}, {1, 2, -3, -4, 5, 6, -7, -8}));
}

TEST_CASE("broadcasting layers: gradients are those of differences") {
  const auto check = [](const GradientReport& report, std::size_t values) {
    CHECK_MESSAGE(report.wrong == 0, report.first);
    CHECK(report.compared > values);
  };
  Values draw(1);
  const Tensor x = draw.steps({2, 3, 2, 4}, 9, 0.25F);
  check(check_gradients(Multiply{}, std::vector<Tensor>{x, draw.steps({2, 4}, 9, 0.25F)}), 56);
  check(check_gradients(Multiply{}, std::vector<Tensor>{draw.steps({2, 3, 1, 1}, 9, 0.25F), x}),
        54);
  check(check_gradients(AddBroadcast{}, std::vector<Tensor>{x, draw.steps({2, 1}, 9, 0.25F)}), 50);
  check(check_gradients(MultiplyConstant(draw.steps({2, 4}, 9, 0.25F)), x), 48);
  check(check_gradients(AddConstant(draw.steps({4}, 9, 0.25F)), x), 48);
}

TEST_CASE("broadcasting layers: shapes, and the sentences that refuse them") {
  CHECK(output_shape(Multiply{}, {Shape{4, 5, 3}, Shape{3}}) == Shape{4, 5, 3});
  CHECK(output_shape(Multiply{}, {Shape{1, 5, 1}, Shape{4, 1, 3}}) == Shape{4, 5, 3});
  CHECK(refusal(Multiply{}, {Shape{4, 5, 3}, Shape{5}}) ==
        "Multiply takes shapes whose last extents are equal or 1, not [4, 5, 3] and [5]");
  CHECK(refusal(AddBroadcast{}, {Shape{3}}) == "AddBroadcast takes two inputs, not 1");
  CHECK(refusal(AddConstant(Tensor({2, 3})), {Shape{3}}) ==
        "AddConstant takes a constant no larger than its input, not [2, 3] for [3]");
  CHECK(!refusal(MultiplyConstant(Tensor({2})), {Shape{3}}).empty());
}
