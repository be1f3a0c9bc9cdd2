// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/gemm.hpp>

using namespace upset;
using upset::test::Values;

namespace {

// x [M, K] in segments, w [N, K]
template <class T>
struct Product {
  std::size_t rows;
  std::size_t columns;
  std::vector<std::size_t> offsets;
  std::size_t length;
  std::vector<T> x;  // rows lie `stride` apart, which may make windows overlap
  std::size_t stride;
  PackedMatrix<T> weights;

  Product(std::size_t m, std::size_t n, std::size_t segments, std::size_t segment_length)
      : rows(m), columns(n), length(segment_length), stride(segment_length + 1) {
    for (std::size_t s = 0; s < segments; ++s) {
      offsets.push_back(s * (segment_length + 3));
    }
    x.resize(rows * stride + segments * (segment_length + 3) + operand_slack);
    weights.resize(n, segments, segment_length);
  }
  [[nodiscard]] std::size_t depth() const { return offsets.size() * length; }
  [[nodiscard]] T value(std::size_t m, std::size_t k) const {
    return x[m * stride + offsets[k / length] + k % length];
  }

  // What is asked for of the sums of rows `first` onwards.
  template <class Sum>
  [[nodiscard]] std::vector<Sum> multiplied(
      std::size_t exact_depth = std::numeric_limits<std::size_t>::max(), std::size_t first = 0,
      std::size_t count = std::numeric_limits<std::size_t>::max()) const {
    const std::size_t some = std::min(count, rows);
    std::vector<Sum> y(some * columns);
    std::vector<int> written(y.size(), 0);
    std::vector<std::size_t> bases;
    for (std::size_t m = 0; m < some; ++m) {
      bases.push_back((first + m) * stride);
    }
    multiply<Sum>(
        x.data(), bases, {offsets, length}, weights,
        [&]<class Part, std::size_t Columns>(std::size_t m,
                                             std::span<const std::array<Part, Columns>> sums,
                                             std::size_t column, std::size_t count_columns) {
          for (std::size_t row = 0; row < sums.size(); ++row) {
            for (std::size_t i = 0; i < count_columns; ++i) {
              y.at((m + row) * columns + column + i) = static_cast<Sum>(sums[row][i]);
              ++written.at((m + row) * columns + column + i);
            }
          }
        },
        exact_depth);
    CHECK(written == std::vector<int>(y.size(), 1));  // each once
    return y;
  }
};

template <class T, class Draw>
Product<T> random_product(std::size_t m, std::size_t n, std::size_t segments, std::size_t length,
                          Draw draw) {
  Product<T> product(m, n, segments, length);
  for (T& value : product.x) {
    value = draw();
  }
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t k = 0; k < product.depth(); ++k) {
      product.weights.at(row, k) = draw();
    }
  }
  return product;
}

struct Size {
  std::size_t m, n, segments, length;
};
// one of everything; less than a tile; a panel exactly; tiles and panels that are not full
const Size sizes[] = {{1, 1, 1, 1},    {2, 3, 1, 7},     {12, 16, 1, 5},
                      {13, 17, 3, 4},  {7, 40, 5, 3},    {10, 33, 2, 9},
                      {25, 33, 2, 31}, {3, 16, 1, 1000}, {24, 15, 9, 1}};

}  // namespace

