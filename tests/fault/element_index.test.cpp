// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/fault/element_index.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/reshape.hpp>

using namespace upset;

TEST_CASE("memory_index: kernels from OIHW to OHWI, one by one") {
  for (const Shape& shape : {Shape{4, 3, 2, 5}, Shape{1, 1, 1, 1}, Shape{10, 1, 1, 64}}) {
    CAPTURE(to_string(shape));
    std::uint64_t onnx = 0;
    int wrong = 0;
    for (std::uint64_t out = 0; out < shape[0]; ++out) {
      for (std::uint64_t in = 0; in < shape[3]; ++in) {
        for (std::uint64_t y = 0; y < shape[1]; ++y) {
          for (std::uint64_t x = 0; x < shape[2]; ++x) {
            const std::uint64_t here =
                out * shape[1] * shape[2] * shape[3] + y * shape[2] * shape[3] + x * shape[3] + in;
            wrong += memory_index(shape, onnx) == here ? 0 : 1;
            ++onnx;
          }
        }
      }
    }
    CHECK(wrong == 0);
    CHECK_THROWS_AS((void)memory_index(shape, onnx), Error);
  }
  CHECK(memory_index({7}, 5) == 5);
  CHECK_THROWS_WITH_AS((void)memory_index({7}, 7),
                       "Element 7 lies outside a parameter set of shape [7]", Error);
}

TEST_CASE("flat_index: coordinates as PyTorch prints them") {
  const Shape kernel{16, 5, 3, 8};  // 8 inputs, 5 rows, 3 columns
  CHECK(detail::flat_index("(0, 0, 0, 0)", kernel) == 0);
  CHECK(detail::flat_index("(0, 0, 0, 2)", kernel) == 2);
  CHECK(detail::flat_index("(0, 0, 4, 2)", kernel) == 14);
  CHECK(detail::flat_index("(0, 1, 0, 0)", kernel) == 15);
  CHECK(detail::flat_index("(15, 7, 4, 2)", kernel) == 16 * 8 * 5 * 3 - 1);
  CHECK(detail::flat_index("(2, 3)", {10, 1, 1, 64}) == 131);
  CHECK(detail::flat_index("(2, 3, 0, 0)", {10, 1, 1, 64}) == 131);
  CHECK(detail::flat_index("(5,)", {7}) == 5);
  CHECK(detail::flat_index("(5)", {7}) == 5);
  for (const std::string text :
       {"", "(", "()", "3", "(0, 0, 0, 3)", "(0, 0, 5, 0)", "(0, 8, 0, 0)", "(16, 0, 0, 0)",
        "(0, 0)", "(0, 0, 0)", "(0, 0, 0, 0, 0)", "(0, 0, x, 0)", "(0, 0, -1, 0)", "(0, , 0, 0)",
        "(0, 0, 0, 0", "0, 0, 0, 0)"}) {
    CAPTURE(text);
    CHECK(!detail::flat_index(text, kernel));
  }
}

TEST_CASE("find_parameter: under our name before that of others") {
  const std::vector<NamedShape> shapes{
      {"a.kernel", {1}}, {"a.bias", {2}}, {"b.gamma", {3}}, {"b.beta", {4}}, {"b.variance", {5}}};
  const auto size_of = [&](const std::string& layer, const std::string& parameter) {
    const NamedShape* const found =
        detail::find_parameter(std::span<const NamedShape>(shapes), layer, parameter);
    return found == nullptr ? 0 : found->shape.size();
  };
  CHECK(size_of("a", "kernel") == 1);
  CHECK(size_of("a", "weight") == 1);
  CHECK(size_of("a", "bias") == 2);
  CHECK(size_of("b", "weight") == 3);
  CHECK(size_of("b", "bias") == 4);
  CHECK(size_of("b", "running_var") == 5);
  CHECK(size_of("b", "running_mean") == 0);
  CHECK(size_of("c", "weight") == 0);
}

TEST_CASE("named_shapes: those of the parameters, whose elements are numbered as in files") {
  Network net({5, 4, 1});
  net.add("conv", Conv2d<>::zeros(1, 6, WindowGeometry::square(3)));
  net.add("relu", ReLU{});
  net.add("flatten", Flatten{});
  net.add("first", Dense<>::zeros(36, 7));
  net.add("second", Dense<>::zeros(7, 3));
  test::Values draw(1);
  for (const Parameter& parameter : net.parameters()) {
    *parameter.value = draw.uniform(parameter.value->shape(), -1, 1);
  }
  const std::vector<NamedShape> shapes = named_shapes(net);
  const std::vector<Parameter> parameters = net.parameters();
  const std::vector<NamedArray> arrays = weights_of(net);
  REQUIRE(shapes.size() == 6);
  REQUIRE(arrays.size() == 6);
  CHECK(shapes[0].name == "conv.kernel");
  CHECK(shapes[0].shape == Shape{6, 3, 3, 1});
  CHECK(shapes[2].pixels == 6);
  CHECK(shapes[4].pixels == 1);
  std::size_t wrong = 0;
  for (std::size_t p = 0; p < shapes.size(); ++p) {
    for (std::size_t i = 0; i < parameters[p].value->size(); ++i) {
      const std::uint64_t here = memory_index(shapes[p].shape, i, shapes[p].pixels);
      wrong += to_tensor(arrays[p].array)[i] == (*parameters[p].value)[here] ? 0U : 1U;
    }
  }
  CHECK(wrong == 0);
}
