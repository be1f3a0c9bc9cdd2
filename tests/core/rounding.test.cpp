// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <cmath>
#include <cstdint>

#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/core/rounding.hpp>

namespace {

using upset::detail::round_shift;

TEST_CASE("rounding: policies are told apart by type") {
  UPSET_STATIC_CHECK(upset::RoundingPolicy<upset::NearestEven>);
  UPSET_STATIC_CHECK(upset::RoundingPolicy<upset::Stochastic>);
  UPSET_STATIC_CHECK(!upset::RoundingPolicy<upset::Saturate>);
  UPSET_STATIC_CHECK(!upset::RoundingPolicy<int>);
  UPSET_STATIC_CHECK(upset::OverflowPolicy<upset::Wrap>);
  UPSET_STATIC_CHECK(!upset::OverflowPolicy<upset::NearestEven>);
  UPSET_STATIC_CHECK(upset::NanPolicy<upset::NanToMax>);
  UPSET_STATIC_CHECK(!upset::NanPolicy<upset::Saturate>);
}

TEST_CASE("rounding: the table of rounding.hpp holds, in quarters") {
  using namespace upset;  // the tags, and nothing else here
  UPSET_STATIC_CHECK(round_shift(10, 2, false, nearest_even) == 2);  // 2.5
  UPSET_STATIC_CHECK(round_shift(14, 2, false, nearest_even) == 4);  // 3.5
  UPSET_STATIC_CHECK(round_shift(10, 2, true, nearest_even) == 2);
  UPSET_STATIC_CHECK(round_shift(9, 2, true, nearest_even) == 2);     // -2.25
  UPSET_STATIC_CHECK(round_shift(39, 2, false, nearest_even) == 10);  // 9.75
  UPSET_STATIC_CHECK(round_shift(10, 2, false, nearest_away) == 3);
  UPSET_STATIC_CHECK(round_shift(14, 2, false, nearest_away) == 4);
  UPSET_STATIC_CHECK(round_shift(10, 2, true, nearest_away) == 3);
  UPSET_STATIC_CHECK(round_shift(9, 2, true, nearest_away) == 2);
  UPSET_STATIC_CHECK(round_shift(10, 2, false, toward_zero) == 2);
  UPSET_STATIC_CHECK(round_shift(10, 2, true, toward_zero) == 2);
  UPSET_STATIC_CHECK(round_shift(39, 2, false, toward_zero) == 9);
  UPSET_STATIC_CHECK(round_shift(10, 2, false, toward_negative) == 2);
  UPSET_STATIC_CHECK(round_shift(10, 2, true, toward_negative) == 3);
  UPSET_STATIC_CHECK(round_shift(9, 2, true, toward_negative) == 3);
  UPSET_STATIC_CHECK(round_shift(8, 2, true, toward_negative) == 2);
}

TEST_CASE("rounding: stochastic rounding goes up as often as the fraction says") {
  // Of 2^16 evenly spaced draws exactly fraction * 2^16 lie below the fraction.
  int ups[4] = {};
  for (std::uint64_t draw = 0; draw < 0x10000; ++draw) {
    const upset::Stochastic rounding{draw << 48};
    for (std::uint64_t quarters = 0; quarters < 4; ++quarters) {
      const std::uint64_t rounded = round_shift(8 + quarters, 2, (draw & 1) != 0, rounding);
      ups[quarters] += rounded == 3 ? 1 : 0;
    }
  }
  CHECK(ups[0] == 0);
  CHECK(ups[1] == 0x4000);
  CHECK(ups[2] == 0x8000);
  CHECK(ups[3] == 0xC000);
}

TEST_CASE("rounding: shifts of 64 and more see every bit that falls off") {
  constexpr std::uint64_t top = std::uint64_t{1} << 63;
  using upset::nearest_even;
  UPSET_STATIC_CHECK(round_shift(top, 64, false, nearest_even) == 0);      // a tie, to even
  UPSET_STATIC_CHECK(round_shift(top + 1, 64, false, nearest_even) == 1);  // just above it
  UPSET_STATIC_CHECK(round_shift(top - 1, 64, false, nearest_even) == 0);
  UPSET_STATIC_CHECK(round_shift(~std::uint64_t{0}, 65, false, nearest_even) == 0);
  UPSET_STATIC_CHECK(round_shift(1, 127, true, upset::toward_negative) == 1);
  UPSET_STATIC_CHECK(round_shift(1, 4000, true, upset::toward_negative) == 1);
  UPSET_STATIC_CHECK(round_shift(0, 4000, true, upset::toward_negative) == 0);
  UPSET_STATIC_CHECK(round_shift(7, 0, true, upset::toward_negative) == 7);
}

TEST_CASE("rounding: nearest_even_bits is the integer of std::nearbyint, in two's complement") {
  int wrong = 0;
  for (int quarters = -40'000; quarters <= 40'000; ++quarters) {
    const float x = static_cast<float>(quarters) / 4;
    const auto expected = static_cast<std::int32_t>(std::nearbyint(x));
    const std::uint32_t narrow = upset::detail::nearest_even_bits(x) & 0xFFFFU;
    const std::uint64_t wide = upset::detail::nearest_even_bits(static_cast<double>(x));
    wrong += static_cast<int>(static_cast<std::int16_t>(narrow) != expected);
    wrong += static_cast<int>(static_cast<std::int32_t>(wide & 0xFFFF'FFFFU) != expected);
  }
  CHECK(wrong == 0);
  CHECK((upset::detail::nearest_even_bits(-2'147'483'648.0) & 0xFFFF'FFFFU) == 0x8000'0000U);
  CHECK((upset::detail::nearest_even_bits(2'147'483'646.5) & 0xFFFF'FFFFU) == 0x7FFF'FFFEU);
}

}  // namespace
