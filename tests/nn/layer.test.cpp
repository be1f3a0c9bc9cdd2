// SPDX-License-Identifier: BSL-1.0
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/activation.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/layer.hpp>

using namespace upset;
using upset::test::error_of;

namespace {

struct Complete : Stateless {
  [[nodiscard]] static std::string kind() { return "Complete"; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) { return shapes[0]; }
  [[nodiscard]] static Tensor forward(Inputs x, const Pass&) { return *x[0]; }
  static void backward(Inputs, const Tensor&, const Tensor&, Gradients&) {}
};
struct WithoutKind : Complete {
  static void kind();
};
struct WithoutShape : Complete {
  static void output_shape();
};
struct WithoutForward : Complete {
  static void forward();
};
struct WithoutBackward : Complete {
  static void backward();
};
struct WithoutParameters : Complete {
  static void parameters();
};
struct WithoutImages : Complete {
  static void images();
};
struct WithoutCopy : Complete {
  WithoutCopy() = default;
  WithoutCopy(const WithoutCopy&) = delete;
  WithoutCopy& operator=(const WithoutCopy&) = delete;
};
struct ChangedByForward : Complete {
  [[nodiscard]] Tensor forward(Inputs x, const Pass&) { return *x[0]; }
};

// a complete one, and the same without one thing at a time
static_assert(Layer<Complete>);
static_assert(!Layer<WithoutKind> && !Layer<WithoutShape> && !Layer<WithoutForward>);
static_assert(!Layer<WithoutBackward> && !Layer<WithoutParameters> && !Layer<WithoutImages>);
static_assert(!Layer<WithoutCopy> && !Layer<ChangedByForward> && !Layer<int>);
static_assert(!Calibrated<Complete> && !Calibrated<ReLU> && Calibrated<Conv2d<>>);

}  // namespace

TEST_CASE("Layer: one without state has no parameters and no memory") {
  CHECK(Complete::parameters().empty());
  CHECK(Complete::images().empty());
}

TEST_CASE("Layer: one that takes a single input names itself when it gets another number") {
  const std::vector<Shape> one{Shape{3}};
  const std::vector<Shape> two{Shape{3}, Shape{4}};
  CHECK(single_input(one, "Example") == Shape{3});
  CHECK(error_of([&] { (void)single_input(two, "Example"); }) == "Example takes one input, not 2");
  CHECK(error_of([&] { (void)single_input({}, "Example"); }) == "Example takes one input, not 0");
}
