// SPDX-License-Identifier: BSL-1.0
#include <concepts>
#include <type_traits>
#include <utility>

#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/mono.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/any_layer.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/dense.hpp>

using namespace upset;
using namespace upset::test;

static_assert(std::copyable<AnyLayer> && Layer<AnyLayer>);
static_assert(std::convertible_to<ReLU, AnyLayer> && !std::convertible_to<int, AnyLayer>);
static_assert(std::is_nothrow_move_constructible_v<AnyLayer>);

TEST_CASE("AnyLayer: does what the layer inside does") {
  Values draw(1);
  const Dense<Mono<8>> dense(draw.uniform({3, 7}, -1, 1), draw.uniform({3}, -1, 1));
  AnyLayer any = dense;
  const Tensor x = draw.uniform({2, 7}, -1, 1);
  CHECK(any.kind() == "Dense");
  CHECK(output_shape(any, {Shape{7}}) == Shape{3});
  CHECK(different_bits(forward(any, x), forward(dense, x)) == 0);
  CHECK(any.parameters().size() == 5);  // kernel, bias and input, each with a learnable scale
  CHECK(any.images().size() == 3);
  CHECK(any.images()[0].image->format_name() == "Mono<8>");
}

TEST_CASE("AnyLayer: copies are deep") {
  Values draw(2);
  AnyLayer first = Dense<>(draw.uniform({3, 7}, -1, 1), draw.uniform({3}, -1, 1));
  const Tensor x = draw.uniform({2, 7}, -1, 1);
  const Tensor golden = forward(first, x);
  AnyLayer copy = first;
  AnyLayer assigned = ReLU{};
  assigned = first;
  first.images()[0].image->flip(30);
  first.refresh();
  (*first.parameters()[1].value)[0] = 100;
  CHECK(different_bits(forward(first, x), golden) > 0);
  CHECK(different_bits(forward(copy, x), golden) == 0);
  CHECK(different_bits(forward(assigned, x), golden) == 0);
  copy.encode();
  CHECK(different_bits(forward(copy, x), golden) == 0);
  AnyLayer& self = copy;
  copy = self;
  CHECK(different_bits(forward(copy, x), golden) == 0);
  const AnyLayer moved = std::move(copy);
  CHECK(different_bits(forward(moved, x), golden) == 0);
  AnyLayer again = copy;  // NOLINT: what was moved from can be copied, and assigned to
  assigned = copy;        // NOLINT
  again = moved;
  CHECK(different_bits(forward(again, x), golden) == 0);
}

TEST_CASE("AnyLayer: gives the layer inside to whoever knows its type") {
  AnyLayer any = ClippedReLU(2.0F);
  CHECK(any.target<ReLU>() == nullptr);
  REQUIRE(any.target<ClippedReLU>() != nullptr);
  any.target<ClippedReLU>()->threshold = 1.0F;
  CHECK(forward(any, Tensor({1, 2}, {0.5F, 1.5F})) == Tensor({1, 2}, {0.5F, 0}));
  CHECK(std::as_const(any).target<ClippedReLU>()->threshold == 1.0F);
}

TEST_CASE("AnyLayer: functions of one value, and of a pixel") {
  CHECK(AnyLayer(ReLU{}).is_of_one_value());
  CHECK(AnyLayer(ClippedReLU(2.0F)).is_of_one_value());
  const AnyLayer norm = BatchNorm<>(3);
  CHECK(norm.value_function());
  CHECK_FALSE(norm.is_of_one_value());
  const AnyLayer dense = Dense<>::zeros(7, 3);
  CHECK_FALSE(dense.value_function());
  CHECK_FALSE(dense.is_of_one_value());
}

TEST_CASE("AnyLayer: calibrates layers that choose a scale, and leaves others alone") {
  const Tensor x = Values(3).uniform({4, 7}, -8, 8);
  const Tensor* const inputs[] = {&x};
  AnyLayer relu = ReLU{};
  relu.calibrate(inputs);
  AnyLayer dense = Dense<Mono<8>>::zeros(7, 3);
  dense.calibrate(inputs);
  CHECK(dense.target<Dense<Mono<8>>>()->input_scale() == Mono<8>::fit(x.values()));
}
