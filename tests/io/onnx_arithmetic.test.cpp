// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <vector>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_arithmetic.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: constants are combined over the shape of the larger") {
  const auto sum = [](auto a, auto b) { return a + b; };
  const Array rows{{2, 1}, std::vector<float>{1, 2}};
  CHECK(detail::combined(rows, {{3}, std::vector<float>{10, 20, 30}}, sum) ==
        Array{{2, 3}, std::vector<float>{11, 21, 31, 12, 22, 32}});
}

TEST_CASE("ONNX: integers that overflow, divide by zero or meet reals are refused") {
  const auto says = [](const Array& a, const Array& b, auto operation) {
    return complaint([&] { static_cast<void>(detail::combined(a, b, operation)); });
  };
  const auto product = [](auto a, auto b) { return a * b; };
  const Array large = integers({std::int64_t{1} << 40});
  CHECK(contains(says(large, large, product), "too large"));
  CHECK(contains(says(integers({1}), integers({0}), [](auto a, auto b) { return a / b; }),
                 "by zero"));
  CHECK(contains(says(integers({1}), {{1}, std::vector<float>{1}}, product), "different types"));
}

TEST_CASE("ONNX: constants of another type") {
  const Array reals{{2}, std::vector<float>{-1.5F, 7}};
  CHECK(detail::cast_to<std::int64_t>(reals) == integers({-1, 7}));
  CHECK(detail::cast_to<double>(reals).values == Array::Values{std::vector<double>{-1.5, 7}});
  const Array none{{1}, std::vector<float>{std::nanf("")}};
  CHECK(contains(complaint([&] { static_cast<void>(detail::cast_to<std::int64_t>(none)); }),
                 "to an integer"));
}
