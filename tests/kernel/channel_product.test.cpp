// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/channel_windows.hpp"
#include "support/naive_conv.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/channel_product.hpp>
#include <upset/kernel/delta_window.hpp>

namespace upset {
namespace {

#if defined(__AVX2__)

// Bytes of AVX2 are multiplied by 64 at most.
constexpr int largest_weight_of_channel = detail::largest_byte_weight == 128 ? 127 : 64;

TEST_CASE("channel product: a row is the convolution of the differences") {
  test::Values values(1);
  constexpr std::size_t channels = 5;
  for (const auto& [geometry, height, width] : test::channel_windows) {
    for (const std::size_t outputs : {1U, 16U, 17U, 32U, 50U, 100U}) {
      CAPTURE(outputs);
      const Shape kernel_shape{outputs, geometry.kernel_height, geometry.kernel_width, channels};
      const Tensor kernel = values.steps(kernel_shape, largest_weight_of_channel, 1.0F);
      const Window window(geometry, height, width, channels);
      const std::size_t stride = (outputs + 15) / 16 * 16;
      ChannelProduct<std::int8_t> product(geometry, window.output_width(), channels, stride);
      const std::size_t depth = kernel.size() / outputs;
      for (std::size_t i = 0; i < kernel.size(); ++i) {
        product.set_weight(i / depth, i % depth, 3);  // to be overwritten
        product.set_weight(i / depth, i % depth, static_cast<std::int16_t>(kernel[i]));
      }
      const std::size_t channel = values.below(channels);
      Tensor picture({1, height, width, channels});  // how it differs
      const std::vector<std::int16_t> golden(picture.size(), 0);
      std::vector<std::int16_t> now(height * width);
      for (std::size_t pixel = 0; pixel < now.size(); ++pixel) {
        const int difference = static_cast<int>(values.below(256)) - 128;
        now[pixel] = static_cast<std::int16_t>(difference);
        picture[pixel * channels + channel] = static_cast<float>(difference);
      }
      ChannelDifferences differences(geometry, height, width);
      REQUIRE(differences.compare(now.data(), golden.data(), channel, channels));
      const test::NaiveConv expected =
          test::naive_conv(picture, kernel, Tensor({outputs}), geometry);
      std::size_t wrong = 0;
      for (std::size_t row = 0; row < window.output_height(); ++row) {
        AlignedVector<std::int32_t> from(window.output_width() * stride);
        for (std::int32_t& sum : from) {
          sum = static_cast<std::int32_t>(values.below(1000));
        }
        AlignedVector<std::int32_t> sums(from.size(), 55);
        product.add_row(row, differences, from.data(),
                        detail::SumRow<std::int32_t>{sums.data(), stride});
        for (std::size_t x = 0; x < window.output_width(); ++x) {
          for (std::size_t o = 0; o < stride; ++o) {
            const std::int32_t added = sums[x * stride + o] - from[x * stride + o];
            const double sum =
                o < outputs ? expected.values[(row * window.output_width() + x) * outputs + o]
                            : 0.0;
            wrong += static_cast<double>(added) == sum ? 0U : 1U;
          }
        }
      }
      CHECK(wrong == 0);
    }
  }
}

#endif

}  // namespace
}  // namespace upset
