// SPDX-License-Identifier: BSL-1.0
/// Random tensors for tests, the same on every machine.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include <upset/tensor/tensor.hpp>

namespace upset::test {

/// Draws from std::mt19937, whose output the standard fixes; its distributions are not used, since
/// theirs is not.
class Values {
 public:
  explicit Values(std::uint32_t seed) : generator_(seed) {}

  [[nodiscard]] std::uint64_t word() {
    const std::uint64_t high = generator_();
    return (high << 32) | generator_();
  }
  [[nodiscard]] std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(word() % count);
  }
  [[nodiscard]] float uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(generator_() >> 8) * 0x1p-24F;
  }
  [[nodiscard]] Tensor uniform(const Shape& shape, float low, float high) {
    Tensor result(shape);
    for (float& value : result.values()) {
      value = uniform(low, high);
    }
    return result;
  }
  /// Whole numbers within -`most`..`most`, times `step`, a power of two: sums of products of such
  /// numbers are exact in float.
  [[nodiscard]] Tensor steps(const Shape& shape, int most, float step) {
    Tensor result(shape);
    for (float& value : result.values()) {
      const auto count = static_cast<std::size_t>(2 * most + 1);
      value = step * static_cast<float>(static_cast<int>(below(count)) - most);
    }
    return result;
  }

 private:
  std::mt19937 generator_;
};

/// How many values differ in any bit; two NaN of one layout count as equal only if all bits are.
[[nodiscard]] inline std::size_t different_bits(std::span<const float> a,
                                                std::span<const float> b) {
  std::size_t count = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    count += std::bit_cast<std::uint32_t>(a[i]) == std::bit_cast<std::uint32_t>(b[i]) ? 0U : 1U;
  }
  return count;
}
[[nodiscard]] inline std::size_t different_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() ? different_bits(a.values(), b.values()) : a.size() + b.size();
}

/// A batch of the one picture `b` of x.
[[nodiscard]] inline Tensor picture(const Tensor& x, std::size_t b) {
  const auto row = x.row(b);
  return Tensor(x.shape().without_batch().with_batch(1),
                std::vector<float>(row.begin(), row.end()));
}

}  // namespace upset::test
