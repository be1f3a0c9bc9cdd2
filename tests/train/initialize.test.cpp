// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/train/initialize.hpp>

using namespace upset;
using upset::test::error_of;

namespace {

Network small_cnn() {
  Network net({16, 16, 8});
  net.add("conv", Conv2d<>::zeros(8, 32, WindowGeometry::square(3)));
  net.add("norm", BatchNorm<>(32));
  net.add("flatten", Flatten{});
  net.add("dense", Dense<>::zeros(14 * 14 * 32, 10));
  return net;
}

}  // namespace

TEST_CASE("initialize: kernels are uniform within the bound of their fans, the rest stays") {
  struct Case {
    Spread spread;
    double conv_bound;
    double dense_bound;
  };
  // conv: fan_in 3 * 3 * 8, fan_out 3 * 3 * 32; dense: 6272 and 10
  for (const Case& expected :
       {Case{Spread::he, std::sqrt(6.0 / 72), std::sqrt(6.0 / 6272)},
        Case{Spread::glorot, std::sqrt(6.0 / (72 + 288)), std::sqrt(6.0 / 6282)}}) {
    Network net = small_cnn();
    initialize(net, 1, expected.spread);
    for (const Parameter& parameter : net.parameters()) {
      CAPTURE(parameter.name);
      const auto values = parameter.value->values();
      if (!parameter.name.ends_with(".kernel")) {
        const bool ones = parameter.name == "norm.gamma" || parameter.name == "norm.variance";
        CHECK(std::ranges::count(values, ones ? 1.0F : 0.0F) ==
              static_cast<std::ptrdiff_t>(values.size()));
        continue;
      }
      const double bound =
          parameter.name == "conv.kernel" ? expected.conv_bound : expected.dense_bound;
      double sum = 0;
      double squares = 0;
      double largest = 0;
      for (const float value : values) {
        const double v = static_cast<double>(value);
        sum += v;
        squares += v * v;
        largest = std::max(largest, std::abs(v));
      }
      const auto n = static_cast<double>(values.size());
      // five standard errors of a uniform's mean and mean square
      CHECK(std::abs(sum / n) < 5 * bound / std::sqrt(3 * n));
      CHECK(std::abs(squares / n - bound * bound / 3) <
            5 * bound * bound * std::sqrt(4.0 / 45 / n));
      CHECK(largest <= bound);
      CHECK(largest > bound * (1 - 20 / n));
    }
  }
}

TEST_CASE("initialize: a kernel depends on the seed and its number alone") {
  Network a = small_cnn();
  Network b = small_cnn();
  initialize(a, 7);
  initialize(b, 7);
  const auto kernel = [](Network& net, std::size_t p) { return *net.parameters()[p].value; };
  CHECK(kernel(a, 0) == kernel(b, 0));
  initialize(b, 8);
  CHECK(kernel(a, 0) != kernel(b, 0));

  Network wider({16, 16, 8});  // another layer behind the first changes nothing in it
  wider.add("conv", Conv2d<>::zeros(8, 32, WindowGeometry::square(3)));
  wider.add("more", Conv2d<>::zeros(32, 32, WindowGeometry::square(3)));
  initialize(wider, 7);
  CHECK(kernel(a, 0) == kernel(wider, 0));
  CHECK(kernel(wider, 0).values()[0] != kernel(wider, 2).values()[0]);
}

TEST_CASE("initialize: memory holds the new kernels") {
  Network net = small_cnn();
  initialize(net, 1);
  const Tensor kernel = *net.parameters()[0].value;
  std::vector<float> stored(kernel.size());
  net.images()[0].image->decode(stored);
  CHECK(std::ranges::equal(stored, kernel.values()));
}

TEST_CASE("initialize: a kernel whose scale is learnt is refused") {
  Network net({4});
  net.add("dense", Dense<Mono<4>>::zeros(4, 2));
  CHECK(error_of([&] { initialize(net, 1); }) ==
        "Parameter dense.kernel_scale would not fit a new kernel; initialise the network in float "
        "and convert it");
}
