// SPDX-License-Identifier: BSL-1.0
#include "support/layers.hpp"
#include "support/static_check.hpp"

#include <upset/tensor/shape.hpp>

using namespace upset;
using upset::test::error_of;

TEST_CASE("Shape: extents, rank and size") {
  UPSET_STATIC_CHECK(Shape{}.rank() == 0);
  UPSET_STATIC_CHECK(Shape{}.size() == 1);
  UPSET_STATIC_CHECK(Shape{4, 5, 3}.rank() == 3);
  UPSET_STATIC_CHECK(Shape{4, 5, 3}.size() == 60);
  UPSET_STATIC_CHECK(Shape{4, 0, 3}.size() == 0);
  UPSET_STATIC_CHECK(Shape{4, 5, 3}[1] == 5);
}

TEST_CASE("Shape: a batch is put in front and taken off again") {
  UPSET_STATIC_CHECK(Shape{4, 5}.with_batch(7) == Shape{7, 4, 5});
  UPSET_STATIC_CHECK(Shape{7, 4, 5}.without_batch() == Shape{4, 5});
  UPSET_STATIC_CHECK(Shape{7}.without_batch() == Shape{});
}

TEST_CASE("Shape: equal shapes have the same extents and the same rank") {
  UPSET_STATIC_CHECK(Shape{1, 2} != Shape{2, 1});
  UPSET_STATIC_CHECK(Shape{2} != Shape{2, 0});  // the unused extents are 0 too
  UPSET_STATIC_CHECK(Shape{2, 3} == Shape{2, 3});
}

TEST_CASE("Shape: is printed, and refuses a seventh extent") {
  CHECK(to_string(Shape{28, 28, 1}) == "[28, 28, 1]");
  CHECK(to_string(Shape{}) == "[]");
  CHECK(Shape{1, 2, 3, 4, 5, 6}.rank() == 6);
  CHECK(error_of([] { (void)Shape{1, 2, 3, 4, 5, 6, 7}; }) == "A shape has at most 6 extents");
}
