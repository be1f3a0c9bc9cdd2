// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <compare>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <support/limits.hpp>
#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/format/bfloat16.hpp>
#include <upset/format/bit_access.hpp>

namespace {

using upset::BFloat16;
using upset::BitRole;
using BFloat16Limits = std::numeric_limits<BFloat16>;

constexpr std::uint16_t encode_bits(std::uint32_t float_bits) {
  return BFloat16::encode(std::bit_cast<float>(float_bits));
}

TEST_CASE("BFloat16: floats round to the nearest, ties to even") {
  UPSET_STATIC_CHECK(encode_bits(0x3E89'CCD5U) == 0x3E8A);
  UPSET_STATIC_CHECK(encode_bits(0x3F80'8000U) == 0x3F80);
  UPSET_STATIC_CHECK(encode_bits(0x3F81'8000U) == 0x3F82);
  UPSET_STATIC_CHECK(encode_bits(0x7F7F'FFFFU) == 0x7F80);
  UPSET_STATIC_CHECK(encode_bits(0xFF7F'FFFFU) == 0xFF80);
  UPSET_STATIC_CHECK(encode_bits(0x7F7F'7FFFU) == 0x7F7F);
  UPSET_STATIC_CHECK(BFloat16{0x1p-127F}.bits() == 0x0040);  // subnormals are kept
  UPSET_STATIC_CHECK(BFloat16{0x1p-133F}.bits() == 0x0001);
  UPSET_STATIC_CHECK(BFloat16{-0.0F}.bits() == 0x8000);
}

TEST_CASE("BFloat16: a NaN that is converted is quieted and keeps its high payload") {
  CHECK(encode_bits(0x7F80'0001U) == 0x7FC0);
  CHECK(encode_bits(0xFF80'0001U) == 0xFFC0);
  CHECK(encode_bits(0xFFFF'FFFFU) == 0xFFFF);
  CHECK(encode_bits(0x7FA5'0000U) == 0x7FE5);
}

TEST_CASE("BFloat16: double and integers round once, not by way of float") {
  UPSET_STATIC_CHECK(BFloat16{1 + 0x1p-8 + 0x1p-40}.bits() == 0x3F81);
  UPSET_STATIC_CHECK(BFloat16{std::int64_t{16'973'823}}.bits() == 0x4B81);
  UPSET_STATIC_CHECK(BFloat16{static_cast<float>(16'973'823)}.bits() == 0x4B82);
  UPSET_STATIC_CHECK(BFloat16{1e300}.bits() == 0x7F80);
  UPSET_STATIC_CHECK(BFloat16{-1e-300}.bits() == 0x8000);
}

TEST_CASE("BFloat16: a number is a value, never a code") {
  UPSET_STATIC_CHECK(BFloat16{1}.bits() == 0x3F80);
  UPSET_STATIC_CHECK(BFloat16{-3L}.value() == -3.0F);
  UPSET_STATIC_CHECK(BFloat16::from_bits(1).bits() == 1);
  UPSET_STATIC_CHECK(!std::is_convertible_v<float, BFloat16>);
  UPSET_STATIC_CHECK(!std::is_convertible_v<int, BFloat16>);
  UPSET_STATIC_CHECK(std::is_convertible_v<BFloat16, float>);
  UPSET_STATIC_CHECK(!std::is_constructible_v<void*, BFloat16>);
}

TEST_CASE("BFloat16: 126 signalling NaN survive copies, flips and decoding") {
  int signalling = 0;
  int lost = 0;
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const BFloat16 x = BFloat16::from_bits(static_cast<std::uint16_t>(code));
    if (!x.is_nan() || (code & 0x40) != 0) {
      continue;
    }
    ++signalling;
    const BFloat16 copy = x;
    lost += static_cast<int>(copy.bits() != code);
    lost += static_cast<int>(upset::flip(upset::flip(x, 15), 15).bits() != code);
    lost +=
        static_cast<int>(std::bit_cast<std::uint32_t>(BFloat16::decode(x.bits())) != code << 16);
  }
  CHECK(signalling == 126);
  CHECK(lost == 0);
}

TEST_CASE("BFloat16: NaN is unordered in all six comparisons, the zeros are equal") {
  constexpr BFloat16 nan = BFloat16Limits::quiet_NaN();
  constexpr BFloat16 one{1};
  for (const auto& [a, b] : {std::pair{nan, one}, std::pair{one, nan}, std::pair{nan, nan}}) {
    CHECK((a <=> b) == std::partial_ordering::unordered);
    CHECK_FALSE(a == b);
    CHECK(a != b);
    CHECK_FALSE(a < b);
    CHECK_FALSE(a <= b);
    CHECK_FALSE(a > b);
    CHECK_FALSE(a >= b);
  }
  UPSET_STATIC_CHECK(BFloat16{0.0F} == BFloat16{-0.0F});
  UPSET_STATIC_CHECK(BFloat16{4} < BFloat16{5});
  UPSET_STATIC_CHECK(BFloat16{-4} > BFloat16{-5});
  UPSET_STATIC_CHECK(-BFloat16Limits::infinity() < BFloat16Limits::lowest());
}

TEST_CASE("BFloat16: every member of numeric_limits is stated and right") {
  UPSET_STATIC_CHECK(upset::test::limits_of<BFloat16>() ==
                     upset::test::float_limits(8, 2, 4, -125, -37, 128, 38));
  UPSET_STATIC_CHECK(upset::test::limits_forwarded<BFloat16>);
  UPSET_STATIC_CHECK(BFloat16Limits::min().value() == 0x1p-126F);
  UPSET_STATIC_CHECK(BFloat16Limits::max().value() == 0x1.FEp127F);
  UPSET_STATIC_CHECK(BFloat16Limits::lowest().value() == -0x1.FEp127F);
  UPSET_STATIC_CHECK(BFloat16Limits::epsilon().value() == 0x1p-7F);
  UPSET_STATIC_CHECK(BFloat16Limits::round_error().value() == 0.5F);
  UPSET_STATIC_CHECK(BFloat16Limits::denorm_min().value() == 0x1p-133F);
  UPSET_STATIC_CHECK(BFloat16Limits::infinity().bits() == 0x7F80);
  UPSET_STATIC_CHECK(BFloat16Limits::quiet_NaN().bits() == 0x7FC0);
  UPSET_STATIC_CHECK(BFloat16Limits::signaling_NaN().bits() == 0x7FA0);
}

TEST_CASE("BFloat16: roles are sign, 8 of exponent, 7 of fraction") {
  UPSET_STATIC_CHECK(upset::role_of<BFloat16>(15) == BitRole::sign);
  UPSET_STATIC_CHECK(upset::role_of<BFloat16>(14) == BitRole::exponent);
  UPSET_STATIC_CHECK(upset::role_of<BFloat16>(7) == BitRole::exponent);
  UPSET_STATIC_CHECK(upset::role_of<BFloat16>(6) == BitRole::fraction);
  UPSET_STATIC_CHECK(upset::role_of<BFloat16>(0) == BitRole::fraction);
}

TEST_CASE("BFloat16: where arithmetic makes a NaN it is the canonical one") {
  const BFloat16 inf = BFloat16Limits::infinity();
  CHECK((inf - inf).bits() == 0x7FC0);
  CHECK((inf * BFloat16{}).bits() == 0x7FC0);
  CHECK((BFloat16{} / BFloat16{}).bits() == 0x7FC0);
  CHECK((BFloat16{-1} / BFloat16{}).bits() == 0xFF80);
  CHECK((BFloat16::from_bits(0xFFFF) + inf).bits() == 0x7FC0);
  CHECK((-BFloat16::from_bits(0x7F81)).bits() == 0xFF81);  // a sign change is no arithmetic
}

TEST_CASE("BFloat16: mixed arithmetic is float's; no two narrow formats mix silently") {
  UPSET_STATIC_CHECK(std::is_same_v<decltype(BFloat16{} * 2.0F), float>);
  UPSET_STATIC_CHECK(std::is_same_v<decltype(BFloat16{} + upset::Minifloat<5, 10>{}), float>);
  UPSET_STATIC_CHECK(
      std::is_same_v<decltype(BFloat16{} + upset::Minifloat<8, 23>{}), upset::Minifloat<8, 23>>);
  BFloat16 x{3};
  x += BFloat16{1};
  x *= BFloat16{2};
  x -= BFloat16{1};
  x /= BFloat16{7};
  CHECK(x == BFloat16{1});
}

}  // namespace
