// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/bit_count.hpp>

using namespace upset;
using upset::test::Values;

namespace {

constexpr std::size_t rows = detail::bit_tile_rows;

enum class Bits { random, equal, opposite };

struct Operands {
  AlignedVector<std::uint32_t> x;
  AlignedVector<std::uint32_t> weights;  // [K][columns]
  std::array<std::size_t, rows> bases{};
  AlignedVector<std::size_t> offsets;

  // Words in no order, in a buffer that holds others too.
  Operands(std::size_t depth, std::size_t columns, Bits bits, Values& draw)
      : x(3 * depth + rows), weights(depth * columns) {
    const auto fill = [&](auto& words, std::uint32_t sign) {
      for (std::uint32_t& word : words) {
        word = bits == Bits::random ? static_cast<std::uint32_t>(draw.word()) : sign;
      }
    };
    fill(x, ~0U);
    fill(weights, bits == Bits::equal ? ~0U : 0U);
    for (std::size_t r = 0; r < rows; ++r) {
      bases[r] = r;
    }
    for (std::size_t k = 0; k < depth; ++k) {
      offsets.push_back(draw.below(3 * depth));
    }
  }

  // bit by bit
  [[nodiscard]] std::int32_t expected(std::size_t columns, std::size_t r,
                                      std::size_t column) const {
    std::int32_t count = 0;
    for (std::size_t k = 0; k < offsets.size(); ++k) {
      for (unsigned bit = 0; bit < 32; ++bit) {
        const bool differs =
            (x[bases[r] + offsets[k]] >> bit & 1U) != (weights[k * columns + column] >> bit & 1U);
        count += differs ? 1 : 0;
      }
    }
    return count;
  }
};

template <std::size_t Columns>
std::size_t wrong_counts(std::size_t depth, Bits bits, Values& draw) {
  constexpr std::size_t width = std::min(detail::vector_bytes / 4, Columns);
  const Operands operands(depth, Columns, bits, draw);
  const detail::Rows<std::uint32_t, rows> starts{operands.x.data(), operands.bases.data()};
  std::size_t wrong = 0;
  for (std::size_t first = 0; first < Columns; first += width) {
    detail::OnesCounter<width> counters[rows];
    count_differences(starts.addresses(), operands.offsets, operands.weights.data() + first,
                      Columns, counters);
    for (std::size_t r = 0; r < rows; ++r) {
      const auto counts = counters[r].total();
      for (std::size_t i = 0; i < width; ++i) {
        const auto count = static_cast<std::int32_t>(counts[i]);
        wrong += count == operands.expected(Columns, r, first + i) ? 0U : 1U;
      }
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("count_differences: counts every bit, for any number of words") {
  Values draw(1);
  std::size_t wrong = 0;
  for (std::size_t depth = 1; depth < 70; ++depth) {
    for (const Bits bits : {Bits::random, Bits::equal, Bits::opposite}) {
      wrong += wrong_counts<16>(depth, bits, draw);
      wrong += wrong_counts<8>(depth, bits, draw);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("count_differences: sums of bytes do not wrap in long rows of opposite signs") {
  Values draw(2);
  const Operands operands(5000, 16, Bits::opposite, draw);
  CHECK(operands.expected(16, 0, 0) == 160000);
  CHECK(wrong_counts<16>(5000, Bits::opposite, draw) == 0);
}
