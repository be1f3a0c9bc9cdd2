// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/channels.hpp>

using namespace upset;
using upset::test::Values;

namespace {

// fewer channels than a vector, one vector, more; rows in blocks that are not full
const std::size_t channel_counts[] = {1, 2, 3, 6, 8, 15, 16, 17, 32, 84};
const std::size_t row_counts[] = {1, 2, 5, 63, 64, 65, 200};

std::vector<float> random_values(std::size_t size, std::uint32_t seed) {
  Values draw(seed);
  std::vector<float> values(size);  // of this size exactly: sanitizers see what is read beyond
  for (float& value : values) {
    value = draw.uniform(-1, 1);
  }
  return values;
}

}  // namespace

TEST_CASE("channel_sums: sums over rows, of products and of differences from the first row") {
  std::size_t wrong = 0;
  for (const std::size_t channels : channel_counts) {
    for (const std::size_t rows : row_counts) {
      const std::vector<float> x = random_values(rows * channels, 1);
      const std::vector<float> d = random_values(rows * channels, 2);
      const auto sums = channel_sums<2>(
          rows, channels, [from = x.data(), by = d.data()](auto load, std::size_t m, auto& to) {
            to[0] += load(from, m) * load(by, m);
            to[1] += load(from, m) - load(from, 0);
          });
      for (std::size_t c = 0; c < channels; ++c) {
        long double product = 0;
        long double difference = 0;
        for (std::size_t i = c; i < x.size(); i += channels) {
          product += static_cast<long double>(x[i]) * static_cast<long double>(d[i]);
          difference += static_cast<long double>(x[i]) - static_cast<long double>(x[c]);
        }
        // each of the sums and terms is below 2 rows, and rounded once
        const double bound = 0x1p-53 * 4 * static_cast<double>(rows * rows);
        wrong += std::abs(sums[0][c] - static_cast<double>(product)) <= bound ? 0U : 1U;
        wrong += std::abs(sums[1][c] - static_cast<double>(difference)) <= bound ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("map_channels: every value meets the coefficients of its channel, in place too") {
  std::size_t wrong = 0;
  for (const std::size_t channels : channel_counts) {
    const std::vector<float> factor = random_values(channels, 3);
    const std::vector<float> offset = random_values(channels, 4);
    for (const std::size_t rows : row_counts) {
      const std::vector<float> x = random_values(rows * channels, 5);
      const auto line = [](const float* from) {
        return [from](auto load, auto f, auto o) { return f * load(from) + o; };
      };
      std::vector<float> y(x.size());
      map_channels<2>({factor, offset}, y, line(x.data()));
      std::vector<float> over = x;
      map_channels<2>({factor, offset}, over, line(over.data()));
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double right = static_cast<double>(factor[i % channels]) * static_cast<double>(x[i]) +
                             static_cast<double>(offset[i % channels]);
        // a product below 1 and a sum below 2, each rounded at most
        wrong += std::abs(static_cast<double>(y[i]) - right) <= 0x1p-25 + 0x1p-24 ? 0U : 1U;
        wrong += over[i] == y[i] ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
  map_channels<1>({std::span<const float>{}}, {}, [](auto /*load*/, auto f) { return f; });
}
