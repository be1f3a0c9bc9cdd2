// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/naive_conv.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/byte_product.hpp>

namespace upset {
namespace {

TEST_CASE("byte product: the processor has it where it has 512-bit products of bytes") {
#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  CHECK(has_byte_product);
#else
  CHECK_FALSE(has_byte_product);
#endif
}

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)

// How `changed` values of a picture of zeros change a convolution by 3x3 of `outputs`, all numbers
// as large as bytes get.
[[nodiscard]] std::size_t wrong_sums_of_bytes(std::size_t width, std::size_t outputs,
                                              std::size_t stride, std::size_t changed,
                                              test::Values& values) {
  constexpr std::size_t height = 4;
  constexpr std::size_t channels = 3;
  const auto geometry = WindowGeometry::square(3, stride, 1);
  const auto extreme = [&] { return static_cast<std::int16_t>(values.below(2) == 0 ? -128 : 127); };
  Tensor kernel({outputs, 3, 3, channels});
  DeltaProduct<std::int8_t> product(geometry, height, width, channels, outputs);
  const std::size_t depth = 9 * channels;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const std::int16_t weight = extreme();
    kernel[i] = weight;
    product.set_weight(i / depth, i % depth, extreme());  // to be overwritten
    product.set_weight(i / depth, i % depth, weight);
  }
  Tensor picture({1, height, width, channels});
  const std::vector<std::int16_t> golden(picture.size(), 0);
  std::vector<std::int16_t> now = golden;
  for (std::size_t n = 0; n < changed; ++n) {
    now[values.below(now.size())] = extreme();
  }
  for (std::size_t i = 0; i < now.size(); ++i) {
    picture[i] = now[i];
  }
  DifferenceList<std::int8_t> differences(height, width, channels);
  differences.clear();
  differences.compare(now.data(), golden.data(), 0, height * width);
  differences.finish();
  const test::NaiveConv expected = test::naive_conv(picture, kernel, Tensor({outputs}), geometry);
  std::size_t wrong = 0;
  for (std::size_t row = 0; row < product.output_height(); ++row) {
    const std::size_t pixels = product.output_width();
    const AlignedVector<std::int32_t> from(pixels * product.stride(), 11);
    AlignedVector<std::int32_t> sums(from.size(), 55);
    product.add_row(row, differences, from.data(),
                    DeltaProduct<std::int8_t>::SumRow{sums.data(), product.stride()});
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::size_t output = i % product.stride();
      const std::size_t pixel = row * pixels + i / product.stride();
      const double sum = output < outputs ? expected.values[pixel * outputs + output] : 0.0;
      wrong += static_cast<double>(sums[i] - 11) == sum ? 0U : 1U;
    }
  }
  return wrong;
}

TEST_CASE("byte product: any outputs, widths and numbers of differences, of the largest bytes") {
  test::Values values(5);
  for (const std::size_t outputs : {3U, 16U, 32U, 48U, 64U, 80U, 96U, 128U}) {
    for (const std::size_t width : {1U, 2U, 4U, 6U, 8U}) {
      CAPTURE(outputs);
      CAPTURE(width);
      std::size_t wrong = 0;
      for (std::size_t changed = 0; changed < 12; ++changed) {
        wrong += wrong_sums_of_bytes(width, outputs, 1, changed, values);
        wrong += wrong_sums_of_bytes(width, outputs, 2, changed * changed, values);
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("byte product: windows of differences that fill several vectors, each in parts") {
  constexpr std::size_t channels = 40;
  const std::vector<std::int16_t> golden(3 * 3 * channels, -255);
  const std::vector<std::int16_t> now(golden.size(), 255);
  DifferenceList<std::int8_t> differences(3, 3, channels);
  differences.clear();
  differences.compare(now.data(), golden.data(), 0, 9);
  differences.finish();
  CHECK(differences.size() == 5 * now.size());
  DeltaProduct<std::int8_t> product(WindowGeometry::square(3, 1, 1), 3, 3, channels, 64);
  for (std::size_t k = 0; k < 9 * channels; ++k) {
    product.set_weight(5, k, -128);
  }
  const AlignedVector<std::int32_t> from(3 * 64, 0);
  AlignedVector<std::int32_t> sums(from.size(), 55);
  product.add_row(1, differences, from.data(), DeltaProduct<std::int8_t>::SumRow{sums.data(), 64});
  constexpr std::int32_t whole = -128 * 510 * 9 * 40;
  CHECK(sums[64 + 5] == whole);
  CHECK(sums[5] == whole / 3 * 2);
  CHECK(sums[64 + 6] == 0);
}

TEST_CASE("byte product: windows that numbers of 16 bits suffice for") {
  const auto window = WindowGeometry::square(3, 1, 1);
  using Product = DeltaProduct<std::int8_t>;
  CHECK(Product::suits(window, 32, 2048));
  CHECK_FALSE(Product::suits(window, 33, 2048));  // places of a row
  CHECK(Product::suits(window, 1, 3640));
  CHECK_FALSE(Product::suits(window, 1, 3641));  // rows of weights
}

TEST_CASE("byte product: weights are those that were set") {
  DeltaProduct<std::int8_t> product(WindowGeometry::square(3, 1, 1), 4, 4, 5, 50);
  const auto weight = [](std::size_t output, std::size_t k) {
    return static_cast<std::int16_t>(static_cast<int>((output * 45 + k) % 256) - 128);
  };
  for (std::size_t output = 0; output < 50; ++output) {
    for (std::size_t k = 0; k < 45; ++k) {
      product.set_weight(output, k, weight(output, k));
    }
  }
  std::size_t wrong = 0;
  for (std::size_t output = 0; output < 50; ++output) {
    for (std::size_t k = 0; k < 45; ++k) {
      wrong += product.weight(output, k) == weight(output, k) ? 0U : 1U;
    }
  }
  CHECK(wrong == 0);
}

#endif

}  // namespace
}  // namespace upset
