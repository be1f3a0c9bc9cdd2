// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <limits>
#include <vector>

#include "support/gradient.hpp"
#include <doctest/doctest.h>

#include <upset/nn/activation.hpp>

using namespace upset;
using namespace upset::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

template <Layer L>
std::vector<float> of(const L& layer, std::vector<float> x) {
  const std::size_t size = x.size();
  const Tensor y = forward(layer, Tensor({1, size}, std::move(x)));
  return {y.values().begin(), y.values().end()};
}

template <Layer L>
std::vector<float> slopes(const L& layer, std::vector<float> x) {
  const std::size_t size = x.size();
  const Tensor in({1, size}, std::move(x));
  const Tensor y = forward(layer, in);
  const Tensor d_y({1, size}, 1.0F);
  Tensor d_x({1, size});
  const Tensor* const inputs[] = {&in};
  Tensor* const asked[] = {&d_x};
  Gradients gradients{{}, asked};
  layer.backward(inputs, y, d_y, gradients);
  return {d_x.values().begin(), d_x.values().end()};
}

using Floats = std::vector<float>;

// odd multiples of 1/16: differences of 1/32 stay clear of kinks at multiples of 1/8
Tensor clear_of_kinks(const Shape& shape) {
  Tensor x = Values(1).steps(shape, 20, 0.125F);
  for (float& value : x.values()) {
    value += 0.0625F;
  }
  return x;
}

}  // namespace

TEST_CASE("ReLU: keeps what is positive, and a NaN") {
  CHECK(of(ReLU{}, {-2, -0.0F, 0, 3, infinity, -infinity}) == Floats{0, 0, 0, 3, infinity, 0});
  CHECK(std::isnan(of(ReLU{}, {not_a_number})[0]));
  CHECK(slopes(ReLU{}, {-2, 0, 3}) == Floats{0, 0, 1});
}

TEST_CASE("ClippedReLU: is zero above its threshold, not the threshold") {
  const ClippedReLU clip(2.5F);
  CHECK(of(clip, {-1, 0, 1, 2.5F, 2.5000002F, infinity, -infinity, not_a_number}) ==
        Floats{0, 0, 1, 2.5F, 0, 0, 0, 0});
  CHECK(slopes(clip, {-1, 0, 1, 2.5F, 3, infinity}) == Floats{0, 0, 1, 1, 0, 0});
  const ClippedReLU open(infinity);
  CHECK(of(open, {-1, 3e38F, infinity, not_a_number}) == Floats{0, 3e38F, infinity, 0});
}

TEST_CASE("ClippedReLU: refuses a threshold that silences everything") {
  CHECK(error_of([] { ClippedReLU(0.0F); }) ==
        "ClippedReLU takes a positive threshold, not 0.000000");
  CHECK(!error_of([] { ClippedReLU(-1.0F); }).empty());
  CHECK(!error_of([] { ClippedReLU{not_a_number}; }).empty());
}

TEST_CASE("LeakyReLU: keeps a part of what is negative") {
  CHECK(of(LeakyReLU(0.25F), {-2, 0, 3}) == Floats{-0.5F, 0, 3});
  CHECK(slopes(LeakyReLU(0.25F), {-2, 0, 3}) == Floats{0.25F, 0.25F, 1});
  CHECK(of(LeakyReLU(), {-1})[0] == -0.01F);
}

