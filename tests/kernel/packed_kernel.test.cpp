// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
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
    result.push_back(static_cast<T>(value));
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
                    y.data() + group * output_count / group_count, output_count);
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
