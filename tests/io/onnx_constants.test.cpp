// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "onnx_graphs.hpp"
#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/onnx_constants.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ONNX: constants permuted, repeated, and refused where their shape does not fit") {
  const Array matrix{{2, 3}, std::vector<float>{0, 1, 2, 3, 4, 5}};
  CHECK(detail::permuted(matrix, {1, 0}).values ==
        Array::Values(std::vector<float>{0, 3, 1, 4, 2, 5}));
  const Array row{{3}, std::vector<float>{1, 2, 3}};
  CHECK(detail::expanded(row, {2, 3}).values ==
        Array::Values(std::vector<float>{1, 2, 3, 1, 2, 3}));
  CHECK(contains(complaint([&] { static_cast<void>(detail::expanded(row, {3, 2})); }), "repeated"));
  CHECK(contains(complaint([] {
                   static_cast<void>(detail::onnx_shape({1 << 20, 1 << 20}));
                 }),
                 "extent"));
}
