// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "support/format_pair.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/kernel/weight_operand.hpp>
#include <upset/kernel/window_parts.hpp>

using namespace upset;
using upset::test::Values;

namespace {

// Kernels whose windows see padding at some sides, at all, or nothing else at some corners.
const std::vector<WindowGeometry> padded_geometries{
    WindowGeometry::square(3, 1, 1),
    WindowGeometry::square(3, 2, 1),
    WindowGeometry::square(5, 1, 2),
    WindowGeometry::square(3, 1, 4),
    {.kernel_height = 3, .kernel_width = 2, .stride = {1, 2}, .pad_top = 2, .pad_right = 1},
    {.kernel_height = 2, .kernel_width = 4, .pad_left = 3, .pad_bottom = 1, .dilation = {3, 1}},
};

std::size_t products(const WindowParts& parts) {
  std::size_t sum = 0;
  for (const WindowPart& part : parts.parts()) {
    sum += (part.end - part.begin) * part.rows.size() * part.columns.size();
  }
  return sum;
}

}  // namespace

TEST_CASE("WindowParts: every window has its place, and leaves out nothing but padding") {
  constexpr std::size_t channels = 3;
  constexpr std::size_t outputs = 7;
  std::size_t wrong = 0;
  std::size_t left_out = 0;
  for (const WindowGeometry& geometry : padded_geometries) {
    for (const std::size_t pictures : {std::size_t{1}, std::size_t{5}}) {
      for (const bool leaves_out_columns : {false, true}) {
        const Window window(geometry, 8, 7, channels);
        REQUIRE(window.may_leave_out_taps());
        const RealLines rows = window.real_rows();
        const RealLines columns = window.real_columns();
        const WindowParts sorted({window, pictures, outputs, 4, leaves_out_columns});
        std::vector<int> seen(pictures * window.output_pixels(), 0);
        for (const WindowPart& part : sorted.parts()) {
          const std::size_t count = part.end - part.begin;
          const bool has_all_taps =
              part.rows == window.all_rows() && part.columns == window.all_columns();
          wrong += has_all_taps || count % 4 == 0 ? 0U : 1U;
          wrong += leaves_out_columns || part.columns == window.all_columns() ? 0U : 1U;
          for (std::size_t m = 0; m < count; ++m) {
            const std::size_t place = sorted.targets(part)[m] / outputs;
            wrong += sorted.targets(part)[m] % outputs == 0 ? 0U : 1U;
            ++seen.at(place);
            const std::size_t pixel = place % window.output_pixels();
            const std::size_t base = place / window.output_pixels() * window.padded_size() +
                                     window.base(pixel) + part.columns.begin * channels;
            wrong += sorted.bases(part)[m] == base ? 0U : 1U;
            for (std::size_t tap = 0; tap < geometry.taps(); ++tap) {
              const std::size_t y = tap / geometry.kernel_width;
              const std::size_t x = tap % geometry.kernel_width;
              const bool is_multiplied = y >= part.rows.begin && y < part.rows.end &&
                                         x >= part.columns.begin && x < part.columns.end;
              const bool is_real =
                  rows.is_real(rows.pattern_of[pixel / window.output_width()], y) &&
                  columns.is_real(columns.pattern_of[pixel % window.output_width()], x);
              wrong += is_multiplied || !is_real ? 0U : 1U;
              left_out += is_multiplied ? 0U : 1U;
            }
          }
        }
        wrong += std::ranges::all_of(seen, [](int times) { return times == 1; }) ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(left_out > 1000);
}

TEST_CASE("WindowParts: tiles of six leave out 4, 6 and 12 % of 3x3 products") {
  const auto products_of = [](std::size_t size) {
    const Window window(WindowGeometry::square(3, 1, 1), size, size, 16);
    return products(WindowParts({window, 1, 16, 6, true}));
  };
  CHECK(products_of(32) == 9 * 904 + 6 * 120);  // of 9 * 1024
  CHECK(products_of(16) == 9 * 208 + 6 * 48);
  CHECK(products_of(8) == 9 * 40 + 6 * 24);
}

TEST_CASE("WindowParts: a thread keeps those it made last") {
  const auto of = [](std::size_t size) {
    return WindowParts::of({Window(WindowGeometry::square(3, 1, 1), size, size, 2), 1, 4, 6, true});
  };
  const auto first = of(9);
  CHECK(of(9) == first);
  CHECK(of(10) != first);
  for (std::size_t size = 10; size < 30; ++size) {
    CHECK(of(size)->block().window.output_height() == size);
  }
  CHECK(of(9) != first);
  CHECK(of(29) == of(29));
  CHECK(of(200) != of(200));  // too many windows to be kept
}

TEST_CASE_TEMPLATE("WeightOperand: products without padding are those with it, bit for bit", T,
                   UPSET_PRODUCT_PAIRS) {
  using W = typename T::W;
  using A = typename T::A;
  constexpr std::size_t height = 8;
  constexpr std::size_t width = 7;
  Values draw(1);
  std::size_t products_left_out = 0;
  // whole words a tap and panels of columns, and neither
  for (const auto& sizes : {std::pair<std::size_t, std::size_t>{8, 48}, {5, 37}}) {
    const std::size_t channels = sizes.first;
    const std::size_t outputs = sizes.second;
    for (const WindowGeometry& geometry : padded_geometries) {
      CAPTURE(channels);
      CAPTURE(outputs);
      const std::size_t rows = geometry.kernel_height;
      const std::size_t columns = geometry.kernel_width;
      const Tensor weights = draw.uniform({outputs, rows, columns, channels}, -1, 1);
      const Tensor x = draw.uniform({2, height, width, channels}, -0.5F, 1);
      const Tensor bias = draw.uniform({outputs}, -1, 1);
      const typename A::Scale scale = A::fit(x.values());
      PaddedPictures<W, A> pictures(geometry, height, width, channels, 2, scale);
      for (std::size_t b = 0; b < 2; ++b) {
        pictures.write(b, x.row(b), scale);
      }
      Memory<W> kernel(weights.values(), {W::fit(weights.values())});
      WeightOperand<W, A> operand(1, outputs, rows, columns * channels, columns);
      const auto difference = [&](std::size_t count) {
        operand.set_scales(kernel, scale, bias.values());
        const std::size_t size = pictures.bases(count).size() * outputs;
        std::vector<float> sorted(size, std::numeric_limits<float>::quiet_NaN());
        std::vector<float> plain = sorted;
        const float least = count == 1 ? 0.0F : no_least;
        operand.multiply(pictures, count, sorted.data(), least);
        const AlignedVector<std::size_t> offsets = pictures.window().offsets(0);
        operand.multiply(0, pictures.data(), pictures.bases(count),
                         {offsets, pictures.window().segment_length()}, {plain.data(), outputs});
        for (float& value : plain) {
          value = value < least ? least : value;
        }
        return test::different_bits(sorted, plain);
      };
      operand.build(kernel);
      CHECK(difference(2) == 0);
      CHECK(difference(1) == 0);
      for (std::uint64_t bit = 3; bit < kernel.layout().code_bits(); bit += 211) {
        kernel.flip(bit);  // floats become large, infinite and NaN
      }
      operand.patch(kernel);
      CHECK(difference(2) == 0);
      for (std::uint64_t bit = kernel.layout().code_bits(); bit < kernel.bit_count(); bit += 5) {
        kernel.flip(bit);  // of the scale: weights of `Int8Affine` get a zero point
      }
      operand.build(kernel);
      CHECK(difference(2) == 0);
      operand = {1, outputs, rows, columns * channels};  // taps by themselves are not known
      operand.build(kernel);
      CHECK(difference(2) == 0);
      products_left_out += pictures.has_parts() ? 1U : 0U;
    }
  }
  CHECK(products_left_out > 0);
}

TEST_CASE("WeightOperand: an infinite weight makes NaN of padding, in every window that has some") {
  const WindowGeometry geometry = WindowGeometry::square(3, 1, 1);
  constexpr std::size_t channels = 16;
  constexpr std::size_t size = 16;  // of a picture: its borders fill tiles
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const Tensor x({1, size, size, channels}, 1.0F);
  Tensor weights({channels, 3, 3, channels}, 1.0F);
  weights.values()[0] = infinity;  // first output, first row and column
  PaddedPictures<Float32, Float32> pictures(geometry, size, size, channels, 1, {});
  pictures.write(0, x.row(0), {});
  WeightOperand<Float32, Float32> operand(1, channels, 3, 3 * channels, 3);
  Memory<Float32> kernel(weights.values(), {{}});
  const auto nans = [&] {
    operand.set_scales(kernel, {}, std::vector<float>(channels));
    std::vector<float> y(size * size * channels);
    operand.multiply(pictures, 1, y.data());
    return std::ranges::count_if(y, [](float value) { return value != value; });
  };
  operand.build(kernel);
  CHECK(nans() == 31);  // first row and column of pixels
  kernel.flip(30);      // from infinity to 1
  operand.patch(kernel);
  CHECK(nans() == 0);
  kernel.flip(30);
  operand.patch(kernel);
  CHECK(nans() == 31);
}
