// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include <upset/format/bit_access.hpp>
#include <upset/format/flushed_bfloat16.hpp>

using namespace upset;

TEST_CASE("FlushedBFloat16: codes are those of BFloat16, subnormal ones are zeros of their sign") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto code = static_cast<std::uint16_t>(bits);
    const float value = BFloat16::decode(code);
    const bool is_subnormal = value > -0x1p-126F && value < 0x1p-126F;
    const float right = is_subnormal ? (code >= 0x8000 ? -0.0F : 0.0F) : value;
    wrong += std::bit_cast<std::uint32_t>(FlushedBFloat16::decode(code)) ==
                     std::bit_cast<std::uint32_t>(right)
                 ? 0
                 : 1;
    wrong += flip(FlushedBFloat16::from_bits(code), 3).bits() == (code ^ 8U) ? 0 : 1;
    wrong += FlushedBFloat16::from_bits(code).bits() == code ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("FlushedBFloat16: floats below 2^-126 become zeros, others what BFloat16 makes of them") {
  int wrong = 0;
  int flushed = 0;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 0x1235) {
    const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const bool is_small = x > -0x1p-126F && x < 0x1p-126F;
    const std::uint32_t zero = bits >= 0x8000'0000U ? 0x8000U : 0U;
    wrong += FlushedBFloat16::encode(x) == (is_small ? zero : BFloat16::encode(x)) ? 0 : 1;
    flushed += is_small && x != 0 ? 1 : 0;
  }
  CHECK(wrong == 0);
  CHECK(flushed > 1000);
  const float below = std::bit_cast<float>(0x007F'FFFFU);  // BFloat16 rounds it up to 2^-126
  CHECK(BFloat16::encode(below) == 0x0080);
  CHECK(FlushedBFloat16::encode(below) == 0);
  CHECK(FlushedBFloat16::encode(0x1p-126F) == 0x0080);
}

TEST_CASE("FlushedBFloat16: infinities and NaN come through") {
  using Limits = std::numeric_limits<float>;
  static_assert(FlushedBFloat16::encode(Limits::infinity()) == 0x7F80);
  static_assert(FlushedBFloat16::encode(Limits::max()) == 0x7F80);
  static_assert(FlushedBFloat16::encode(-Limits::infinity()) == 0xFF80);
  static_assert(FlushedBFloat16::decode(0x7F80) == Limits::infinity());
  const float nan = FlushedBFloat16::decode(FlushedBFloat16::encode(Limits::quiet_NaN()));
  CHECK(nan != nan);
}
