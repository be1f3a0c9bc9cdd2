// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "guard/guarded_words.hpp"
#include "guard/plain_code.hpp"
#include <doctest/doctest.h>

#include <upset/guard/wrapping.hpp>

using namespace upset;
using namespace upset::test;

namespace {

/// Packs and unpacks random lanes, each bit checked by itself.
template <class Word, int lanes, int lane_bits>
int wrong_lanes() {
  SplitMix random(lanes * 100 + lane_bits);
  int wrong = 0;
  for (int trial = 0; trial < 20; ++trial) {
    std::array<std::uint64_t, static_cast<std::size_t>(lanes)> codes{};
    for (auto& code : codes) {
      code = random() & low_mask<std::uint64_t>(lane_bits);
    }
    const Word word =
        detail::pack_lanes<Word, lanes, lane_bits>(std::span<const std::uint64_t>(codes));
    for (int bit = 0; bit < detail::capacity<Word>; ++bit) {
      const auto lane = static_cast<std::size_t>(bit / lane_bits);
      const bool expected = lane < codes.size() && test_bit(codes[lane], bit % lane_bits);
      wrong += test_bit(word, bit) == expected ? 0 : 1;
    }
    auto unpacked = codes;
    unpacked.fill(low_mask<std::uint64_t>(64));
    detail::unpack_lanes<lanes, lane_bits>(word, std::span<std::uint64_t>(unpacked));
    wrong += unpacked == codes ? 0 : 1;
  }
  return wrong;
}

}  // namespace

TEST_CASE("wrapping: lanes fill a word from bit 0 upwards, across limbs") {
  CHECK(wrong_lanes<std::uint8_t, 8, 1>() == 0);
  CHECK(wrong_lanes<std::uint8_t, 1, 5>() == 0);
  CHECK(wrong_lanes<std::uint16_t, 2, 7>() == 0);
  CHECK(wrong_lanes<std::uint32_t, 4, 8>() == 0);
  CHECK(wrong_lanes<std::uint64_t, 1, 64>() == 0);
  CHECK(wrong_lanes<std::uint64_t, 12, 5>() == 0);
  CHECK(wrong_lanes<WideWord<72>, 8, 8>() == 0);
  CHECK(wrong_lanes<WideWord<96>, 3, 32>() == 0);
  CHECK(wrong_lanes<WideWord<128>, 25, 5>() == 0);
  CHECK(wrong_lanes<WideWord<256>, 9, 27>() == 0);
  CHECK(wrong_lanes<WideWord<256>, 4, 64>() == 0);
}

TEST_CASE("wrapping: capacities, and the narrowest word for a number of bits") {
  static_assert(detail::capacity<std::uint8_t> == 8 && detail::capacity<std::uint64_t> == 64);
  static_assert(detail::capacity<WideWord<72>> == 72);
  static_assert(std::same_as<detail::WordHolding<13>, std::uint16_t>);
  static_assert(std::same_as<detail::WordHolding<64>, std::uint64_t>);
  static_assert(std::same_as<detail::WordHolding<65>, WideWord<65>>);
  CHECK(detail::is_odd(WideWord<128>{{1, 0}}));
  CHECK(!detail::is_odd(WideWord<128>{{1, 0x8000000000000000U}}));
  CHECK(detail::is_odd(std::uint8_t{0x80}));
}
