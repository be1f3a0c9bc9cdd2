// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstdint>
#include <limits>

#include <support/static_check.hpp>

#include <upset/format/binary.hpp>

namespace {

using upset::Binary;

TEST_CASE("Binary: zero of either sign and NaN give +1, which is a set bit") {
  UPSET_STATIC_CHECK(Binary::encode(0.0F) == 1);
  UPSET_STATIC_CHECK(Binary::encode(-0.0F) == 1);
  UPSET_STATIC_CHECK(Binary::encode(std::numeric_limits<float>::quiet_NaN()) == 1);
  UPSET_STATIC_CHECK(Binary::encode(-1e-40F) == 0);
  UPSET_STATIC_CHECK(Binary::encode(std::numeric_limits<float>::infinity()) == 1);
  UPSET_STATIC_CHECK(Binary::encode(-std::numeric_limits<float>::infinity()) == 0);
  UPSET_STATIC_CHECK(Binary::level(1) == 1);
  UPSET_STATIC_CHECK(Binary::level(0) == -1);
}

TEST_CASE("Binary: alpha is the mean magnitude, rounded to 8 bits") {
  constexpr std::array<float, 4> values{0.5F, -1.5F, 2.0F, -4.0F};
  constexpr auto scale = Binary::fit(values);
  UPSET_STATIC_CHECK(scale.gamma(0) == 2.0F);
  UPSET_STATIC_CHECK(Binary::decode(1, scale) == 2.0F);
  UPSET_STATIC_CHECK(Binary::decode(0, scale) == -2.0F);
  UPSET_STATIC_CHECK(Binary::step(scale) == 2.0F);
}

TEST_CASE("Binary: 64 lanes fill a word, lane i in bit i; missing lanes are zero") {
  constexpr std::array<std::uint8_t, 3> codes{1, 0, 1};
  UPSET_STATIC_CHECK(Binary::store(codes) == 0b101U);
  std::array<std::uint8_t, 64> all{};
  CHECK(Binary::load(0x8000'0000'0000'0001U, all) == upset::Check::intact);
  CHECK(all[0] == 1);
  CHECK(all[1] == 0);
  CHECK(all[63] == 1);
  CHECK(Binary::store(all) == 0x8000'0000'0000'0001U);
  UPSET_STATIC_CHECK(Binary::lanes * Binary::lane_bits == Binary::word_bits);
}

}  // namespace
