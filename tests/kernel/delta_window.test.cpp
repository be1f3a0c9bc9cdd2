// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <utility>
#include <vector>

#include "support/delta_cases.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/delta_window.hpp>

namespace upset {
namespace {

using test::delta_cases;
using test::DeltaCase;

// The tap of a window at `output` that reads pixel `input` along one axis is input + pad - output *
// stride, where that lies within the kernel.
[[nodiscard]] bool reads(std::size_t output, std::size_t input, std::size_t taps,
                         std::size_t stride, std::size_t pad) {
  return input + pad >= output * stride && input + pad < output * stride + taps;
}

// Calls `use(at, geometry, window)` for every case.
template <class Use>
void for_each_delta_window(Use use) {
  for (std::size_t n = 0; n < delta_cases.size(); ++n) {
    CAPTURE(n);
    const DeltaCase& at = delta_cases[n];
    use(at, at.geometry, DeltaWindow(at.geometry, at.height, at.width, at.channels, 20));
  }
}

TEST_CASE("delta window: what every window reads at one tap and channel") {
  for_each_delta_window(
      [](const DeltaCase& at, const WindowGeometry& g, const DeltaWindow& window) {
        std::size_t wrong = 0;
        for (std::size_t k = 0; k < g.taps() * at.channels; ++k) {
          std::vector<std::pair<std::size_t, std::size_t>> expected;
          const std::size_t tap_y = k / at.channels / g.kernel_width;
          const std::size_t tap_x = k / at.channels % g.kernel_width;
          for (std::size_t y = 0; y < window.output_height(); ++y) {
            for (std::size_t x = 0; x < window.output_width(); ++x) {
              const std::size_t row = y * g.stride.rows + tap_y;  // within the padded picture
              const std::size_t column = x * g.stride.columns + tap_x;
              if (row >= g.pad_top && row - g.pad_top < at.height && column >= g.pad_left &&
                  column - g.pad_left < at.width) {
                const std::size_t pixel = (row - g.pad_top) * at.width + column - g.pad_left;
                expected.emplace_back(y * window.output_width() + x,
                                      pixel * at.channels + k % at.channels);
              }
            }
          }
          std::vector<std::pair<std::size_t, std::size_t>> found;
          window.for_each_input(
              k, [&](std::size_t pixel, std::size_t i) { found.emplace_back(pixel, i); });
          wrong += found == expected ? 0U : 1U;
        }
        CHECK(wrong == 0);
      });
}

TEST_CASE("delta window: rows of outputs that read rows of inputs") {
  for_each_delta_window(
      [](const DeltaCase& at, const WindowGeometry& g, const DeltaWindow& window) {
        for (std::size_t first = 0; first < at.height; ++first) {
          for (std::size_t last = first; last <= at.height; ++last) {
            std::vector<std::size_t> rows;
            for (std::size_t y = 0; y < window.output_height(); ++y) {
              bool is_reader = false;
              for (std::size_t row = first; row < last; ++row) {
                is_reader = is_reader || reads(y, row, g.kernel_height, g.stride.rows, g.pad_top);
              }
              if (is_reader) {
                rows.push_back(y);
              }
            }
            const auto [from, to] = window.output_rows(first, last);
            CAPTURE(first);
            CAPTURE(last);
            if (rows.empty()) {
              CHECK(from == to);
            } else {
              CHECK(from == rows.front());
              CHECK(to == rows.back() + 1);
            }
          }
        }
      });
}

TEST_CASE("delta window: rows of the kernel that lie on the picture") {
  for_each_delta_window(
      [](const DeltaCase& at, const WindowGeometry& g, const DeltaWindow& window) {
        CHECK(window.stride() == 32);
        std::size_t wrong = 0;
        for (std::size_t y = 0; y < window.output_height(); ++y) {
          const auto [first, last] = window.tap_rows(y);
          for (std::size_t tap = 0; tap < g.kernel_height; ++tap) {
            const std::size_t padded = y * g.stride.rows + tap;
            const bool is_real = padded >= g.pad_top && padded - g.pad_top < at.height;
            wrong += is_real == (first <= tap && tap < last) ? 0U : 1U;
            wrong += !is_real || window.input_row(y, tap) == padded - g.pad_top ? 0U : 1U;
          }
        }
        CHECK(wrong == 0);
      });
}

}  // namespace
}  // namespace upset
