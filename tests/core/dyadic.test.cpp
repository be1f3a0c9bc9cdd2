// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/core/dyadic.hpp>

namespace {

using upset::Dyadic;
using upset::RealKind;
using upset::to_dyadic;

/// Exact for significands of up to 53 bits.
double value_of(const Dyadic& x) {
  const double size = std::ldexp(static_cast<double>(x.significand), x.exponent);
  return x.negative ? -size : size;
}

#ifdef __SIZEOF_INT128__
__extension__ using Wide = __int128;  // an integral type for -std=gnu++20 alone
static_assert(!upset::NativeReal<Wide> && upset::NativeReal<std::int64_t>);
#endif

TEST_CASE("dyadic: floats and doubles of every size are taken apart without loss") {
  upset::test::Sequence random{1};
  int wrong = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
    const auto y = std::bit_cast<double>(random.next());
    if (std::isfinite(x)) {
      wrong += static_cast<int>(value_of(to_dyadic(x)) != static_cast<double>(x));
    }
    if (std::isfinite(y)) {
      wrong += static_cast<int>(value_of(to_dyadic(y)) != y);
    }
  }
  CHECK(wrong == 0);
  CHECK(value_of(to_dyadic(std::numeric_limits<double>::denorm_min())) == 0x1p-1074);
}

TEST_CASE("dyadic: integers keep all 64 bits, the least one too") {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  UPSET_STATIC_CHECK(to_dyadic(least) == Dyadic{std::uint64_t{1} << 63, 0, true});
  UPSET_STATIC_CHECK(to_dyadic(~std::uint64_t{0}) == Dyadic{~std::uint64_t{0}, 0, false});
  UPSET_STATIC_CHECK(to_dyadic(std::int8_t{-128}) == Dyadic{128, 0, true});
  UPSET_STATIC_CHECK(to_dyadic(-1) == Dyadic{1, 0, true});
  UPSET_STATIC_CHECK(to_dyadic(0U) == Dyadic{});
}

TEST_CASE("dyadic: signs of zero, infinities and payloads of NaN survive") {
  UPSET_STATIC_CHECK(to_dyadic(-0.0F).negative);
  UPSET_STATIC_CHECK(to_dyadic(-0.0F).significand == 0);
  UPSET_STATIC_CHECK(to_dyadic(-std::numeric_limits<float>::infinity()) ==
                     Dyadic{0, 0, true, RealKind::infinite});
  const Dyadic signalling = upset::detail::dyadic_from_ieee<8, 23>(0xFF80'0001U);
  CHECK(signalling.kind == RealKind::nan);
  CHECK(signalling.negative);
  CHECK(signalling.significand == std::uint64_t{1} << 41);  // bit 0 of 23, left-aligned in 64
  const Dyadic quiet = upset::detail::dyadic_from_ieee<8, 23>(0x7FC0'0000U);
  CHECK(quiet.significand == std::uint64_t{1} << 63);
}

}  // namespace
