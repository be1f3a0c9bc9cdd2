// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <upset/kernel/sum_writer.hpp>

using namespace upset;

namespace {

struct NoTiles {};

constexpr std::size_t written_columns = detail::vector_bytes / sizeof(float);
using OneVector = detail::Register<std::int32_t, written_columns>::type;

// What stands in y, each row of 20 columns, after three rows of sums from column 2 on were written
// there, as tiles of `tile_rows`: row r, column c is 100 r + c, less 7, times 2, plus c, or `least`
// if that is more.
std::vector<float> written_sums(const std::size_t* offsets, float least, std::size_t tile_rows) {
  std::vector<float> y(20 * 20, -1.0F);
  alignas(64) std::array<float, 2 + written_columns> steps;
  alignas(64) std::array<float, 2 + written_columns> biases;
  alignas(64) std::array<std::uint32_t, 2 + written_columns> corrections;
  for (std::size_t c = 0; c < steps.size(); ++c) {
    steps[c] = 2;
    biases[c] = static_cast<float>(c) - 2;
    corrections[c] = 7;
  }
  const SumTarget target{y.data(), 20, offsets, least};
  const detail::SumWriter writer(
      NoTiles{}, target,
      detail::RegisterWriter<true, true>{y.data(), nullptr, steps.data(), biases.data(),
                                         corrections.data(), least},
      true);
  auto tile = writer.template from_registers<std::int32_t>(1, 2);
  for (std::size_t first = 0; first < 3; first += tile_rows) {
    const auto write = tile.template columns<OneVector>(0, 0);
    for (std::size_t row = 0; row < tile_rows; ++row) {
      OneVector sums = tile.template start<OneVector>(0, 0);
      for (std::size_t c = 0; c < written_columns; ++c) {
        sums[c] += static_cast<std::int32_t>(100 * (first + row) + c);
      }
      write(row, sums);
    }
    tile.advance(tile_rows);
  }
  return y;
}

std::size_t wrong_sums(const std::vector<float>& y, const std::array<std::size_t, 3>& at,
                       float least) {
  std::vector<float> expected(20 * 20, -1.0F);
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t c = 0; c < written_columns; ++c) {
      const float sum = 2 * (static_cast<float>(100 * row + c) - 7) + static_cast<float>(c);
      expected[at[row] + 2 + c] = std::max(sum, least);
    }
  }
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    wrong += y[i] == expected[i] ? 0U : 1U;
  }
  return wrong;
}

}  // namespace

TEST_CASE("SumWriter: rows of registers go where they belong, one behind the other or scattered") {
  std::vector<std::size_t> offsets{0, 60, 20, 200};
  offsets.resize(1 + 3 + detail::rows_ahead, 0);
  for (const float least : {no_least, 0.0F, 150.0F}) {
    for (const std::size_t tile_rows : {3U, 1U}) {
      CHECK(wrong_sums(written_sums(nullptr, least, tile_rows), {20, 40, 60}, least) == 0);
      CHECK(wrong_sums(written_sums(offsets.data(), least, tile_rows), {60, 20, 200}, least) == 0);
    }
  }
}

TEST_CASE("at_least: as a ReLU, which lets NaN and -0 be") {
  using Floats = detail::Register<float, 4>::type;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Floats values{-1.5F, -0.0F, nan, 2.0F};
  const Floats bounded = detail::at_least(values, 0.0F);
  const Floats free = detail::at_least(values, no_least);
  for (std::size_t i = 0; i < 4; ++i) {
    const float value = values[i];
    const float now = bounded[i];
    const float same = free[i];
    CHECK(std::bit_cast<std::uint32_t>(now) == std::bit_cast<std::uint32_t>(i == 0 ? 0.0F : value));
    CHECK(std::bit_cast<std::uint32_t>(same) == std::bit_cast<std::uint32_t>(value));
  }
  const float lowest = detail::at_least(Floats{no_least}, no_least)[0];
  CHECK(lowest == no_least);
}

TEST_CASE("LevelRowWriter: scales the outputs there are, and writes no more") {
  constexpr std::size_t lanes = detail::LevelRowWriter::lanes;
  constexpr std::size_t outputs = lanes + lanes / 2;
  const std::vector<float> steps(3 * lanes, 2.0F);
  const std::vector<float> biases(3 * lanes, 0.5F);
  std::vector<float> y(3 * outputs, -1.0F);
  const detail::LevelRowWriter row{y.data(), outputs, steps.data(), biases.data()};
  const auto write = row.columns<3>(0);
  for (const std::size_t pixel : {std::size_t{0}, std::size_t{1}}) {
    for (std::size_t v = 0; v < 3; ++v) {
      OneVector sums{};
      for (std::size_t c = 0; c < lanes; ++c) {
        sums[c] = static_cast<std::int32_t>(100 * pixel + v * lanes + c);
      }
      write(pixel, v, sums);
    }
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t pixel = i / outputs;
    const float sum = static_cast<float>(100 * pixel + i % outputs);
    CHECK(y[i] == (pixel < 2 ? 2 * sum + 0.5F : -1.0F));
  }
}

TEST_CASE("store_first: stores the lanes there is room for") {
  using Floats = detail::Lanes<float, written_columns>::type;
  Floats values;
  for (std::size_t i = 0; i < written_columns; ++i) {
    values[i] = static_cast<float>(i + 1);
  }
  for (std::size_t count = 1; count <= written_columns + 2; ++count) {
    std::array<float, written_columns + 2> to{};
    detail::store_first(to.data(), values, count);
    for (std::size_t i = 0; i < to.size(); ++i) {
      const bool is_stored = i < count && i < written_columns;
      CHECK(to[i] == (is_stored ? static_cast<float>(i + 1) : 0.0F));
    }
  }
}
