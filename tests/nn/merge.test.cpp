// SPDX-License-Identifier: BSL-1.0
#include <array>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/nn/merge.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Add: sums two inputs or more, in their order") {
  const Tensor a({1, 2}, {1e8F, 1});
  const Tensor b({1, 2}, {1, 2});
  const Tensor c({1, 2}, {-1e8F, 3});
  CHECK(forward(Add{}, {a, b}) == Tensor({1, 2}, {1e8F, 3}));
  CHECK(forward(Add{}, {a, b, c}) == Tensor({1, 2}, {0, 6}));  // 1e8 + 1 rounds the 1 away
  CHECK(forward(Add{}, {a, c, b}) == Tensor({1, 2}, {1, 6}));
}

TEST_CASE("Concatenate: joins channels pixel by pixel") {
  const Tensor a({1, 1, 2, 1}, {1, 2});
  const Tensor b({1, 1, 2, 2}, {10, 11, 20, 21});
  CHECK(forward(Concatenate{}, {a, b}) == Tensor({1, 1, 2, 3}, {1, 10, 11, 2, 20, 21}));
  CHECK(forward(Concatenate{}, {b, a, a}) == Tensor({1, 1, 2, 4}, {10, 11, 1, 1, 20, 21, 2, 2}));
}

TEST_CASE("Concatenate: each value keeps its place, for three inputs of odd sizes") {
  Values draw(1);
  const std::array<std::size_t, 3> parts{3, 1, 6};
  std::vector<Tensor> inputs;
  for (const std::size_t part : parts) {
    inputs.push_back(draw.uniform({2, 5, 3, part}, -1, 1));
  }
  const Tensor y = forward(Concatenate{}, inputs);
  REQUIRE(y.shape() == Shape{2, 5, 3, 10});
  std::size_t wrong = 0;
  for (std::size_t pixel = 0; pixel < 30; ++pixel) {
    std::size_t at = 10 * pixel;
    for (std::size_t n = 0; n < 3; ++n) {
      for (std::size_t c = 0; c < parts[n]; ++c) {
        wrong += y[at++] == inputs[n][pixel * parts[n] + c] ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("Concatenate: joins vectors too") {
  CHECK(forward(Concatenate{}, {Tensor({2, 1}, {1, 2}), Tensor({2, 2}, {3, 4, 5, 6})}) ==
        Tensor({2, 3}, {1, 3, 4, 2, 5, 6}));
}

TEST_CASE("merging layers: gradients go back to every input") {
  Values draw(2);
  const std::vector<Tensor> same{draw.steps({2, 3, 2, 2}, 9, 0.25F),
                                 draw.steps({2, 3, 2, 2}, 9, 0.25F),
                                 draw.steps({2, 3, 2, 2}, 9, 0.25F)};
  GradientReport report = check_gradients(Add{}, same);
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(report.compared > 72);
  report = check_gradients(Concatenate{}, std::vector<Tensor>{draw.steps({2, 3, 2, 2}, 9, 0.25F),
                                                              draw.steps({2, 3, 2, 5}, 9, 0.25F)});
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(report.compared > 84);
}

TEST_CASE("merging layers: an input may be asked for while another is not, or be the same twice") {
  const Tensor x({1, 2}, {1, 2});
  const Tensor d_y({1, 2}, {5, 7});
  Tensor d_x({1, 2});
  const std::array<const Tensor*, 2> inputs{&x, &x};
  const std::array<Tensor*, 2> second{nullptr, &d_x};
  Gradients gradients{{}, second};
  Add{}.backward(inputs, d_y, d_y, gradients);
  CHECK(d_x == Tensor({1, 2}, {5, 7}));
  const std::array<Tensor*, 2> both{&d_x, &d_x};
  Gradients twice{{}, both};
  Add{}.backward(inputs, d_y, d_y, twice);
  CHECK(d_x == Tensor({1, 2}, {15, 21}));
  const Tensor joined({1, 4}, {1, 2, 3, 4});
  d_x.fill(0);
  Concatenate{}.backward(inputs, joined, joined, gradients);
  CHECK(d_x == Tensor({1, 2}, {3, 4}));
}

TEST_CASE("merging layers: shapes, and the sentences that refuse them") {
  CHECK(output_shape(Add{}, {Shape{3, 2}, Shape{3, 2}}) == Shape{3, 2});
  CHECK(output_shape(Concatenate{}, {Shape{3, 2}, Shape{3, 5}, Shape{3, 1}}) == Shape{3, 8});
  CHECK(refusal(Add{}, {Shape{3}}) == "Add takes two inputs or more, not 1");
  CHECK(refusal(Add{}, {Shape{3, 2}, Shape{3, 1}}) ==
        "Add takes inputs of one shape, not [3, 2] and [3, 1]");
  CHECK(refusal(Concatenate{}, {Shape{4, 4, 3}}) == "Concatenate takes two inputs or more, not 1");
  CHECK(refusal(Concatenate{}, {Shape{4, 4, 3}, Shape{4, 5, 3}}) ==
        "Concatenate takes inputs that differ in their channels alone, not [4, 4, 3] and "
        "[4, 5, 3]");
  CHECK(!refusal(Concatenate{}, {Shape{4, 4}, Shape{4}}).empty());
}
