// SPDX-License-Identifier: BSL-1.0
#include <limits>
#include <vector>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/nn/resize.hpp>

using namespace upset;
using namespace upset::test;

namespace {

std::vector<float> row(const std::vector<float>& x, std::size_t width, Sampling sampling) {
  const Tensor y = forward(Resize(1, width, sampling), Tensor({1, 1, x.size(), 1}, x));
  return {y.values().begin(), y.values().end()};
}

using Floats = std::vector<float>;

}  // namespace

TEST_CASE("Resize: nearest pixels under every convention") {
  const auto of = [](Coordinates coordinates, Nearest nearest) {
    return row({0, 1, 2, 3}, 6, {.coordinates = coordinates, .nearest = nearest});
  };
  // positions -1/6, 1/2, 7/6, 11/6, 5/2, 19/6
  CHECK(of(Coordinates::half_pixel, Nearest::ties_down) == Floats{0, 0, 1, 2, 2, 3});
  CHECK(of(Coordinates::half_pixel, Nearest::ties_up) == Floats{0, 1, 1, 2, 3, 3});
  CHECK(of(Coordinates::half_pixel, Nearest::down) == Floats{0, 0, 1, 1, 2, 3});
  CHECK(of(Coordinates::half_pixel, Nearest::up) == Floats{0, 1, 2, 2, 3, 3});
  // 0, 2/3, 4/3, 2, 8/3, 10/3
  CHECK(of(Coordinates::asymmetric, Nearest::down) == Floats{0, 0, 1, 2, 2, 3});
  // 0, 3/5, 6/5, 9/5, 12/5, 3
  CHECK(of(Coordinates::align_corners, Nearest::down) == Floats{0, 0, 1, 1, 2, 3});
}

// Positions as fractions of integers, whose floor is exact.
TEST_CASE("Resize: between any two extents, the pixel that the definition names") {
  std::size_t wrong = 0;
  for (int n = 1; n <= 40; ++n) {
    Floats x;
    for (int i = 0; i < n; ++i) {
      x.push_back(static_cast<float>(i));
    }
    for (int resized = 1; resized <= 100; ++resized) {
      const auto width = static_cast<std::size_t>(resized);
      const Floats corner =
          row(x, width, {.coordinates = Coordinates::asymmetric, .nearest = Nearest::down});
      const Floats centre =
          row(x, width, {.coordinates = Coordinates::half_pixel, .nearest = Nearest::ties_up});
      const Floats aligned =
          row(x, width, {.coordinates = Coordinates::align_corners, .nearest = Nearest::down});
      for (int i = 0; i < resized; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const int end = resized == 1 ? 0 : i * (n - 1) / (resized - 1);
        wrong += corner[at] == static_cast<float>(i * n / resized) ? 0U : 1U;
        wrong += centre[at] == static_cast<float>((2 * i + 1) * n / (2 * resized)) ? 0U : 1U;
        wrong += aligned[at] == static_cast<float>(end) ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("Resize: bilinear values under every convention") {
  const auto of = [](Coordinates coordinates, std::size_t width) {
    return row({0, 4}, width,
               {.interpolation = Interpolation::bilinear, .coordinates = coordinates});
  };
  CHECK(of(Coordinates::half_pixel, 4) == Floats{0, 1, 3, 4});
  CHECK(of(Coordinates::asymmetric, 4) == Floats{0, 2, 4, 4});
  CHECK(of(Coordinates::align_corners, 5) == Floats{0, 1, 2, 3, 4});
  CHECK(of(Coordinates::align_corners, 1) == Floats{0});
  CHECK(of(Coordinates::half_pixel, 1) == Floats{2});
  CHECK(of(Coordinates::pytorch_half_pixel, 1) == Floats{0});
  const Tensor y = forward(
      Resize(3, 3,
             {.interpolation = Interpolation::bilinear, .coordinates = Coordinates::align_corners}),
      Tensor({1, 2, 2, 1}, {0, 2, 4, 6}));
  CHECK(y == Tensor({1, 3, 3, 1}, {0, 1, 2, 2, 3, 4, 4, 5, 6}));
}

TEST_CASE("Resize: a given scale counts, not the ratio of extents") {
  // 4 pixels times 0.6 are 2.4: positions 1/3 and 2, not 1/2 and 5/2
  const Floats y =
      row({0, 3, 6, 9}, 2, {.interpolation = Interpolation::bilinear, .scale_width = 0.6});
  CHECK(y[0] == doctest::Approx(1));
  CHECK(y[1] == doctest::Approx(6));
}

TEST_CASE("Resize: a pixel without weight is not read") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(row({1, nan, 3}, 2,
            {.interpolation = Interpolation::bilinear,
             .coordinates = Coordinates::align_corners}) == Floats{1, 3});
}

TEST_CASE("Resize: gradients are those of differences") {
  const Tensor x = Values(1).steps({2, 3, 2, 3}, 9, 0.25F);
  for (const Interpolation interpolation : {Interpolation::nearest, Interpolation::bilinear}) {
    const GradientReport report =
        check_gradients(Resize(6, 4, {.interpolation = interpolation}), x);
    CHECK_MESSAGE(report.wrong == 0, report.first);
    CHECK(report.compared > 36);
  }
}

TEST_CASE("Resize: takes pictures") {
  CHECK(output_shape(Resize(6, 4), {Shape{3, 3, 5}}) == Shape{6, 4, 5});
  CHECK(refusal(Resize(6, 4), {Shape{3}}) ==
        "Resize takes pictures [H, W, C] of one pixel at least, not [3]");
}
