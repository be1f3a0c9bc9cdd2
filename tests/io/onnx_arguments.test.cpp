// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <limits>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_arguments.hpp>

using namespace upset;
using namespace upset::test;
using detail::OnnxNode;

TEST_CASE("ONNX: shapes that operators give") {
  const auto shaped = [](const OnnxNode& node, const Shape& from, const Integers& argument) {
    return detail::onnx_reshaped(node, from, argument);
  };
  const OnnxNode reshape{"Reshape", "", {}, {}, {}};
  CHECK(shaped(reshape, {2, 3, 4}, {0, -1}) == Shape{2, 12});
  CHECK(shaped(reshape, {2, 3, 4}, {4, 3, 2}) == Shape{4, 3, 2});
  CHECK(contains(complaint([&] { static_cast<void>(shaped(reshape, {2, 3}, {4})); }), "the shape"));
  const OnnxNode flatten{"Flatten", "", {}, {}, {{"axis", std::int64_t{-1}}}};
  CHECK(shaped(flatten, {2, 3, 4}, {}) == Shape{6, 4});
  const OnnxNode squeeze{"Squeeze", "", {}, {}, {}};
  CHECK(shaped(squeeze, {2, 1, 4, 1}, {}) == Shape{2, 4});
  CHECK(shaped(squeeze, {2, 1, 4, 1}, {-1}) == Shape{2, 1, 4});
  CHECK(!complaint([&] { static_cast<void>(shaped(squeeze, {2, 4}, {1})); }).empty());
  const OnnxNode unsqueeze{"Unsqueeze", "", {}, {}, {}};
  CHECK(shaped(unsqueeze, {2, 4}, {0, -1}) == Shape{1, 2, 4, 1});
  CHECK(!complaint([&] { static_cast<void>(shaped(unsqueeze, {2, 4}, {1, 1})); }).empty());
}

TEST_CASE("ONNX: ranges of Slice, to the ends of the integers") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const auto range = [](std::int64_t start, std::int64_t end, std::int64_t step) {
    return detail::onnx_ranges({3, 10}, {start}, {end}, {-1}, {step})[1];
  };
  const auto is = [](const Range& got, std::size_t start, std::size_t count, std::int64_t step) {
    return got.start == start && got.count == count && got.step == step;
  };
  CHECK(is(range(0, most, 3), 0, 4, 3));
  CHECK(is(range(-3, most, 1), 7, 3, 1));
  CHECK(is(range(most, least, -4), 9, 3, -4));
  CHECK(is(range(2, -1, 1), 2, 7, 1));
  CHECK(contains(complaint([&] { static_cast<void>(range(5, 5, 1)); }), "leaves nothing"));
  CHECK(contains(complaint([&] { static_cast<void>(range(0, 5, 0)); }), "leaves nothing"));
}
