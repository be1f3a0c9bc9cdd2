// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/channel_windows.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/channel_differences.hpp>

namespace upset {
namespace {

TEST_CASE("channel differences: each window's rows, padded by no difference") {
  test::Values values(1);
  for (const auto& [geometry, height, width] : test::channel_windows) {
    constexpr std::size_t channels = 3;
    const Window window(geometry, height, width, channels);
    ChannelDifferences differences(geometry, height, width);
    CHECK(differences.pixels() == height * width);
    for (std::size_t trial = 0; trial < 20; ++trial) {
      const std::size_t channel = values.below(channels);
      std::vector<std::int16_t> golden(height * width * channels);
      std::vector<std::int16_t> now(height * width);
      for (std::int16_t& level : golden) {
        level = static_cast<std::int16_t>(values.below(256));
      }
      for (std::size_t pixel = 0; pixel < now.size(); ++pixel) {
        const int before = golden[pixel * channels + channel];
        const int change = values.below(3) > 0 ? 0 : static_cast<int>(values.below(256)) - 128;
        now[pixel] = static_cast<std::int16_t>(before + change);
      }
      REQUIRE(differences.compare(now.data(), golden.data(), channel, channels));
      CHECK(differences.channel() == channel);
      std::vector<bool> differs(height);  // as far as windows read
      std::size_t wrong = 0;
      for (std::size_t y = 0; y < window.output_height(); ++y) {
        for (std::size_t x = 0; x < window.output_width(); ++x) {
          for (std::size_t tap = 0; tap < geometry.taps(); ++tap) {
            const std::size_t tap_row = tap / geometry.kernel_width;
            const std::size_t tap_column = tap % geometry.kernel_width;
            const std::size_t row = y * geometry.stride.rows + tap_row - geometry.pad_top;
            const std::size_t column = x * geometry.stride.columns + tap_column - geometry.pad_left;
            int expected = 0;
            if (row < height && column < width) {
              const std::size_t pixel = row * width + column;
              expected = now[pixel] - golden[pixel * channels + channel];
              differs[row] = differs[row] || expected != 0;
            }
            const std::uint8_t byte = differences.words(
                y)[tap_row * differences.row_size() + x * geometry.stride.columns + tap_column];
            wrong += byte - ChannelDifferences::none == expected ? 0U : 1U;
          }
        }
      }
      CHECK(wrong == 0);
      const auto [first, last] = differences.rows();
      for (std::size_t row = 0; row < height; ++row) {
        wrong += differs[row] && (row < first || row >= last) ? 1U : 0U;
      }
      CHECK(wrong == 0);
      CHECK((!differences.empty() || std::ranges::count(differs, true) == 0));
    }
  }
}

TEST_CASE("channel differences: none, and more than a byte") {
  const WindowGeometry geometry = WindowGeometry::square(3, 1, 1);
  ChannelDifferences differences(geometry, 3, 3);
  const std::vector<std::int16_t> golden(9, 100);
  std::vector<std::int16_t> now = golden;
  CHECK(differences.compare(now.data(), golden.data(), 0, 1));
  CHECK(differences.empty());
  CHECK(differences.rows() == std::pair<std::size_t, std::size_t>{0, 0});
  for (const int level : {-28, 227}) {  // by -128 and 127
    now[4] = static_cast<std::int16_t>(level);
    CHECK(differences.compare(now.data(), golden.data(), 0, 1));
    CHECK(differences.rows() == std::pair<std::size_t, std::size_t>{1, 2});
  }
  for (const int level : {-29, 228, 355, -411}) {
    now[4] = static_cast<std::int16_t>(level);
    CHECK_FALSE(differences.compare(now.data(), golden.data(), 0, 1));
  }
  CHECK(ChannelDifferences::suits(WindowGeometry::square(4)));
  CHECK_FALSE(ChannelDifferences::suits(WindowGeometry::square(5)));
}

}  // namespace
}  // namespace upset