TEST_CASE("Sigmoid: is the logistic function over the whole range") {
  CHECK(of(Sigmoid{}, {0, infinity, -infinity, 1000, -1000}) == Floats{0.5F, 1, 0, 1, 0});
  CHECK(std::isnan(of(Sigmoid{}, {not_a_number})[0]));
  const Tensor x = Values(2).uniform({1, 1000}, -20, 20);
  const Tensor y = forward(Sigmoid{}, x);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double right = 1 / (1 + std::exp(-static_cast<double>(x[i])));
    // exp is within 1 ulp (glibc), sum and quotient round once each: 2 ulp of 2^-23 in all
    wrong += std::abs(static_cast<double>(y[i]) - right) <= 0x1p-22 * right ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("HardSigmoid: is 0.2 x + 0.5 within 0 to 1") {
  CHECK(of(HardSigmoid{}, {-infinity, -3, 0, 1.25F, 3, infinity}) ==
        Floats{0, 0, 0.5F, 0.75F, 1, 1});
  CHECK(std::isnan(of(HardSigmoid{}, {not_a_number})[0]));
  CHECK(slopes(HardSigmoid{}, {-3, 0, 1, 3}) == Floats{0, 0.2F, 0.2F, 0});
}

TEST_CASE("HardSigmoid: takes another line") {
  CHECK(of(HardSigmoid(0.25F, 0.75F), {-4, -1, 0, 1, 2}) == Floats{0, 0.5F, 0.75F, 1, 1});
  CHECK(slopes(HardSigmoid(0.25F, 0.75F), {-4, -1, 2}) == Floats{0, 0.25F, 0});
}

TEST_CASE("HardSwish: is 0 below -3, x above 3, and a parabola between") {
  CHECK(of(HardSwish{}, {-7, -3, 0, 3, 7, infinity}) == Floats{0, 0, 0, 3, 7, infinity});
  CHECK(of(HardSwish{}, {1})[0] == doctest::Approx(4.0 / 6));
  CHECK(of(HardSwish{}, {-1})[0] == doctest::Approx(-2.0 / 6));
  CHECK(std::isnan(of(HardSwish{}, {not_a_number})[0]));
  CHECK(slopes(HardSwish{}, {-5, -3, 0, 3, 5}) == Floats{0, 0, 0.5F, 1, 1});
}

TEST_CASE("Tanh: is the hyperbolic tangent") {
  CHECK(of(Tanh{}, {0, infinity, -infinity}) == Floats{0, 1, -1});
  CHECK(of(Tanh{}, {1})[0] == doctest::Approx((std::exp(2.0) - 1) / (std::exp(2.0) + 1)));
}

TEST_CASE("Clip: keeps x within its bounds, and a NaN") {
  CHECK(of(Clip(0, 6), {-infinity, -1, 0, 5.5F, 6, 7, infinity}) == Floats{0, 0, 0, 5.5F, 6, 6, 6});
  CHECK(of(Clip(-infinity, 1), {-3e38F, 2}) == Floats{-3e38F, 1});
  CHECK(std::isnan(of(Clip(0, 6), {not_a_number})[0]));
  CHECK(slopes(Clip(0, 6), {-1, 0, 3, 6, 7}) == Floats{0, 0, 1, 0, 0});
  CHECK(error_of([] { Clip(1, 0); }) ==
        "Clip takes a lower bound that is no larger than the upper one, not 1.000000 and 0.000000");
  CHECK(!error_of([] { Clip(not_a_number, 0); }).empty());
}

TEST_CASE("HardTanh: is x within -1 to 1") {
  CHECK(of(HardTanh{}, {-infinity, -1, 0.5F, 1, 7}) == Floats{-1, -1, 0.5F, 1, 1});
  CHECK(std::isnan(of(HardTanh{}, {not_a_number})[0]));
  CHECK(slopes(HardTanh{}, {-2, -1, 0.5F, 1, 7}) == Floats{0, 0, 1, 0, 0});
}

TEST_CASE("Sign: zero counts as positive, and gradients pass within -1 to 1") {
  CHECK(of(Sign{}, {-3, -1e-45F, -0.0F, 0, 2, not_a_number}) == Floats{-1, -1, 1, 1, 1, 1});
  CHECK(slopes(Sign{}, {-1.5F, -1, 0, 0.3F, 1, 1.0000001F}) == Floats{0, 1, 1, 1, 1, 0});
}

TEST_CASE_TEMPLATE("activations: piecewise linear ones have exactly the gradient of differences", L,
                   ReLU, HardTanh) {
  const GradientReport report = check_gradients(L{}, clear_of_kinks({2, 3, 5, 4}));
  CHECK_MESSAGE(report.wrong == 0, report.first);
  CHECK(report.compared > 120);
}

TEST_CASE("activations: those with a parameter too") {
  GradientReport report = check_gradients(ClippedReLU(1.5F), clear_of_kinks({2, 3, 5, 4}));
  CHECK_MESSAGE(report.wrong == 0, report.first);
  report = check_gradients(Clip(-0.5F, 1), clear_of_kinks({2, 3, 5, 4}));
  CHECK_MESSAGE(report.wrong == 0, report.first);
  report = check_gradients(LeakyReLU(0.25F), clear_of_kinks({2, 3, 5, 4}));
  CHECK_MESSAGE(report.wrong == 0, report.first);
}

TEST_CASE("activations: smooth ones have the gradient of differences up to their error") {
  // three roundings, each of at most 2^-24 of a value below 1
  GradientReport report = check_gradients(Sigmoid{}, Values(3).uniform({2, 3, 3, 2}, -3, 3),
                                          {.step = 0x1p-4F, .rounding = 3 * 0x1p-24});
  CHECK_MESSAGE(report.wrong == 0, report.first);
  report = check_gradients(Tanh{}, Values(3).uniform({2, 3, 3, 2}, -2, 2),
                           {.step = 0x1p-4F, .rounding = 2 * 0x1p-24});
  CHECK_MESSAGE(report.wrong == 0, report.first);
  // four roundings, each of at most 2^-24 of a value below 4; clear of the kinks at -3 and 3
  report = check_gradients(HardSwish{}, Values(3).uniform({2, 3, 3, 2}, -2.9F, 2.9F),
                           {.rounding = 4 * 0x1p-22});
  CHECK_MESSAGE(report.wrong == 0, report.first);
  // Within -2.5..2.5 and outside, clear of both by more than the step. 0.2 is no binary fraction.
  Tensor x = Values(4).uniform({2, 3, 3, 2}, -2.4F, 2.4F);
  x[3] = 2.7F;
  x[4] = -2.7F;
  report = check_gradients(HardSigmoid{}, x, {.rounding = 2 * 0x1p-24});
  CHECK_MESSAGE(report.wrong == 0, report.first);
}

TEST_CASE("activations: keep the shape, and name themselves when they refuse") {
  CHECK(output_shape(ReLU{}, {Shape{3, 4, 5}}) == Shape{3, 4, 5});
  CHECK(output_shape(Sigmoid{}, {Shape{7}}) == Shape{7});
  CHECK(refusal(ReLU{}, {Shape{3}, Shape{3}}) == "ReLU takes one input, not 2");
  CHECK(refusal(ClippedReLU(1.0F), {}) == "ClippedReLU takes one input, not 0");
}
