// SPDX-License-Identifier: BSL-1.0
#include <concepts>
#include <utility>
#include <vector>

#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/tensor/tensor.hpp>

using namespace upset;
using upset::test::error_of;

static_assert(std::regular<Tensor>);

TEST_CASE("Tensor: is empty, filled, or made of values") {
  CHECK(Tensor().size() == 0);
  CHECK(Tensor().shape() == Shape{0});
  CHECK(Tensor({2, 3}, 1.5F) == Tensor({2, 3}, std::vector<float>(6, 1.5F)));
  CHECK(Tensor({2, 3})[5] == 0.0F);
}

TEST_CASE("Tensor: refuses values that do not fill its shape") {
  CHECK(error_of([] {
          Tensor({2, 3}, {1, 2, 3});
        }) == "A tensor of shape [2, 3] needs 6 values, not 3");
  CHECK(error_of([] {
          (void)Tensor({2, 3}).reshaped({4});
        }) == "A tensor of shape [4] needs 4 values, not 6");
}

TEST_CASE("Tensor: rows are what lies below the first extent") {
  Tensor x({2, 1, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(x.batch() == 2);
  CHECK(x.row(1)[0] == 4.0F);
  CHECK(x.row(1).size() == 3);
  x.row(0)[2] = 9;
  CHECK(std::as_const(x).row(0)[2] == 9.0F);
  CHECK(x[2] == 9.0F);
}

TEST_CASE("Tensor: has rows from 0 up to its batch alone") {
  const Tensor x({2, 3});
  CHECK(x.rows(2, 0).size() == 0);
  CHECK(error_of([&] { (void)x.rows(1, 2); }) ==
        "A tensor of shape [2, 3] has no 2 rows from 1 on");
  CHECK(!error_of([&] { (void)x.row(2); }).empty());
  Tensor none({0, 3});
  CHECK(none.rows(0, 0).shape() == Shape{0, 3});
  CHECK(!error_of([&] { (void)none.row(0); }).empty());
}

TEST_CASE("Tensor: copies are deep, and reshaping keeps the order of values") {
  const Tensor x({2, 2}, {1, 2, 3, 4});
  Tensor y = x;
  y[0] = 7;
  CHECK(x[0] == 1.0F);
  CHECK(x.reshaped({4, 1}) == Tensor({4, 1}, {1, 2, 3, 4}));
  const float* values = y.data();
  const Tensor z = std::move(y).reshaped({1, 4});
  CHECK(z.data() == values);  // moved, not copied
  CHECK(z[0] == 7.0F);
}
