// SPDX-License-Identifier: BSL-1.0
/// The convolutions that changes are followed through in tests.
#pragma once

#include <cstddef>
#include <vector>

#include <upset/kernel/window.hpp>

namespace upset::test {

/// Windows of a convolution on a small picture.
struct DeltaCase {
  WindowGeometry geometry;
  std::size_t channels;
  std::size_t height;
  std::size_t width;
};

inline const std::vector<DeltaCase> delta_cases{
    {WindowGeometry::square(1), 3, 5, 7},
    {WindowGeometry::square(1, 2), 4, 5, 6},
    {WindowGeometry::square(3, 1, 1), 3, 6, 5},
    {WindowGeometry::square(3, 1, 1), 16, 5, 8},   // several pixels at a time
    {WindowGeometry::square(3, 2, 1), 36, 7, 12},  // and apart from each other
    {WindowGeometry::square(3, 2, 1), 2, 7, 8},
    {WindowGeometry::square(3, 3), 1, 8, 7},  // pixels that no window reads
    {{.kernel_height = 5, .kernel_width = 3, .pad_top = 2, .pad_left = 1, .pad_bottom = 2},
     5,
     6,
     4},
    {{.kernel_height = 5, .kernel_width = 3, .stride = {2, 1}, .pad_left = 2, .pad_bottom = 1},
     1,
     6,
     5},
    {{.kernel_height = 2, .kernel_width = 4, .pad_left = 3, .pad_right = 3}, 7, 3, 1},
};

}  // namespace upset::test