TEST_CASE("multiply: sums of floats are those of a naive loop, up to their rounding") {
  Values draw(1);
  std::size_t wrong = 0;
  for (const Size& size : sizes) {
    const auto product = random_product<float>(size.m, size.n, size.segments, size.length,
                                               [&] { return draw.uniform(-1, 1); });
    const std::vector<float> y = product.multiplied<float>();
    for (std::size_t i = 0; i < y.size(); ++i) {
      double sum = 0;
      double magnitude = 0;
      for (std::size_t k = 0; k < product.depth(); ++k) {
        const double term = static_cast<double>(product.value(i / size.n, k)) *
                            static_cast<double>(product.weights.at(i % size.n, k));
        sum += term;
        magnitude += std::abs(term);
      }
      // K products and K - 1 sums, each rounded by 2^-24 of no more than the magnitude
      const double bound = (static_cast<double>(product.depth()) + 1) * 0x1p-24 * magnitude;
      wrong += std::abs(static_cast<double>(y[i]) - sum) <= bound ? 0U : 1U;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("multiply: integers in floats are exact while a stretch stays below 2^24") {
  // largest products 2^14, so 1024 steps; 3000 of one sign pass 2^24 by far, and odd ones would
  // round
  Product<float> product(2, 17, 3, 1000);
  std::vector<std::int64_t> right(2 * 17, 0);
  Values draw(2);
  for (float& value : product.x) {
    value = -128.0F + static_cast<float>(draw.below(2));
  }
  for (std::size_t n = 0; n < 17; ++n) {
    for (std::size_t k = 0; k < product.depth(); ++k) {
      product.weights.at(n, k) = -128.0F + static_cast<float>(draw.below(2));
    }
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    for (std::size_t k = 0; k < product.depth(); ++k) {
      right[i] += static_cast<std::int64_t>(product.value(i / 17, k)) *
                  static_cast<std::int64_t>(product.weights.at(i % 17, k));
    }
  }
  std::size_t wrong = 0;
  std::size_t rounded = 0;
  const std::vector<double> exact = product.multiplied<double>(1024);
  const std::vector<double> all_at_once = product.multiplied<double>();
  for (std::size_t i = 0; i < right.size(); ++i) {
    wrong += exact[i] == static_cast<double>(right[i]) ? 0U : 1U;
    rounded += all_at_once[i] == static_cast<double>(right[i]) ? 0U : 1U;
  }
  CHECK(wrong == 0);
  CHECK(rounded > 0);  // or this test would prove nothing
}

TEST_CASE("multiply: how a sum is cut into stretches does not change whole numbers") {
  Values draw(3);
  const auto product = random_product<float>(
      5, 19, 4, 11, [&] { return static_cast<float>(draw.below(255)) - 127.0F; });
  const std::vector<double> whole = product.multiplied<double>();
  for (const std::size_t depth : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{11},
                                  std::size_t{43}, std::size_t{44}, std::size_t{45}}) {
    CHECK(product.multiplied<double>(depth) == whole);
  }
}

TEST_CASE("multiply: integers in doubles are exact up to 2^53") {
  Values draw(4);
  const auto product = random_product<double>(7, 18, 2, 50, [&] {
    return static_cast<double>(draw.below(0x100000)) - 524288.0;  // 20 bits
  });
  const std::vector<double> y = product.multiplied<double>();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < product.depth(); ++k) {
      sum += static_cast<std::int64_t>(product.value(i / 18, k)) *
             static_cast<std::int64_t>(product.weights.at(i % 18, k));
    }
    wrong += y[i] == static_cast<double>(sum) ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("multiply: products of 32-bit levels are summed in 128 bits and rounded once") {
  constexpr std::int64_t extreme = -(std::int64_t{1} << 31);
  Values draw(5);
  const auto product = random_product<std::int64_t>(9, 20, 3, 40, [&] {
    return draw.below(2) == 0 ? extreme : static_cast<std::int64_t>(draw.word() >> 32) + extreme;
  });
  const std::vector<double> y = product.multiplied<double>();
  std::size_t wrong = 0;
  std::size_t wide = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    Int128 sum = 0;
    for (std::size_t k = 0; k < product.depth(); ++k) {
      sum += Int128{product.value(i / 20, k)} * product.weights.at(i % 20, k);
    }
    wrong += y[i] == static_cast<double>(sum) ? 0U : 1U;
    wide += sum > std::numeric_limits<std::int64_t>::max() ? 1U : 0U;
  }
  CHECK(wrong == 0);
  CHECK(wide > 0);  // 64 bits would not have done
}

TEST_CASE("multiply: a row's sums do not depend on the rows computed with it") {
  Values draw(6);
  const auto product = random_product<float>(29, 21, 3, 17, [&] { return draw.uniform(-1, 1); });
  const std::vector<float> together = product.multiplied<float>();
  std::vector<float> alone;
  for (std::size_t m = 0; m < 29; ++m) {
    const std::vector<float> row =
        product.multiplied<float>(std::numeric_limits<std::size_t>::max(), m, 1);
    alone.insert(alone.end(), row.begin(), row.end());
  }
  CHECK(test::different_bits(together, alone) == 0);
}
