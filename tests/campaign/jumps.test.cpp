// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstddef>
#include <span>

#include <doctest/doctest.h>

#include <upset/campaign/jumps.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/dense.hpp>

namespace upset {
namespace {

// Nodes 0 and 4 are continuous.
[[nodiscard]] Network jumping() {
  Network network(Shape{3});
  network.add("dense1", Dense<>::zeros(3, 3));
  network.add("clip1", ClippedReLU(1));
  network.add("sign", Sign{});
  network.add("clip2", ClippedReLU(4));
  network.add("dense2", Dense<>::zeros(3, 2));
  return network;
}

TEST_CASE("Jumps: layers that jump are asked whether values are near") {
  const Network network = jumping();
  const detail::Jumps jumps(network);
  CHECK(jumps.last() == 3);
  const std::array<float, 3> values{0.5F, 1.0001F, 3};
  CHECK_FALSE(jumps.are_near(0, values));
  CHECK(jumps.are_near(1, values));
  CHECK(jumps.are_near(2, values));
  CHECK_FALSE(jumps.are_near(3, values));
}

TEST_CASE("Jumps: of inputs, changed values count") {
  const Network network = jumping();
  const detail::Jumps jumps(network);
  const std::array<float, 3> golden{1, 0.5F, 0.5F};
  Change change;
  change.values.assign({0.5F, 2, 1});
  change.begin = 1;
  change.end = 2;
  const ChangedInput input{golden, &change};
  CHECK_FALSE(jumps.are_near(1, std::span(&input, 1)));
  change.end = 3;
  CHECK(jumps.are_near(1, std::span(&input, 1)));
  change.set_none();
  CHECK_FALSE(jumps.are_near(1, std::span(&input, 1)));
}

TEST_CASE("Jumps: the last node whose fault-free input lies near") {
  const Network network = jumping();
  const detail::Jumps jumps(network);
  const auto last_near = [&](std::size_t node, float value) {
    const std::array<float, 3> near{0, 0, value};
    const std::array<float, 3> far{0, 0, 0.5F};
    return jumps.last_near(
        [&](std::size_t from) { return std::span<const float>(from == node ? near : far); });
  };
  CHECK(last_near(2, 4) == 3);
  CHECK(last_near(2, 1) == 2);  // a sign may always turn
  Network continuous(Shape{3});
  continuous.add("dense", Dense<>::zeros(3, 2));
  continuous.add("relu", ReLU{});
  const detail::Jumps none(continuous);
  CHECK(none.last() == 0);
  CHECK(none.last_near([](std::size_t) { return std::span<const float>(); }) == 0);
}

}  // namespace
}  // namespace upset
