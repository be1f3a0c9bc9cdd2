// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <upset/kernel/sum_scales.hpp>

using namespace upset;

namespace {

constexpr std::size_t columns = 21;  // a panel and a part of one
constexpr std::size_t first = panel_columns;
using Row = std::array<std::int32_t, panel_columns>;

// Two rows of sums for the last columns; three are left untouched behind each row of y.
template <class Scales>
std::vector<float> written(const Scales& scales, const std::array<Row, 2>& sums) {
  const std::vector<std::uint8_t> x{1, 2, 3, 10, 20, 30};
  const std::vector<std::size_t> bases{0, 3};
  const std::vector<std::size_t> offsets{0};
  std::vector<float> y(2 * (columns + 3), -1.0F);
  scales.writer(0, x.data(), bases.data(), {offsets, 3}, {y.data(), columns + 3})(
      0, std::span<const Row>(sums), first, columns - first);
  return y;
}

}  // namespace

TEST_CASE("SumScales: sums times steps, from biases, corrected where they are of bytes") {
  SumScales<std::uint8_t, true, true> scales(columns);
  std::array<Row, 2> sums{};
  for (std::size_t c = first; c < columns; ++c) {
    scales.set(c, 0.25F, static_cast<float>(c));
    scales.set_correction(c, 100, 0);
    sums[0][c - first] = static_cast<std::int32_t>(c);
    sums[1][c - first] = -static_cast<std::int32_t>(c);
  }
  CHECK(!scales.has_zero_points());
  std::vector<float> y = written(scales, sums);
  for (std::size_t c = first; c < columns; ++c) {
    const auto column = static_cast<float>(c);
    CHECK(y[c] == (column - 100) * 0.25F + column);
    CHECK(y[columns + 3 + c] == (-column - 100) * 0.25F + column);
  }
  CHECK(y[first - 1] == -1.0F);
  CHECK(y[columns] == -1.0F);

  scales.set_correction(first + 1, 100, 2);
  CHECK(scales.has_zero_points());
  y = written(scales, sums);
  const auto column = static_cast<float>(first + 1);
  CHECK(y[first + 1] == (column - 100 - 2 * 6) * 0.25F + column);
  CHECK(y[columns + 3 + first + 1] == (-column - 100 - 2 * 60) * 0.25F + column);
  // the same from sums beyond 32 bits
  using Wide = std::array<double, panel_columns>;
  std::array<Wide, 2> wide{};
  wide[1][1] = 0x1p40;
  const std::vector<std::uint8_t> x{1, 2, 3, 10, 20, 30};
  const std::vector<std::size_t> bases{0, 3};
  const std::vector<std::size_t> offsets{0};
  scales.writer(0, x.data(), bases.data(), {offsets, 3}, {y.data(), columns + 3})(
      0, std::span<const Wide>(wide), first, columns - first);
  CHECK(y[columns + 3 + first + 1] == static_cast<float>(0x1p40 - 220) * 0.25F + column);
  scales.set_correction(first + 1, 100, 0);
  CHECK(!scales.has_zero_points());
}

TEST_CASE("SumScales: real sums know no steps") {
  SumScales<std::uint8_t, false, false> scales(columns);
  scales.set(first, 0.25F, 3.0F);
  std::array<Row, 2> sums{};
  sums[0][0] = 5;
  CHECK(written(scales, sums)[first] == 8.0F);
}

TEST_CASE("SumScales: zero points take off sums of activations of any length") {
  constexpr std::size_t most = 200;
  std::vector<std::uint8_t> x(3 * most);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<std::uint8_t>(255 - i * i % 61);
  }
  SumScales<std::uint8_t, true, true> scales(panel_columns);
  scales.set(0, 1, 0);
  scales.set_correction(0, 0, -1);
  const std::vector<std::size_t> offsets{1, most + 5};
  for (std::size_t length = 0; length < most; ++length) {
    CAPTURE(length);
    const std::size_t base = length % 7;
    int expected = 0;
    for (const std::size_t offset : offsets) {
      expected += std::accumulate(x.data() + base + offset, x.data() + base + offset + length, 0);
    }
    std::array<Row, 1> sums{};
    float y = -1;
    scales.writer(0, x.data(), &base, {offsets, length}, {&y, 1})(0, std::span<const Row>(sums), 0,
                                                                  1);
    CHECK(y == static_cast<float>(expected));
  }
}
