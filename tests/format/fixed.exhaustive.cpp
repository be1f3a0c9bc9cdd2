// SPDX-License-Identifier: BSL-1.0
/// All 2^32 floats to fixed point, against midpoints in double.
#include <bit>
#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

#include <upset/format/fixed.hpp>

namespace {

using upset::Fixed;

constexpr std::uint32_t infinity_bits = 0x7F80'0000U;
constexpr std::uint32_t sign_bits = 0x8000'0000U;

TEST_CASE_TEMPLATE_DEFINE("Fixed: every float rounds to the nearest level or saturates", F,
                          every_float) {
  constexpr std::int64_t limit = F::max_level;
  std::uint64_t wrong = 0;
  std::uint32_t first = 0;
  // Magnitudes between level k and k + 1; beyond the last every float saturates.
  for (std::int64_t k = 0; k <= limit; ++k) {
    const double step = std::ldexp(1.0, -F::fraction_bits);
    const double middle = (static_cast<double>(k) + 0.5) * step;
    const auto end = static_cast<float>(static_cast<double>(k + 1) * step);
    const std::uint32_t last = k == limit ? infinity_bits + 1 : std::bit_cast<std::uint32_t>(end);
    const std::int64_t odd = k % 2;
    std::uint32_t mismatches = 0;
    for (std::uint32_t bits = first; bits < last; ++bits) {
      const auto x = static_cast<double>(std::bit_cast<float>(bits));
      const std::int64_t nearest = x < middle ? k : x > middle ? k + 1 : k + odd;
      const std::int64_t up = nearest < limit ? nearest : limit - 1;
      const std::int64_t down = nearest < limit ? -nearest : -limit;
      const std::int64_t positive = F::level(F::encode(std::bit_cast<float>(bits)));
      const std::int64_t negative = F::level(F::encode(std::bit_cast<float>(bits | sign_bits)));
      mismatches += positive != up ? 1U : 0U;
      mismatches += negative != down ? 1U : 0U;
    }
    wrong += mismatches;
    first = last;
  }
  CHECK(wrong == 0);
  CHECK(first == infinity_bits + 1);
}
TEST_CASE_TEMPLATE_INVOKE(every_float, Fixed<8, 4>, Fixed<16, 8>);

TEST_CASE_TEMPLATE_DEFINE("Fixed: every NaN is zero", F, nans) {
  std::uint32_t wrong = 0;
  for (std::uint32_t bits = infinity_bits + 1; bits < sign_bits; ++bits) {
    wrong += F::encode(std::bit_cast<float>(bits)) != 0 ? 1U : 0U;
    wrong += F::encode(std::bit_cast<float>(bits | sign_bits)) != 0 ? 1U : 0U;
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(nans, Fixed<8, 4>, Fixed<16, 8>, Fixed<32, 16>);

}  // namespace
