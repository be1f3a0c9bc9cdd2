// SPDX-License-Identifier: BSL-1.0
/// All 2^32 floats to BFloat16, Float16 and an 8-bit float, against midpoints in double.
#include <bit>
#include <cstdint>

#include <doctest/doctest.h>
#include <support/oracle.hpp>

#include <upset/format/bfloat16.hpp>
#include <upset/format/float16.hpp>

namespace {

using upset::test::FloatOracle;

constexpr std::uint32_t infinity_bits = 0x7F80'0000U;
constexpr std::uint32_t sign_bits = 0x8000'0000U;

/// Mismatches among the floats from `first` to before `last`, which all lie between the values of
/// `code` and `code + 1`: below the midpoint the one, above it the other, on it the even one.
template <class F>
std::uint64_t mismatches_between(std::uint32_t first, std::uint32_t last, std::uint32_t code,
                                 double low, double high) {
  const double middle = (low + high) / 2;  // exact: one bit more than the format has
  const std::uint32_t even = code + code % 2;
  std::uint32_t wrong = 0;
  for (std::uint32_t bits = first; bits < last; ++bits) {
    const auto x = static_cast<double>(std::bit_cast<float>(bits));
    const std::uint32_t expected = x < middle ? code : x > middle ? code + 1 : even;
    const auto positive = F::encode(std::bit_cast<float>(bits));
    const auto negative = F::encode(std::bit_cast<float>(bits | sign_bits));
    wrong += positive != expected ? 1U : 0U;
    wrong += negative != (expected | 1U << (F::width - 1)) ? 1U : 0U;
    wrong += x < low || x >= high ? 1U : 0U;  // the walk itself
  }
  return wrong;
}

TEST_CASE_TEMPLATE_DEFINE("Minifloat: every float that is a number rounds to nearest", F, numbers) {
  const FloatOracle oracle{F::exponent_bits, F::fraction_bits};
  const auto infinity = static_cast<std::uint32_t>(oracle.infinity_code());
  std::uint64_t wrong = 0;
  std::uint64_t seen = 0;
  std::uint32_t first = 0;
  for (std::uint32_t code = 0; code < infinity; ++code) {
    const double low = oracle.magnitude(code);
    const double high = oracle.magnitude(code + 1);
    const std::uint32_t last =
        high >= 0x1p128 ? infinity_bits : std::bit_cast<std::uint32_t>(static_cast<float>(high));
    wrong += mismatches_between<F>(first, last, code, low, high);
    seen += last - first;
    first = last;
  }
  for (std::uint64_t bits = first; bits <= infinity_bits;
       ++bits) {  // infinity, and what rounds to it
    const auto magnitude = static_cast<std::uint32_t>(bits);
    wrong += F::encode(std::bit_cast<float>(magnitude)) != infinity ? 1U : 0U;
    wrong +=
        F::encode(std::bit_cast<float>(magnitude | sign_bits)) != (infinity | 1U << (F::width - 1))
            ? 1U
            : 0U;
    ++seen;
  }
  CHECK(wrong == 0);
  CHECK(seen == std::uint64_t{infinity_bits} + 1);
}
TEST_CASE_TEMPLATE_INVOKE(numbers, upset::BFloat16, upset::Float16, upset::Minifloat<4, 3>);

TEST_CASE_TEMPLATE_DEFINE("Minifloat: every NaN is quieted, with its sign and high payload", F,
                          nans) {
  constexpr std::uint32_t payload_mask = (1U << F::fraction_bits) - 1;
  constexpr std::uint32_t quiet = 1U << (F::fraction_bits - 1);
  const auto infinity =
      static_cast<std::uint32_t>(FloatOracle{F::exponent_bits, F::fraction_bits}.infinity_code());
  std::uint32_t wrong = 0;
  for (std::uint32_t payload = 1; payload < 1U << 23; ++payload) {
    const std::uint32_t kept = payload >> (23 - F::fraction_bits) & payload_mask;
    const std::uint32_t expected = infinity | quiet | kept;
    const std::uint32_t bits = infinity_bits | payload;
    wrong += F::encode(std::bit_cast<float>(bits)) != expected ? 1U : 0U;
    wrong += F::encode(std::bit_cast<float>(bits | sign_bits)) != (expected | 1U << (F::width - 1))
                 ? 1U
                 : 0U;
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(nans, upset::BFloat16, upset::Float16, upset::Minifloat<4, 3>);

}  // namespace
