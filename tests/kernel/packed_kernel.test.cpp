// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/packed_kernel.hpp>

using namespace upset;
using upset::test::Values;

namespace {

constexpr std::size_t group_count = 2;
constexpr std::size_t output_count = 22;
constexpr std::size_t segment_count = 2;
constexpr std::size_t segment_length = 7;
constexpr std::size_t output_depth = segment_count * segment_length;
constexpr std::size_t window_count = 5;

// Integers within `most`, by way of floats.
template <class T>
std::vector<T> integers(std::size_t count, int most, std::uint32_t seed) {
  Values draw(seed);
  std::vector<T> result;
  for (const float value : draw.steps({count}, most, 1).values()) {
    result.push_back(static_cast<T>(static_cast<int>(value)));
  }
  return result;
}

template <class X, class W, bool is_level>
std::vector<float> product(const PackedKernel<X, W, is_level>& kernel, const std::vector<X>& x) {
  const std::vector<std::size_t> bases{0, 1, 2, 30, 31};
  const std::vector<std::size_t> offsets{0, 10};
  std::vector<float> y(window_count * output_count);
  for (std::size_t group = 0; group < group_count; ++group) {
    kernel.multiply(group, x.data(), bases, {offsets, segment_length},
                    {y.data() + group * output_count / group_count, output_count});
  }
  return y;
}

}  // namespace

TEST_CASE_TEMPLATE("PackedKernel: products, scaled, of weights set at once or one by one", T, float,
                   std::int16_t, std::int64_t) {
  constexpr bool is_level = !std::is_same_v<T, float>;
  const auto weights = integers<T>(output_count * output_depth, 30, 1);
  const auto others = integers<T>(output_count * output_depth, 30, 2);
  const auto x = integers<T>(64, 30, 3);
  const ExactLimits limits{.depth = 4, .magnitude = 30 * output_depth};
  PackedKernel<T, T, is_level> kernel(group_count, output_count, segment_count, segment_length,
                                      limits);
  kernel.set_weights(others);
  kernel.patch_weights([&](const auto& set) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      set(i, weights[i]);
    }
  });
  PackedKernel<T, T, is_level> at_once(group_count, output_count, segment_count, segment_length,
                                       limits);
  at_once.set_weights(weights);
  for (std::size_t o = 0; o < output_count; ++o) {
    for (auto* each : {&kernel, &at_once}) {
      each->set_scale(o, 0.5F, static_cast<float>(o), 0, 0);
    }
  }
  CHECK(kernel.outputs() == output_count);
  CHECK(kernel.depth() == output_depth);
  const std::vector<float> y = product(kernel, x);
  CHECK(test::different_bits(y, product(at_once, x)) == 0);
  const std::size_t bases[] = {0, 1, 2, 30, 31};
  for (std::size_t m = 0; m < window_count; ++m) {
    for (std::size_t o = 0; o < output_count; ++o) {
      float sum = 0;  // below 2^24: exact
      for (std::size_t k = 0; k < output_depth; ++k) {
        sum += static_cast<float>(weights[o * output_depth + k]) *
               static_cast<float>(x[bases[m] + k / segment_length * 10 + k % segment_length]);
      }
      CHECK(y[m * output_count + o] == (is_level ? sum * 0.5F : sum) + static_cast<float>(o));
    }
  }
}

namespace {

// Of tiles that are full, whose sums never lie in memory, and of parts of tiles: how many differ
// from a plain sum.
template <class X, class W>
std::size_t wrong_in_tiles(std::size_t outputs, std::size_t length) {
  constexpr bool in_bytes = sizeof(W) == 1;
  constexpr bool is_level = !std::is_same_v<W, float>;
  constexpr std::size_t windows = 50;
  constexpr std::int64_t input_zero = in_bytes ? 100 : 0;
  const std::size_t depth = 2 * length;
  const auto weights = integers<W>(outputs * depth, 30, 4);
  auto x = integers<X>(windows + depth + 40, 30, 5);
  for (X& value : x) {
    value = static_cast<X>(value + static_cast<X>(input_zero));
  }
  PackedKernel<X, W, is_level> kernel(1, outputs, 2, length,
                                      {.depth = depth, .magnitude = 30 * 40});
  kernel.set_weights(weights);
  for (std::size_t o = 0; o < outputs; ++o) {
    kernel.set_scale(o, 0.5F, static_cast<float>(o), input_zero, 0);
  }
  std::vector<std::size_t> bases(windows);
  std::iota(bases.begin(), bases.end(), std::size_t{0});
  const std::vector<std::size_t> offsets{0, length + 3};
  std::vector<float> y(windows * outputs, -1.0F);
  kernel.multiply(0, x.data(), bases, {offsets, length}, {y.data(), outputs});
  std::size_t wrong = 0;
  for (std::size_t m = 0; m < windows; ++m) {
    for (std::size_t o = 0; o < outputs; ++o) {
      float sum = 0;  // below 2^24: exact
      for (std::size_t k = 0; k < depth; ++k) {
        const X value = x[m + offsets[k / length] + k % length];
        sum += (static_cast<float>(value) - static_cast<float>(input_zero)) *
               static_cast<float>(weights[o * depth + k]);
      }
      const float expected = (is_level ? sum * 0.5F : sum) + static_cast<float>(o);
      wrong += y[m * outputs + o] == expected ? 0U : 1U;
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE_TEMPLATE("PackedKernel: full tiles are those of plain sums, whatever the panels", Pair,
                   std::pair<float, float>, std::pair<std::int16_t, std::int16_t>,
                   std::pair<std::uint8_t, std::int8_t>) {
  using X = typename Pair::first_type;
  using W = typename Pair::second_type;
  if constexpr (sizeof(W) > 1 || detail::largest_byte_weight > 0) {
    for (const std::size_t outputs : {3U, 8U, 16U, 24U, 32U, 40U, 48U}) {
      for (const std::size_t length : {1U, 4U, 7U, 16U}) {
        CAPTURE(outputs);
        CAPTURE(length);
        CHECK(wrong_in_tiles<X, W>(outputs, length) == 0);
      }
    }
  }
}
