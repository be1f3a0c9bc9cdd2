// SPDX-License-Identifier: BSL-1.0
#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/nn/rearrange.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Pad: puts a value around pictures") {
  const Tensor x({2, 1, 2, 1}, {1, 2, 3, 4});
  CHECK(forward(Pad(1, 0, 0, 1, 9), x) == Tensor({2, 2, 3, 1}, {9, 9, 9, 1, 2, 9,  //
                                                                9, 9, 9, 3, 4, 9}));
  CHECK(forward(Pad({0, 0, 1}, {0, 0, 2}), x) ==
        Tensor({2, 1, 2, 4}, {0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0}));
}

TEST_CASE("Pad: repeats the outermost values, or mirrors what is behind them") {
  const Tensor x({1, 3}, {1, 2, 3});
  CHECK(forward(Pad({2}, {2}, 0, Border::edge), x) == Tensor({1, 7}, {1, 1, 1, 2, 3, 3, 3}));
  CHECK(forward(Pad({2}, {2}, 0, Border::reflect), x) == Tensor({1, 7}, {3, 2, 1, 2, 3, 2, 1}));
  const Tensor row({1, 1, 2, 1}, {5, 6});
  CHECK(forward(Pad({1, 1, 0}, {0, 1, 0}, 0, Border::edge), row) ==
        Tensor({1, 2, 4, 1}, {5, 5, 6, 6, 5, 5, 6, 6}));
}

TEST_CASE("Slice: takes parts of axes, forwards, backwards and repeatedly") {
  Tensor x({1, 2, 5});
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i);
  }
  CHECK(forward(Slice({{0, 2, 1}, {1, 2, 2}}), x) == Tensor({1, 2, 2}, {1, 3, 6, 8}));
  CHECK(forward(Slice({{1, 1, 1}, {4, 3, -2}}), x) == Tensor({1, 1, 3}, {9, 7, 5}));
  CHECK(forward(Slice({{1, 2, -1}, {3, 2, 0}}), x) == Tensor({1, 2, 2}, {8, 8, 3, 3}));
  CHECK(forward(Slice({{0, 2, 1}, {5, 0, 1}}), x).shape() == Shape{1, 2, 0});
}

TEST_CASE("Transpose: each value is found where its indices say") {
  const Tensor x = Values(1).uniform({2, 3, 4, 5}, -1, 1);
  const Tensor y = forward(Transpose({2, 0, 1}), x);  // [H, W, C] to [C, H, W]
  REQUIRE(y.shape() == Shape{2, 5, 3, 4});
  std::size_t wrong = 0;
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t h = 0; h < 3; ++h) {
      for (std::size_t w = 0; w < 4; ++w) {
        for (std::size_t c = 0; c < 5; ++c) {
          wrong += y[((b * 5 + c) * 3 + h) * 4 + w] == x[((b * 3 + h) * 4 + w) * 5 + c] ? 0U : 1U;
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(forward(Transpose({1, 2, 0}), y) == x);
}

TEST_CASE("rearranging layers: gradients go back to where values came from") {
  const Tensor x = Values(2).steps({2, 3, 4, 2}, 9, 0.25F);
  const auto check = [&](const auto& layer) {
    const GradientReport report = check_gradients(layer, x);
    CHECK_MESSAGE(report.wrong == 0, report.first);
    CHECK(report.compared > 48);
  };
  check(Pad(1, 2, 0, 1, 3));
  check(Pad({2, 1, 0}, {1, 3, 1}, 0, Border::edge));
  check(Pad({2, 1, 0}, {1, 3, 1}, 0, Border::reflect));
  check(Slice({{2, 2, -2}, {1, 3, 1}, {0, 2, 0}}));
  check(Transpose({1, 2, 0}));
}

TEST_CASE("rearranging layers: shapes, and the sentences that refuse them") {
  CHECK(output_shape(Pad(1, 2, 3, 4), {Shape{5, 6, 7}}) == Shape{9, 12, 7});
  CHECK(refusal(Pad(1, 2, 3, 4), {Shape{5}}) == "Pad of 3 axes takes as many, not [5]");
  CHECK(refusal(Pad({3}, {0}, 0, Border::reflect), {Shape{3}}) ==
        "Pad repeats or mirrors 3 values beside an axis that has too few, of [3]");
  CHECK(output_shape(Pad({2}, {2}, 0, Border::reflect), {Shape{3}}) == Shape{7});
  CHECK(!refusal(Pad({1}, {0}, 0, Border::edge), {Shape{0}}).empty());
  CHECK(error_of([] {
          Pad({1}, {1, 2});
        }) == "Pad takes one number before and one after each axis, not 1 and 2");
  CHECK(refusal(Slice({{2, 3, 2}}), {Shape{6}}) ==
        "Slice takes 3 values from 2 on, 2 apart, which leave axis 0 of [6]");
  CHECK(refusal(Slice({{2, 3, 2}}), {Shape{7}}).empty());
  CHECK(!refusal(Slice({{3, 3, -2}}), {Shape{7}}).empty());
  CHECK(refusal(Slice({{4, 3, -2}}), {Shape{7}}).empty());
  CHECK(!refusal(Slice({{7, 1, 1}}), {Shape{7}}).empty());
  CHECK(error_of([] {
          Transpose({0, 2});
        }) == "Transpose takes each axis of a picture once, axis 1 among them");
  CHECK(!refusal(Transpose({1, 0}), {Shape{7}}).empty());
}
