// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/naive_conv.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/delta_product.hpp>

namespace upset {
namespace {

#if defined(__AVX2__)
#define UPSET_DELTA_LEVELS std::int8_t, std::int16_t, float
#elif defined(__x86_64__)
#define UPSET_DELTA_LEVELS std::int16_t, float
#else
#define UPSET_DELTA_LEVELS float
#endif

struct Case {
  WindowGeometry geometry;
  std::size_t channels;
  std::size_t height;
  std::size_t width;
};

const std::vector<Case> cases{
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

// The tap of a window at `output` that reads pixel `input` along one axis is input + pad - output *
// stride, where that lies within the kernel.
[[nodiscard]] bool reads(std::size_t output, std::size_t input, std::size_t taps,
                         std::size_t stride, std::size_t pad) {
  return input + pad >= output * stride && input + pad < output * stride + taps;
}

// Where bytes are multiplied, levels are read in 16 bits.
template <class T>
using LevelOf = std::conditional_t<std::is_integral_v<T>, std::int16_t, float>;

/// How a picture differs from zeros.
template <class T>
[[nodiscard]] DifferenceList<T> differences_of(const Tensor& picture) {
  const std::size_t channels = picture.shape()[3];
  const std::size_t pixels = picture.size() / channels;
  DifferenceList<T> found(pixels, channels);
  std::vector<LevelOf<T>> now(picture.values().begin(), picture.values().end());
  const std::vector<LevelOf<T>> golden(now.size(), 0);
  found.clear();
  found.compare(now.data(), golden.data(), 0, pixels);
  found.finish();
  return found;
}

template <class T>
[[nodiscard]] DeltaProduct<T> product_of(const Case& at, const Tensor& kernel) {
  const std::size_t outputs = kernel.shape()[0];
  DeltaProduct<T> product(at.geometry, at.height, at.width, at.channels, outputs);
  const std::size_t depth = kernel.size() / outputs;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    product.set_weight(i / depth, i % depth, static_cast<LevelOf<T>>(kernel[i]));
  }
  return product;
}

// `largest`: 0 for reals
[[nodiscard]] Tensor kernel_of(const Case& at, std::size_t outputs, int largest,
                               test::Values& values) {
  const Shape shape{outputs, at.geometry.kernel_height, at.geometry.kernel_width, at.channels};
  return largest > 0 ? values.steps(shape, largest, 1.0F) : values.uniform(shape, -1.0F, 1.0F);
}
template <class T>
constexpr int largest_weight = std::is_same_v<T, float> ? 0
                               : sizeof(T) == 1         ? 127
                                                        : 900;

// Bytes of AVX2 are multiplied by 64 at most.
template <class T>
constexpr int largest_difference = sizeof(T) > 1                        ? 3000
                                   : detail::largest_byte_weight == 128 ? 510
                                                                        : 64;

TEST_CASE_TEMPLATE("delta product: a row is the convolution of the differences", T,
                   UPSET_DELTA_LEVELS) {
  constexpr bool in_levels = std::is_integral_v<T>;
  using Sum = typename DeltaProduct<T>::Sum;
  test::Values values(3);
  for (std::size_t n = 0; n < cases.size(); ++n) {
    CAPTURE(n);
    const Case& at = cases[n];
    for (const std::size_t outputs : {1U, 10U, 16U, 17U, 64U}) {
      CAPTURE(outputs);
      const Tensor kernel = kernel_of(at, outputs, largest_weight<T>, values);
      const DeltaProduct<T> product = product_of<T>(at, kernel);
      const Shape shape{1, at.height, at.width, at.channels};
      Tensor picture = in_levels ? values.steps(shape, largest_difference<T>, 1.0F)
                                 : values.uniform(shape, -1, 1);
      const std::size_t rarity = std::size_t{1} << (outputs % 4);  // from all to few
      for (float& value : picture.values()) {
        value = values.below(rarity) == 0 ? value : 0.0F;
      }
      const DifferenceList<T> differences = differences_of<T>(picture);
      const test::NaiveConv expected =
          test::naive_conv(picture, kernel, Tensor({outputs}), at.geometry);
      REQUIRE(product.output_height() == expected.shape[1]);
      REQUIRE(product.output_width() == expected.shape[2]);
      const double depth = static_cast<double>(kernel.size() / outputs);
      std::size_t wrong = 0;
      for (std::size_t row = 0; row < product.output_height(); ++row) {
        // sums start from what is given, exactly for integers
        const Sum before = in_levels ? Sum{7} : Sum{0};
        const AlignedVector<Sum> from(product.output_width() * product.stride(), before);
        AlignedVector<Sum> sums(from.size(), Sum{55});
        product.add_row(row, differences, from.data(),
                        typename DeltaProduct<T>::SumRow{sums.data(), product.stride()});
        for (std::size_t x = 0; x < product.output_width(); ++x) {
          for (std::size_t o = 0; o < product.stride(); ++o) {
            const Sum sum = sums[x * product.stride() + o] - before;
            const std::size_t i = (row * product.output_width() + x) * outputs + o;
            if (o >= outputs) {
              wrong += sum == 0 ? 0U : 1U;
            } else if (in_levels) {  // below 225 * 5 * 2700000: exact in double
              wrong += static_cast<double>(sum) == expected.values[i] ? 0U : 1U;
            } else {  // every product and every sum rounds once, see `beyond_rounding`
              const double bound = (depth + 2) * 0x1p-24 * expected.magnitudes[i];
              wrong += std::abs(static_cast<double>(sum) - expected.values[i]) <= bound ? 0U : 1U;
            }
          }
        }
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("delta product: what every window reads at one tap and channel") {
  for (std::size_t n = 0; n < cases.size(); ++n) {
    CAPTURE(n);
    const Case& at = cases[n];
    const WindowGeometry& g = at.geometry;
    const DeltaProduct<float> product(g, at.height, at.width, at.channels, 3);
    std::size_t wrong = 0;
    for (std::size_t k = 0; k < g.taps() * at.channels; ++k) {
      std::vector<std::pair<std::size_t, std::size_t>> expected;
      const std::size_t tap_y = k / at.channels / g.kernel_width;
      const std::size_t tap_x = k / at.channels % g.kernel_width;
      for (std::size_t y = 0; y < product.output_height(); ++y) {
        for (std::size_t x = 0; x < product.output_width(); ++x) {
          const std::size_t row = y * g.stride.rows + tap_y;  // within the padded picture
          const std::size_t column = x * g.stride.columns + tap_x;
          if (row >= g.pad_top && row - g.pad_top < at.height && column >= g.pad_left &&
              column - g.pad_left < at.width) {
            const std::size_t pixel = (row - g.pad_top) * at.width + column - g.pad_left;
            expected.emplace_back(y * product.output_width() + x,
                                  pixel * at.channels + k % at.channels);
          }
        }
      }
      std::vector<std::pair<std::size_t, std::size_t>> found;
      product.for_each_input(
          k, [&](std::size_t pixel, std::size_t i) { found.emplace_back(pixel, i); });
      wrong += found == expected ? 0U : 1U;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("delta product: rows of outputs that read rows of inputs") {
  for (std::size_t n = 0; n < cases.size(); ++n) {
    CAPTURE(n);
    const Case& at = cases[n];
    const WindowGeometry& g = at.geometry;
    const DeltaProduct<float> product(g, at.height, at.width, at.channels, 1);
    for (std::size_t first = 0; first < at.height; ++first) {
      for (std::size_t last = first; last <= at.height; ++last) {
        std::vector<std::size_t> rows;
        for (std::size_t y = 0; y < product.output_height(); ++y) {
          bool is_reader = false;
          for (std::size_t row = first; row < last; ++row) {
            is_reader = is_reader || reads(y, row, g.kernel_height, g.stride.rows, g.pad_top);
          }
          if (is_reader) {
            rows.push_back(y);
          }
        }
        const auto [from, to] = product.output_rows(first, last);
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
  }
}

TEST_CASE_TEMPLATE("delta product: weights are those that were set", T, UPSET_DELTA_LEVELS) {
  test::Values values(4);
  const Case& at = cases[7];
  const Tensor kernel = kernel_of(at, 17, 120, values);
  DeltaProduct<T> product = product_of<T>(at, kernel);
  product.set_weight(16, 3, LevelOf<T>{5});
  const std::size_t depth = kernel.size() / 17;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const float expected = i == 16 * depth + 3 ? 5.0F : kernel[i];
    wrong += static_cast<float>(product.weight(i / depth, i % depth)) == expected ? 0U : 1U;
  }
  CHECK(wrong == 0);
  CHECK(product.input_width() == at.width);
  CHECK(product.channels() == at.channels);
}

}  // namespace
}  // namespace upset
