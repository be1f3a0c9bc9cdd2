// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/merge.hpp>
#include <upset/pass/convert.hpp>
#include <upset/pass/correct_biases.hpp>

using namespace upset;
using namespace upset::test;

namespace {

/// What channels of y differ from those of `wanted` by, on average.
std::vector<double> mean_errors(const Tensor& wanted, const Tensor& y, std::size_t channels) {
  std::vector<double> errors(channels, 0.0);
  for (std::size_t i = 0; i < y.size(); ++i) {
    errors[i % channels] += (static_cast<double>(wanted[i]) - static_cast<double>(y[i])) /
                            static_cast<double>(y.size() / channels);
  }
  return errors;
}

}  // namespace

TEST_CASE("correct_biases: the mean of every channel is that of the float network") {
  Values draw(1);
  Tensor kernel = draw.uniform({4, 3, 3, 2}, -1, 1);
  kernel[0] = 100;  // one scale for all: the other weights are coarse, and means move
  Network real({6, 6, 2});
  real.add("conv", Conv2d<>(WindowGeometry::square(3, 1, 1), kernel, draw.uniform({4}, -1, 1)));
  const Tensor x = draw.uniform({20, 6, 6, 2}, 0, 3);
  Network net = convert<Int8Affine>(real);
  calibrate(net, real, x);
  const std::vector<double> before = mean_errors(real.forward(x), net.forward(x), 4);
  correct_biases(net, real, x);
  const std::vector<double> after = mean_errors(real.forward(x), net.forward(x), 4);
  for (std::size_t c = 1; c < 4; ++c) {
    CHECK(std::abs(before[c]) > 0.1);
    CHECK(std::abs(after[c]) < 0x1p-17 + 1e-5);  // half a step of the bias, and roundings of sums
  }
}

TEST_CASE("correct_biases: a layer without a bias stays as it is, others are corrected beside it") {
  Values draw(5);
  Network real({6, 6, 2});
  real.add("bare",
           Conv2d<>(WindowGeometry::square(3), draw.uniform({3, 3, 3, 2}, -1, 1), Tensor()));
  real.add("conv", Conv2d<>(WindowGeometry::square(3), draw.uniform({4, 3, 3, 3}, -1, 1),
                            draw.uniform({4}, -1, 1)));
  const Tensor x = draw.uniform({20, 6, 6, 2}, 0, 3);
  Network net = convert<Int8Affine>(real);
  net.calibrate(x);
  const Network before = net;
  correct_biases(net, real, x);
  CHECK(net.forward_all(x)[0] == before.forward_all(x)[0]);
  CHECK(net.forward_all(x)[1] != before.forward_all(x)[1]);
}

TEST_CASE("correct_biases: what is exact stays as it is, and every layer is corrected by itself") {
  Values draw(2);
  Network real({5});
  const std::size_t left =
      real.add("left", Dense<>(draw.uniform({4, 5}, -1, 1), Tensor({4})), {Network::input});
  const std::size_t right =
      real.add("right", Dense<>(draw.uniform({4, 5}, -1, 1), Tensor({4})), {Network::input});
  real.add("add", Add{}, {left, right});
  const Tensor x = draw.uniform({300, 5}, 0, 1);
  Network net =
      convert<Mono<5>, Float32>(real, [](std::string_view name) { return name == "right"; });
  correct_biases(net, real, x);
  CHECK(net.nodes()[0].layer.target<Dense<>>()->bias() == Tensor({4}));
  CHECK(net.nodes()[1].layer.target<Dense<Mono<5>, Float32>>()->bias() != Tensor({4}));
  CHECK(error_of([&] {
          correct_biases(net, real, Tensor({0, 5}));
        }) == "Bias correction needs one picture at least");
}

TEST_CASE("correct_biases: values that are not finite count nothing") {
  Values draw(3);
  Network real({5});
  real.add("dense", Dense<>(draw.uniform({4, 5}, -1, 1), Tensor({4})));
  const Tensor x = draw.uniform({7, 5}, 0, 1);
  Tensor with_bad({9, 5});
  std::ranges::copy(x.values(), with_bad.values().begin());
  std::ranges::fill(with_bad.row(7), std::nanf(""));
  std::ranges::fill(with_bad.row(8), std::numeric_limits<float>::infinity());
  const auto bias = [&](const Tensor& pictures) {
    Network net = convert<Mono<5>, Float32>(real);
    correct_biases(net, real, pictures);
    return net.nodes()[0].layer.target<Dense<Mono<5>, Float32>>()->bias();
  };
  CHECK(bias(x) != Tensor({4}));
  CHECK(bias(with_bad) == bias(x));
  CHECK(bias(Tensor({1, 5}, std::nanf(""))) == Tensor({4}));
}
