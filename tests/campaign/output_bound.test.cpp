// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include "support/draws.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/campaign/output_bound.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/softmax.hpp>

namespace upset {
namespace {

// A convolution, a residual block and a dense layer; the shortcut skips nodes 2 to 4.
[[nodiscard]] Network small_network(test::Values& values) {
  const auto conv = [&](std::size_t in, std::size_t out) {
    return Conv2d<>(WindowGeometry::square(3, 1, 1), values.uniform({out, 3, 3, in}, -0.3F, 0.3F),
                    values.uniform({out}, -0.1F, 0.1F));
  };
  Network network({6, 6, 2});
  network.add("conv1", conv(2, 4));
  const std::size_t shortcut = network.add("relu1", ReLU{});
  network.add("conv2", conv(4, 4));
  network.add("relu2", ReLU{});
  const std::size_t branch = network.add("conv3", conv(4, 4));
  network.add("add", Add{}, {branch, shortcut});
  network.add("pool", GlobalAveragePool{});
  network.add("dense", Dense<>(values.uniform({5, 4}, -1, 1), values.uniform({5}, -1, 1)));
  return network;
}

[[nodiscard]] double gain_from(const OutputBound& bound, const Network& network, std::size_t node,
                               std::size_t reader) {
  return reader + 1 == network.size() ? bound.gain(node, reader)
                                      : bound.gain(node, reader) - bound.gain(node, reader + 1);
}

TEST_CASE("output bound: gains are products along paths, and sums of them") {
  test::Values values(1);
  const Network network = small_network(values);
  const OutputBound bound(network);
  const auto nodes = network.nodes();
  const auto own = [&](std::size_t n) {
    return lipschitz_bound(nodes[n].layer, nodes[nodes[n].inputs[0]].shape);
  };
  CHECK(bound.gain(7, 0) == 0);                         // the output: nobody reads it
  CHECK(bound.gain(6, 0) == 1);                         // what `room` is measured in
  CHECK(bound.gain(5, 0) == doctest::Approx(1.0 / 6));  // a mean of 36 pixels
  CHECK(bound.gain(4, 0) == doctest::Approx(1.0 / 6));  // the sum
  CHECK(bound.gain(2, 0) == doctest::Approx(own(4) / 6));
  CHECK(gain_from(bound, network, 1, 2) == doctest::Approx(own(2) * own(4) / 6));
  CHECK(gain_from(bound, network, 1, 5) == doctest::Approx(1.0 / 6));  // the shortcut
  CHECK(bound.gain(1, 0) == doctest::Approx(own(2) * own(4) / 6 + 1.0 / 6));
  CHECK(bound.gain(1, 3) == doctest::Approx(1.0 / 6));  // all other readers have been computed
  CHECK(bound.gain(1, 6) == 0);
}

TEST_CASE("output bound: changes that are small enough never change the class") {
  test::Values values(2);
  const Network network = small_network(values);
  const OutputBound bound(network);
  std::size_t settled = 0;
  std::size_t wrong = 0;
  constexpr std::size_t pictures = test::draws(40, 4);
  for (std::size_t picture = 0; picture < pictures; ++picture) {
    const Tensor x = values.uniform({1, 6, 6, 2}, -2.0F, 2.0F);
    const std::vector<Tensor> golden = network.forward_all(x);
    const std::size_t before = predicted_class(golden.back().values());
    const double room = bound.room(golden.back().values());
    for (std::size_t node = 0; node + 1 < network.size(); ++node) {
      // of a random direction, or a single value; as long as the bound allows, or much shorter
      for (std::size_t trial = 0; trial < 6; ++trial) {
        std::vector<Tensor> known = golden;
        Tensor change(golden[node].shape());
        if (trial % 2 == 0) {
          change = values.uniform(change.shape(), -1.0F, 1.0F);
        } else {
          change[values.below(change.size())] = 1;
        }
        double squares = 0;
        for (const float value : change.values()) {
          squares += static_cast<double>(value) * static_cast<double>(value);
        }
        const double length = 0.999 * room / bound.gain(node, 0);
        for (std::size_t i = 0; i < change.size(); ++i) {
          known[node][i] += static_cast<float>(length / std::sqrt(squares)) * change[i];
        }
        const Tensor y = network.forward_from(node + 1, x, known);
        wrong += predicted_class(y.values()) == before ? 0U : 1U;
        settled += length > 0 ? 1U : 0U;
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(settled > 9 * pictures);  // or nothing was tested
}

TEST_CASE("output bound: room is the distance to the nearest other class") {
  // class k is the value of input k, so margins are differences and directions are 45 degrees
  Network network({3});
  network.add("dense",
              Dense<>(Tensor({3, 3}, std::vector<float>{1, 0, 0, 0, 1, 0, 0, 0, 1}), Tensor({3})));
  const OutputBound bound(network);
  const double rounding = 8 * 0x1p-12;
  CHECK(bound.room(std::vector<float>{1, 8, 5}) ==
        doctest::Approx((3 - rounding) / std::numbers::sqrt2).epsilon(1e-12));
  // so far the class can go: a little further and it changes
  const double room = bound.room(std::vector<float>{1, 8, 5});
  const auto at = [&](double far) {
    const auto step = static_cast<float>(far / std::numbers::sqrt2);
    return predicted_class(std::vector<float>{1, 8 - step, 5 + step});
  };
  CHECK(at(room) == 1);
  CHECK(at(room * 1.01) == 2);
  // a tie, and less than rounding
  CHECK(bound.room(std::vector<float>{8, 8, 5}) <= 0);
  CHECK(bound.room(std::vector<float>{8, 8 - 0x1p-11F, 5}) <= 0);
  // logits of which nothing can be said
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(bound.room(std::vector<float>{5, nan, 1}) == 0);
  CHECK(bound.room(std::vector<float>{nan, 5, 1}) == 0);
  CHECK(bound.room(std::vector<float>{5, infinity, 1}) == 0);
  CHECK(bound.room(std::vector<float>{5, -infinity, 1}) == 0);
}

TEST_CASE("output bound: of classes with equal weights the bias alone decides") {
  Network network({2});
  network.add("dense", Dense<>(Tensor({2, 2}, std::vector<float>{1, 2, 1, 2}),
                               Tensor({2}, std::vector<float>{0, 1})));
  const OutputBound bound(network);
  CHECK(bound.room(std::vector<float>{3, 4}) == 0);  // boundless, which is as good as unknown
}

TEST_CASE("output bound: classes of pixels, and no dense layer at the end") {
  test::Values values(3);
  Network network({4, 4, 2});
  network.add("relu", ReLU{});
  network.add("conv", Conv2d<>(WindowGeometry::square(1), values.uniform({3, 1, 1, 2}, -1, 1),
                               Tensor({3})));
  const OutputBound bound(network);
  CHECK(bound.gain(1, 0) == 0);
  CHECK(bound.gain(0, 0) == doctest::Approx(lipschitz_bound(network.nodes()[1].layer, {4, 4, 2})));
  // the pixel with the smallest margin
  CHECK(bound.room(std::vector<float>{0, 4, 8, 1, 7, 8}) ==
        doctest::Approx((1 - 8 * 0x1p-12) / std::numbers::sqrt2).epsilon(1e-12));
}

TEST_CASE("output bound: nothing is computed in front of a layer without a bound") {
  test::Values values(5);
  Network network({4});
  network.add("relu", ReLU{});
  network.add("first", Dense<>(Tensor({4, 4}), Tensor({4})));  // whose own bound is 0
  network.add("softmax", Softmax{});
  network.add("dense", Dense<>(values.uniform({3, 4}, -1, 1), Tensor({3})));
  const OutputBound bound(network);
  CHECK(std::isinf(bound.gain(0, 0)));
}

TEST_CASE("output bound: nothing is settled behind a layer without a bound") {
  test::Values values(4);
  Network network({4});
  network.add("relu", ReLU{});
  network.add("dense", Dense<>(values.uniform({3, 4}, -1, 1), Tensor({3})));
  network.add("softmax", Softmax{});
  const OutputBound bound(network);
  CHECK(std::isinf(bound.gain(0, 0)));
}

}  // namespace
}  // namespace upset
