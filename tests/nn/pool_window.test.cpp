// SPDX-License-Identifier: BSL-1.0
#include <utility>
#include <vector>

#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/pool_window.hpp>

using namespace upset;
using namespace upset::test;

namespace {

struct Bare : detail::WindowPool {
  using WindowPool::pooled_shape;
  using WindowPool::walk;
  using WindowPool::WindowPool;
};

}  // namespace

TEST_CASE("WindowPool: visits the real pixels of each window, in row order") {
  const Bare pool(WindowGeometry{.kernel_height = 2,
                                 .kernel_width = 3,
                                 .stride = 2,
                                 .pad_top = 1,
                                 .pad_left = 1,
                                 .pad_right = 1,
                                 .dilation = 1});
  const Shape one{3, 4, 2};
  const Shape y = pool.pooled_shape({&one, 1}, "Bare");
  REQUIRE(y == Shape{2, 2, 2});
  std::vector<std::pair<std::size_t, std::vector<std::size_t>>> windows;
  pool.walk(one.with_batch(2), y.with_batch(2),
            [&](std::size_t to, std::span<const std::size_t> taps) {
              windows.push_back({to, {taps.begin(), taps.end()}});
            });
  REQUIRE(windows.size() == 8);
  // pixel (row, column) of picture b starts at ((b * 3 + row) * 4 + column) * 2
  CHECK(windows[0] == std::pair{std::size_t{0}, std::vector<std::size_t>{0, 2}});
  CHECK(windows[1] == std::pair{std::size_t{2}, std::vector<std::size_t>{2, 4, 6}});
  CHECK(windows[2] == std::pair{std::size_t{4}, std::vector<std::size_t>{8, 10, 16, 18}});
  CHECK(windows[3] == std::pair{std::size_t{6}, std::vector<std::size_t>{10, 12, 14, 18, 20, 22}});
  CHECK(windows[4] == std::pair{std::size_t{8}, std::vector<std::size_t>{24, 26}});
}

TEST_CASE("WindowPool: refuses a window that sees nothing but padding") {
  const Bare padded(WindowGeometry::square(2, 1, 2));
  const Shape x{5, 5, 1};
  CHECK(error_of([&] {
          (void)padded.pooled_shape({&x, 1}, "Bare");
        }) ==
        "Bare has a window that sees nothing but padding of a picture [5, 5, 1]; give it less "
        "padding");
  // two taps three apart fall on both sides of a picture of two pixels
  const Bare straddling(
      WindowGeometry{.kernel_width = 2, .pad_left = 1, .pad_right = 1, .dilation = 3});
  const Shape narrow{1, 2, 1};
  CHECK(!error_of([&] { (void)straddling.pooled_shape({&narrow, 1}, "Bare"); }).empty());
  const Shape wide{1, 3, 1};
  CHECK(straddling.pooled_shape({&wide, 1}, "Bare") == Shape{1, 2, 1});
}

TEST_CASE("WindowPool: refuses geometries that belong to convolutions") {
  const std::string sentence =
      "A pool takes a geometry without groups and without input dilation, with a window and a "
      "stride of one pixel at least";
  CHECK(error_of([] { Bare(WindowGeometry{.groups = 2}); }) == sentence);
  CHECK(error_of([] { Bare(WindowGeometry{.input_dilation = 2}); }) == sentence);
  CHECK(error_of([] { Bare(WindowGeometry{.stride = 0}); }) == sentence);
  CHECK(error_of([] { Bare(WindowGeometry{.kernel_height = 0}); }) == sentence);
}

TEST_CASE("rounded_up: every window that begins on the picture, or before it, is one") {
  std::size_t compared = 0;
  std::size_t wrong = 0;
  const auto check = [&](const WindowGeometry& geometry, std::size_t extent) {
    const std::size_t reach = (geometry.kernel_width - 1) * geometry.dilation.columns + 1;
    std::size_t windows = 1;  // the first; one more wherever pixels lie beyond the last
    while ((windows - 1) * geometry.stride.columns + reach < extent + 2 * geometry.pad_left &&
           windows * geometry.stride.columns < geometry.pad_left + extent) {
      ++windows;
    }
    const Window window(rounded_up(geometry, extent, extent), extent, extent, 1);
    wrong += window.output_height() == windows && window.output_width() == windows ? 0U : 1U;
    ++compared;
  };
  for (std::size_t extent = 3; extent < 20; ++extent) {
    for (std::size_t stride = 1; stride <= 4; ++stride) {
      check(WindowGeometry::square(1, stride), extent);
      check(WindowGeometry::square(2, stride), extent);
      check(WindowGeometry::square(3, stride, 1), extent);
      WindowGeometry dilated = WindowGeometry::square(2, stride, 1);
      dilated.dilation = 2;
      check(dilated, extent);
    }
  }
  CHECK(compared == 17 * 16);
  CHECK(wrong == 0);
}
