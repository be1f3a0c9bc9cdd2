// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/activation.hpp>
#include <upset/nn/model/builder.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("model builder: channels follow from what is read") {
  Network net({9, 8, 3});
  const std::size_t first =
      detail::add_same_conv<Float32, Float32>(net, "a", Network::input, 5, 3, 2);
  CHECK(net.output_shape() == Shape{5, 4, 5});
  detail::add_depthwise<Float32, Float32>(net, "b", first, 3, 1);
  CHECK(net.output_shape() == Shape{5, 4, 5});
  CHECK(net.layer(1).target<Conv2d<>>()->geometry().groups == 5);
  const std::size_t norm = detail::add_normed<Float32, Float32>(
      net, "c", "d", first, 7, WindowGeometry::square(2), Bias::none);
  CHECK(detail::last_of(net) == norm);
  CHECK(detail::picture_at(net, norm) == Shape{4, 3, 7});
  detail::add_dense<Float32, Float32>(net, "e", 6);
  CHECK(net.output_shape() == Shape{6});
  CHECK(error_of([&] { (void)detail::picture_at(net, 4); }) ==
        "The network takes pictures [H, W, C], not [6]");
}

TEST_CASE("model builder: a classifier sees the mean of each channel") {
  Network net({3, 2, 4});
  net.add("relu", ReLU{});
  detail::add_classifier<Float32, Float32>(net, 7);
  CHECK(shape_at(net, "pool") == Shape{1, 1, 4});
  CHECK(net.output_shape() == Shape{7});
}
