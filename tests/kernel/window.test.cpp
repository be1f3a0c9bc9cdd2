// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <vector>

#include "support/layers.hpp"
#include "support/naive_conv.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/window.hpp>

using namespace upset;
using namespace upset::test;

namespace {

// what output pixel `pixel` of group `group` reads, in the order of the kernel, through the padded
// image; padding reads as -1
std::vector<int> seen(const Window& window, std::size_t pixel, std::size_t group) {
  std::vector<int> padded(window.padded_size(), -1);
  window.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
      padded.at(to + i) = static_cast<int>(from + i);
    }
  });
  std::vector<int> result;
  for (const std::size_t offset : window.offsets(group)) {
    for (std::size_t i = 0; i < window.segment_length(); ++i) {
      result.push_back(padded.at(window.base(pixel) + offset + i));
    }
  }
  return result;
}

// the same by the definition
std::vector<int> defined(const WindowGeometry& g, std::size_t height, std::size_t width,
                         std::size_t channels, std::size_t out_width, std::size_t pixel,
                         std::size_t group) {
  const auto place = [&](std::size_t Steps::*axis, std::size_t out, std::size_t tap,
                         std::size_t before, std::size_t extent) {
    const int at =
        static_cast<int>(out * g.stride.*axis + tap * g.dilation.*axis) - static_cast<int>(before);
    const int gap = static_cast<int>(g.input_dilation.*axis);
    return at >= 0 && at % gap == 0 && at / gap < static_cast<int>(extent) ? at / gap : -1;
  };
  std::vector<int> result;
  for (std::size_t ky = 0; ky < g.kernel_height; ++ky) {
    for (std::size_t kx = 0; kx < g.kernel_width; ++kx) {
      const int y = place(&Steps::rows, pixel / out_width, ky, g.pad_top, height);
      const int x = place(&Steps::columns, pixel % out_width, kx, g.pad_left, width);
      for (std::size_t c = 0; c < channels / g.groups; ++c) {
        const std::size_t channel = group * (channels / g.groups) + c;
        result.push_back(y < 0 || x < 0
                             ? -1
                             : (y * static_cast<int>(width) + x) * static_cast<int>(channels) +
                                   static_cast<int>(channel));
      }
    }
  }
  return result;
}

}  // namespace

TEST_CASE("Window: each output reads the pixels under its taps, and -1 for padding") {
  std::size_t wrong = 0;
  std::size_t windows = 0;
  for (std::size_t stride = 1; stride <= 3; ++stride) {
    for (std::size_t dilation = 1; dilation <= 2; ++dilation) {
      for (std::size_t groups = 1; groups <= 4; ++groups) {
        for (std::size_t input_dilation = 1; input_dilation <= 3; ++input_dilation) {
          const bool is_even = groups % 2 == 0;  // steps differ between rows and columns
          const WindowGeometry g{.kernel_height = 3,
                                 .kernel_width = 2,
                                 .stride = {stride, is_even ? 1 + stride % 3 : stride},
                                 .pad_top = 2,
                                 .pad_left = 0,
                                 .pad_bottom = 1,
                                 .pad_right = 3,
                                 .dilation = {dilation, is_even ? 3 - dilation : dilation},
                                 .groups = groups,
                                 .input_dilation = {input_dilation, is_even ? 1 + input_dilation % 3
                                                                            : input_dilation}};
          const std::size_t channels = 12;
          const Window window(g, 5, 4, channels);
          wrong += window.output_height() == naive_extent(5, 3, 2, 1, g, &Steps::rows) ? 0U : 1U;
          wrong += window.output_width() == naive_extent(4, 2, 0, 3, g, &Steps::columns) ? 0U : 1U;
          wrong += window.input_size() == 5 * 4 * channels ? 0U : 1U;
          const RealLines rows = window.real_rows();
          const RealLines columns = window.real_columns();
          for (std::size_t pixel = 0; pixel < window.output_pixels(); ++pixel) {
            const std::vector<int> first = seen(window, pixel, 0);
            const std::size_t row = rows.pattern_of[pixel / window.output_width()];
            const std::size_t column = columns.pattern_of[pixel % window.output_width()];
            for (std::size_t tap = 0; tap < g.taps(); ++tap) {
              const bool is_real = rows.is_real(row, tap / g.kernel_width) &&
                                   columns.is_real(column, tap % g.kernel_width);
              wrong += is_real == (first[tap * (channels / groups)] != -1) ? 0U : 1U;
            }
            for (std::size_t group = 0; group < groups; ++group) {
              ++windows;
              wrong += seen(window, pixel, group) ==
                               defined(g, 5, 4, channels, window.output_width(), pixel, group)
                           ? 0U
                           : 1U;
            }
          }
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(windows > 1000);
}

TEST_CASE("Window: refuses a kernel that does not fit, counting dilation and padding") {
  const WindowGeometry g{.kernel_height = 3, .kernel_width = 2, .pad_top = 1, .dilation = 2};
  CHECK(Window(g, 4, 3, 1).output_pixels() == 1);
  CHECK(error_of([&] { Window(g, 3, 3, 1); }) ==
        "a window of 5x3 pixels does not fit an image of 4x3, padding included");
  CHECK(error_of([&] { Window(g, 4, 2, 1); }) ==
        "a window of 5x3 pixels does not fit an image of 5x2, padding included");
  for (const WindowGeometry& still :
       {WindowGeometry{.stride = {0, 1}}, {.dilation = {1, 0}}, {.input_dilation = 0}}) {
    CHECK(error_of([&] { Window(still, 4, 4, 1); }) ==
          "a window has a stride or a dilation of 0; give it one pixel at least");
  }
}

TEST_CASE("WindowGeometry: a square one is the same on all sides") {
  const WindowGeometry g = WindowGeometry::square(5, 2, 1);
  CHECK(g.taps() == 25);
  CHECK(g == WindowGeometry{.kernel_height = 5,
                            .kernel_width = 5,
                            .stride = 2,
                            .pad_top = 1,
                            .pad_left = 1,
                            .pad_bottom = 1,
                            .pad_right = 1});
}

TEST_CASE("same_window: as many outputs as strides begin, odd padding at bottom and right") {
  const WindowGeometry halved = same_window(3, 2, 224, 225);
  CHECK(halved.pad_top == 0);
  CHECK(halved.pad_bottom == 1);
  CHECK(halved.pad_left == 1);
  CHECK(halved.pad_right == 1);
  std::size_t wrong = 0;
  for (std::size_t extent = 1; extent < 12; ++extent) {
    for (std::size_t kernel = 1; kernel < 6; ++kernel) {
      for (std::size_t stride = 1; stride < 4; ++stride) {
        const WindowGeometry geometry = same_window(kernel, stride, extent, extent + 1);
        const std::size_t more = geometry.pad_bottom - geometry.pad_top;
        const Window window(geometry, extent, extent + 1, 1);
        wrong += window.output_height() == (extent + stride - 1) / stride &&
                         window.output_width() == (extent + stride) / stride && more <= 1
                     ? 0U
                     : 1U;
      }
    }
  }
  CHECK(wrong == 0);
}
