// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <support/limits.hpp>
#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/format/float32.hpp>

namespace {

using upset::Float32;
using Float32Limits = std::numeric_limits<Float32>;

TEST_CASE("Float32: it is the machine's float, with the same limits") {
  UPSET_STATIC_CHECK(Float32::name().view() == "Float32");
  UPSET_STATIC_CHECK(upset::test::limits_of<Float32>() ==
                     upset::test::float_limits(24, 6, 9, -125, -37, 128, 38));
  UPSET_STATIC_CHECK(upset::test::limits_forwarded<Float32>);
  using Native = std::numeric_limits<float>;
  UPSET_STATIC_CHECK(Float32Limits::max().value() == Native::max());
  UPSET_STATIC_CHECK(Float32Limits::min().value() == Native::min());
  UPSET_STATIC_CHECK(Float32Limits::lowest().value() == Native::lowest());
  UPSET_STATIC_CHECK(Float32Limits::denorm_min().value() == Native::denorm_min());
  UPSET_STATIC_CHECK(Float32Limits::epsilon().value() == Native::epsilon());
  UPSET_STATIC_CHECK(Float32Limits::round_error().value() == Native::round_error());
  UPSET_STATIC_CHECK(Float32Limits::infinity().value() == Native::infinity());
  UPSET_STATIC_CHECK(Float32Limits::quiet_NaN().bits() == 0x7FC0'0000U);
  UPSET_STATIC_CHECK(Float32Limits::signaling_NaN().bits() == 0x7FA0'0000U);
}

TEST_CASE("Float32: codes are copied, signalling NaN and payloads too") {
  for (const std::uint32_t code :
       {0x7F80'0001U, 0xFFFF'FFFFU, 0xFF80'0001U, 0x0000'0001U, 0x8000'0000U, 0x7FBF'FFFFU}) {
    CHECK(Float32::encode(Float32::decode(code)) == code);
    CHECK(Float32::from_bits(code).bits() == code);
  }
}

TEST_CASE("Float32: sums, products and quotients are those of float, bit for bit") {
  upset::test::Sequence random{11};
  int wrong = 0;
  for (int i = 0; i < 300'000; ++i) {
    const auto any = random.next();
    const auto a = std::bit_cast<float>(static_cast<std::uint32_t>(any));
    auto b = std::bit_cast<float>(static_cast<std::uint32_t>(any >> 32));
    if (i % 2 == 0) {  // of like size, so that sums round
      b = a * (1 + random.unit() / 2);
    }
    if (a != a || b != b) {
      continue;
    }
    const auto same = [](Float32 x, float y) {
      return y != y ? x.is_nan() : x.bits() == std::bit_cast<std::uint32_t>(y);
    };
    wrong += static_cast<int>(!same(Float32{a} + Float32{b}, a + b));
    wrong += static_cast<int>(!same(Float32{a} - Float32{b}, a - b));
    wrong += static_cast<int>(!same(Float32{a} * Float32{b}, a * b));
    wrong += static_cast<int>(!same(Float32{a} / Float32{b}, a / b));
    wrong += static_cast<int>((Float32{a} < Float32{b}) != (a < b));
    wrong += static_cast<int>((Float32{a} == Float32{b}) != (a == b));
  }
  CHECK(wrong == 0);
}

TEST_CASE("Float32: double and integers round once, as the machine's conversions do") {
  upset::test::Sequence random{12};
  int wrong = 0;
  for (int i = 0; i < 300'000; ++i) {
    const std::uint64_t any = random.next();
    const double x = std::ldexp(static_cast<double>(any), static_cast<int>(any % 400) - 260);
    const auto integer = static_cast<std::int64_t>(any >> (any % 50));
    wrong +=
        static_cast<int>(x < 0x1.FFFFFFp127 &&
                         Float32{x}.bits() != std::bit_cast<std::uint32_t>(static_cast<float>(x)));
    wrong += static_cast<int>(Float32{integer}.value() != static_cast<float>(integer));
    wrong += static_cast<int>(Float32{-integer}.value() != static_cast<float>(-integer));
    wrong += static_cast<int>(Float32{any}.value() != static_cast<float>(any));
  }
  CHECK(wrong == 0);
}

}  // namespace
