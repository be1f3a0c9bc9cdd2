// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/input_gradient.hpp>

using namespace upset;
using upset::test::Values;

namespace {

struct GradientCase {
  WindowGeometry geometry;
  std::size_t inputs;   // of a group
  std::size_t outputs;  // of a group
  std::size_t height;
  std::size_t width;
};

// What the loops of a convolution say, in double: d_x[p] += d_y[q] w[t] for every q and t whose
// position p is one of the picture.
struct Oracle {
  std::vector<double> d_x;
  std::vector<std::size_t> terms;

  Oracle(const GradientCase& s, const Window& window, const std::vector<float>& kernel,
         const std::vector<float>& d_y, std::size_t pictures) {
    const WindowGeometry& g = s.geometry;
    const std::size_t channels = s.inputs * g.groups;
    const std::size_t all_outputs = s.outputs * g.groups;
    d_x.assign(pictures * s.height * s.width * channels, 0.0);
    terms.assign(d_x.size(), 0);
    for (std::size_t q = 0; q < pictures * window.output_pixels() * all_outputs; ++q) {
      const std::size_t o = q % all_outputs;
      const std::size_t x = q / all_outputs % window.output_width();
      const std::size_t y = q / all_outputs / window.output_width() % window.output_height();
      const std::size_t b = q / all_outputs / window.output_pixels();
      for (std::size_t tap = 0; tap < g.taps(); ++tap) {
        const std::size_t row = y * g.stride.rows + tap / g.kernel_width * g.dilation.rows;
        const std::size_t column = x * g.stride.columns + tap % g.kernel_width * g.dilation.columns;
        if (row < g.pad_top || (row - g.pad_top) % g.input_dilation.rows != 0 ||
            (row - g.pad_top) / g.input_dilation.rows >= s.height || column < g.pad_left ||
            (column - g.pad_left) % g.input_dilation.columns != 0 ||
            (column - g.pad_left) / g.input_dilation.columns >= s.width) {
          continue;
        }
        const std::size_t pixel =
            (b * s.height + (row - g.pad_top) / g.input_dilation.rows) * s.width +
            (column - g.pad_left) / g.input_dilation.columns;
        for (std::size_t i = 0; i < s.inputs; ++i) {
          const std::size_t at = pixel * channels + o / s.outputs * s.inputs + i;
          d_x[at] += static_cast<double>(d_y[q]) *
                     static_cast<double>(kernel[(o * g.taps() + tap) * s.inputs + i]);
          ++terms[at];
        }
      }
    }
  }
};

std::size_t wrong_values(const GradientCase& s, std::uint32_t seed) {
  const WindowGeometry& g = s.geometry;
  const std::size_t channels = s.inputs * g.groups;
  const std::size_t outputs = s.outputs * g.groups;
  const Window window(g, s.height, s.width, channels);
  Values draw(seed);
  const auto random_values = [&](std::size_t size) {
    std::vector<float> values(size);
    for (float& value : values) {
      value = draw.uniform(-1, 1);
    }
    return values;
  };
  constexpr std::size_t pictures = 3;
  const std::size_t picture = window.output_pixels() * outputs;
  const std::vector<float> kernel = random_values(outputs * g.taps() * s.inputs);
  const std::vector<float> d_y = random_values(pictures * picture);
  const Oracle right(s, window, kernel, d_y, pictures);
  // two at once, then one, which the zeros around the first must have survived
  std::vector<float> d_x(right.d_x.size(), 0.0F);
  InputGradient gradient(g, s.height, s.width, kernel, outputs, 2);
  gradient.compute(d_y.data(), 2, d_x.data());
  gradient.compute(d_y.data() + 2 * picture, 1, d_x.data() + 2 * s.height * s.width * channels);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < d_x.size(); ++i) {
    const auto n = static_cast<double>(right.terms[i]);
    wrong += std::abs(static_cast<double>(d_x[i]) - right.d_x[i]) <= 0x1p-24 * n * n ? 0U : 1U;
  }
  return wrong;
}

}  // namespace

TEST_CASE("InputGradient: is the sum over all windows that see a pixel") {
  const GradientCase subjects[] = {
      {WindowGeometry::square(1), 5, 3, 1, 1},          // a dense layer
      {WindowGeometry::square(3, 1, 1), 16, 16, 6, 5},  // whole panels
      {WindowGeometry::square(3, 2, 1), 16, 32, 7, 8}, {WindowGeometry::square(5), 6, 16, 9, 8},
      {WindowGeometry::square(2, 3), 4, 7, 8, 11},  // pixels that no window sees
      {WindowGeometry::square(1, 2), 33, 17, 5, 4},
  };
  for (const GradientCase& subject : subjects) {
    CAPTURE(subject.geometry.stride.rows);
    CHECK(wrong_values(subject, 1) == 0);
  }
}

TEST_CASE("InputGradient: for any stride, dilation, padding and number of groups") {
  Values draw(2);
  for (std::uint32_t trial = 0; trial < 300; ++trial) {
    const WindowGeometry geometry{.kernel_height = 1 + draw.below(4),
                                  .kernel_width = 1 + draw.below(4),
                                  .stride = {1 + draw.below(4), 1 + draw.below(4)},
                                  .pad_top = draw.below(3),
                                  .pad_left = draw.below(3),
                                  .pad_bottom = draw.below(3),
                                  .pad_right = draw.below(3),
                                  .dilation = {1 + draw.below(3), 1 + draw.below(3)},
                                  .groups = 1 + draw.below(3),
                                  .input_dilation = {1 + draw.below(3), 1 + draw.below(3)}};
    const std::size_t reach = 4 * std::max(geometry.dilation.rows, geometry.dilation.columns);
    const GradientCase subject{geometry, 1 + draw.below(20), 1 + draw.below(20),
                               reach + draw.below(6), reach + draw.below(6)};
    CAPTURE(trial);
    CHECK(wrong_values(subject, trial) == 0);
  }
}
