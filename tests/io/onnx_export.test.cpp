// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <limits>
#include <utility>

#include "onnx_round_trip.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/nn/channel_clip.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/nn/model/resnet_cifar.hpp>
#include <upset/nn/transposed_conv2d.hpp>
#include <upset/pass/convert.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: exported networks pass the checker and come back as they were") {
  check_round_trip(lenet5({28, 28, 1}, 10));
  check_round_trip(resnet_cifar(8, {16, 16, 3}, 10));
}

TEST_CASE("ONNX: every layer that is exported comes back as it was") {
  Network net({9, 8, 4});
  const WindowGeometry uneven{.kernel_height = 3,
                              .kernel_width = 2,
                              .stride = 1,
                              .pad_top = 1,
                              .pad_left = 0,
                              .pad_bottom = 0,
                              .pad_right = 1};
  WindowGeometry grouped = WindowGeometry::square(3, 1, 2);
  grouped.groups = 2;
  grouped.dilation = 2;
  net.add("grouped", Conv2d<>::zeros(4, 4, grouped));
  net.add("prelu", PReLU<>(Tensor({4})));
  net.add("hard_swish", HardSwish{});
  net.add("uneven", Conv2d<>::zeros(4, 6, uneven));
  net.add("norm", BatchNorm<>(6));
  net.add("leaky", LeakyReLU(0.2F));
  net.add("max", MaxPool(uneven));
  net.add("clip", Clip(-0.5F, 3));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  net.add("channels", ChannelClip(Tensor({6}, {-0.5F, 0, 0.25F, -1, -infinity, 0.125F}),
                                  Tensor({6}, {1, 0.5F, infinity, 2, 0.25F, 0.125F})));
  const std::size_t trunk = net.add("average", AveragePool(uneven, Divisor::taps));
  net.add("squeeze", GlobalAveragePool{});
  net.add("gate", HardSigmoid(0.3F, 0.4F), {net.size() - 1});
  const std::size_t gated = net.add("weigh", Multiply{}, {trunk, net.size() - 1});
  net.add("shift", AddBroadcast{}, {gated, net.size() - 2});
  net.add("scale", MultiplyConstant(Tensor({6}, {1, 2, 3, 4, 5, 6})));
  net.add("offset", AddConstant(Tensor({1}, std::vector<float>{-0.5F})));
  const Tensor plane = test::Values(3).uniform(net.output_shape(), -1, 1);
  const std::size_t joined = net.add("plane", AddConstant(plane));
  net.add("concat", Concatenate{}, {joined, gated});
  net.add("response", LocalResponseNorm(3, 0.5F, 0.6F, 2));
  net.add("subsample", Subsample(2, 1, 2));
  net.add("pad", Pad({1, 0, 1}, {0, 2, 1}, 0.5F));
  net.add("slice", Slice({{3, 2, -2}, {1, 4, 1}, {0, 5, 3}}));
  net.add("tanh", Tanh{});
  net.add("sigmoid", Sigmoid{});
  net.add("hard_tanh", HardTanh{});
  net.add("pixels", Softmax{});
  net.add("flatten", Flatten{});
  net.add("features", Dense<>::zeros(40, 7));
  const std::size_t dense = net.add("bounds", ChannelClip(Tensor({7}, -0.25F), Tensor({7}, 0.5F)));
  net.add("sum", Add{}, {dense, dense, dense});
  net.add("softmax", Softmax{});
  check_round_trip(net);
}

TEST_CASE("ONNX: layers without a bias come back without one, layers with zeros with zeros") {
  for (const Bias bias : {Bias::none, Bias::zeros}) {
    Network net({5, 4, 4});
    WindowGeometry depthwise = WindowGeometry::square(3, 1, 1);
    depthwise.groups = 4;
    net.add("depthwise", Conv2d<>::zeros(4, 4, depthwise, bias));
    net.add("conv", Conv2d<>::zeros(4, 3, WindowGeometry::square(1), bias));
    net.add("up", Conv2d<>::zeros(3, 2, transposed(WindowGeometry::square(2, 2)), bias));
    net.add("flatten", Flatten{});
    net.add("dense", Dense<>::zeros(160, 7, bias));
    for (const Parameter& parameter : net.parameters()) {
      if (parameter.value->shape().rank() > 1) {
        *parameter.value = Values(1).uniform(parameter.value->shape(), -1, 1);
      }
    }
    net.encode();
    Network back = parse_onnx(onnx_bytes(net));
    CHECK(weights_of(back) == weights_of(net));
    CHECK(back.images().size() == (bias == Bias::none ? 4 : 8));
    const Tensor x = pictures({5, 4, 4});
    CHECK(back.forward(x) == net.forward(x));
    check_round_trip(net);
  }
}

TEST_CASE("ONNX: steps that differ between rows and columns come back as they were") {
  Network net({7, 6, 2});
  net.add("conv",
          Conv2d<>::zeros(
              2, 3, {.kernel_height = 2, .kernel_width = 2, .stride = {2, 1}, .dilation = {1, 3}}));
  net.add("pool", MaxPool({.kernel_width = 2, .stride = {1, 2}}));
  CHECK(net.output_shape() == Shape{3, 1, 3});
  check_round_trip(net);
}

TEST_CASE("ONNX: a network that no file can hold is refused by the name of the layer") {
  Network network({4});
  network.add("first", Dense<>::zeros(4, 4));
  CHECK(contains(complaint([&] { static_cast<void>(onnx_bytes(convert<Fixed<8, 4>>(network))); }),
                 "Layer first, Dense, is none that ONNX files take"));
  CHECK(
      contains(complaint([&] { static_cast<void>(onnx_bytes(Network({4}))); }), "without layers"));
  Network flat({2, 2, 3});
  flat.add("flatten", Flatten{});
  CHECK(contains(complaint([&] { static_cast<void>(onnx_bytes(flat)); }), "flattened picture"));
}

TEST_CASE("ONNX: vectors of as many values as a picture come back in their order") {
  Network net({2, 2, 4});
  const std::size_t mean = net.add("mean", GlobalAveragePool{});
  net.add("join", Concatenate{}, {mean, mean, mean, mean});
  net.add("fc", Dense<>::zeros(16, 2));
  check_round_trip(net);
}

TEST_CASE("ONNX: a flattened picture joined to a vector of another order is refused") {
  for (const AnyLayer& join :
       {AnyLayer(Add{}), AnyLayer(AddBroadcast{}), AnyLayer(Multiply{}), AnyLayer(Concatenate{})}) {
    Network net({2, 2, 3});
    const std::size_t flat = net.add("flatten", Flatten{});
    const std::size_t dense = net.add("fc1", Dense<>::zeros(12, 12));
    net.add("join", join, {flat, dense});
    net.add("fc2", Dense<>::zeros(net.output_shape()[0], 2));
    CHECK(contains(complaint([&] { static_cast<void>(onnx_bytes(net)); }),
                   "Layer join, " + join.kind() + ", joins vectors"));
  }
}
