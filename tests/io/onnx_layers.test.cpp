// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <upset/io/onnx_layers.hpp>

using namespace upset;

TEST_CASE("ONNX: layers of codes hold the weights, the grids and the format that they are given") {
  const detail::OnnxLayers& make = detail::onnx_layers<Int8Affine, Int8Affine>;
  const detail::OnnxGrids grids{{{0.5F, 3}}, {0.25F, -1}};
  const Tensor kernel({1, 1, 1, 2}, {1, -2.5F});
  const AnyLayer conv = make.conv({}, kernel, Tensor({1}, 4.0F), grids);
  REQUIRE(conv.target<Conv2d<Int8Affine>>() != nullptr);
  CHECK(conv.target<Conv2d<Int8Affine>>()->kernel() == kernel);
  CHECK(conv.target<Conv2d<Int8Affine>>()->input_scale() == grids.values);
  const AnyLayer dense = make.dense(kernel.reshaped({1, 2}), Tensor({1}, 4.0F), grids);
  REQUIRE(dense.target<Dense<Int8Affine>>() != nullptr);
  CHECK(dense.target<Dense<Int8Affine>>()->bias() == Tensor({1}, 4.0F));
  CHECK(dense.target<Dense<Int8Affine>>()->input_scale() == grids.values);
  const AnyLayer round = make.round(grids.values);
  REQUIRE(round.target<RoundTo<Int8Affine>>() != nullptr);
  CHECK(round.target<RoundTo<Int8Affine>>()->input_scale() == grids.values);
}
