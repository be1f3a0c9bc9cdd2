// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>
#include <onnx/shape_inference/implementation.h>

#include <upset/io/onnx_arguments.hpp>
#include <upset/io/onnx_writer.hpp>

using namespace upset;
using namespace upset::test;
using detail::OnnxNode;

namespace {

/// How many of `n` elements a Slice leaves by ONNX's own shape inference.
std::size_t inferred_count(std::int64_t n, std::int64_t start, std::int64_t end,
                           std::int64_t step) {
  detail::OnnxWriter writer;
  writer.add_input("x", {static_cast<std::size_t>(n)});
  writer.add_node("Slice", "slice",
                  {"x", writer.add_constant("start", detail::OnnxIntegers{start}),
                   writer.add_constant("end", detail::OnnxIntegers{end}),
                   writer.add_constant("axis", detail::OnnxIntegers{1}),
                   writer.add_constant("step", detail::OnnxIntegers{step})},
                  "y");
  auto model = detail::parse_proto<onnx::ModelProto>(writer.bytes(), "slice");
  model.mutable_graph()->add_output()->set_name("y");
  onnx::shape_inference::InferShapes(model);
  const auto& shape = model.graph().output(0).type().tensor_type().shape();
  return static_cast<std::size_t>(shape.dim(1).dim_value());
}

}  // namespace

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

// Slices with a negative step may begin before the first element: it is clamped to that element,
// where NumPy has nothing. How many are left is asked of ONNX's own shape inference as well.
TEST_CASE("ONNX: ranges of Slice are what its description says, wherever they begin and end") {
  constexpr std::int64_t n = 5;
  for (std::int64_t step : {-3, -2, -1, 1, 2, 3}) {
    for (std::int64_t start = -8; start <= 8; ++start) {
      for (std::int64_t end = -8; end <= 8; ++end) {
        CAPTURE(start);
        CAPTURE(end);
        CAPTURE(step);
        const auto adjusted = [](std::int64_t at) { return at < 0 ? at + n : at; };
        const std::int64_t first =
            std::clamp<std::int64_t>(adjusted(start), 0, step < 0 ? n - 1 : n);
        const std::int64_t last = step < 0 ? std::clamp<std::int64_t>(adjusted(end), -1, n - 1)
                                           : std::clamp<std::int64_t>(adjusted(end), 0, n);
        std::vector<std::size_t> expected;
        for (std::int64_t at = first; step < 0 ? at > last : at < last; at += step) {
          expected.push_back(static_cast<std::size_t>(at));
        }
        CHECK(inferred_count(n, start, end, step) == expected.size());
        std::vector<Range> ranges;
        const std::string error =
            complaint([&] { ranges = detail::onnx_ranges({n}, {start}, {end}, {0}, {step}); });
        CHECK(contains(error, "leaves nothing") == expected.empty());
        std::vector<std::size_t> got;
        for (std::size_t i = 0; error.empty() && i < ranges[0].count; ++i) {
          got.push_back(ranges[0].start + i * static_cast<std::size_t>(ranges[0].step));
        }
        CHECK(got == expected);
      }
    }
  }
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
