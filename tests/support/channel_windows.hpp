// SPDX-License-Identifier: BSL-1.0
/// Windows of at most four columns, as products of one channel take them.
#pragma once

#include <cstddef>
#include <vector>

#include <upset/kernel/window.hpp>

namespace upset::test {

struct WindowsOfPicture {
  WindowGeometry geometry;
  std::size_t height;
  std::size_t width;
};

inline const std::vector<WindowsOfPicture> channel_windows{
    {WindowGeometry::square(1), 3, 5},
    {WindowGeometry::square(1, 2), 5, 4},  // pixels that no window reads
    {WindowGeometry::square(3, 1, 1), 4, 6},
    {WindowGeometry::square(3, 2, 1), 6, 7},
    {WindowGeometry::square(4, 3), 8, 9},
    {WindowGeometry::square(4, 3, 2), 8, 9},
    {{.kernel_height = 5, .kernel_width = 2, .pad_top = 3, .pad_left = 1, .pad_bottom = 2}, 4, 3},
    {{.kernel_height = 1, .kernel_width = 1, .pad_left = 6, .pad_right = 2}, 2, 2},
};

}  // namespace upset::test
