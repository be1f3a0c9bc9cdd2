// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/format/int8_affine.hpp>

namespace {

using upset::AffineScale;
using upset::Int8Affine;

constexpr std::uint8_t code_of(int q) { return static_cast<std::uint8_t>(q); }

/// clamp(round half even (x / S) + Z) with x compared with S times half integers, exactly.
std::uint8_t expected(float x, AffineScale scale) {
  const std::int64_t rounded = upset::test::nearest_level(10, 0, [&](double m) {
    const double point = m * static_cast<double>(scale.scale);  // 11 by 24 bits: exact
    return static_cast<double>(x) < point ? -1 : static_cast<double>(x) > point ? 1 : 0;
  });
  return code_of(static_cast<int>(std::clamp<std::int64_t>(rounded + scale.zero_point, -128, 127)));
}

TEST_CASE("Int8Affine: codes are nearest for every step and zero point, ties before the offset") {
  int wrong = 0;
  upset::test::Sequence random{31};
  for (const float step : {1.0F, 0.1F, 0.0078125F, 1e-30F, 3.7e30F, 0x1.FFFFFEp-3F, 0x1p-126F}) {
    for (const int zero : {-128, -1, 0, 1, 3, 127}) {
      const AffineScale scale{step, static_cast<std::int8_t>(zero)};
      for (int halves = -1040; halves <= 1040; ++halves) {
        const auto centre = static_cast<float>(static_cast<double>(step) * halves / 2);
        for (const float x :
             {std::nextafterf(centre, -3e38F), centre, std::nextafterf(centre, 3e38F)}) {
          wrong += static_cast<int>(Int8Affine::encode(x, scale) != expected(x, scale));
        }
      }
      for (int i = 0; i < 1000; ++i) {
        const float x = random.unit() * 300 * step;
        wrong += static_cast<int>(Int8Affine::encode(x, scale) != expected(x, scale));
      }
    }
  }
  CHECK(wrong == 0);
  UPSET_STATIC_CHECK(Int8Affine::encode(2.5F, {1, 3}) == code_of(5));  // 2 + 3, not round(5.5)
  UPSET_STATIC_CHECK(Int8Affine::encode(1.5F, {1, 3}) == code_of(5));
}

TEST_CASE("Int8Affine: zero is exact wherever the zero point lies, and -128 is a code") {
  for (const int zero : {-128, -7, 0, 127}) {
    const AffineScale scale{0.3F, static_cast<std::int8_t>(zero)};
    CHECK(Int8Affine::encode(0.0F, scale) == code_of(zero));
    CHECK(Int8Affine::encode(-0.0F, scale) == code_of(zero));
    CHECK(Int8Affine::encode(std::numeric_limits<float>::quiet_NaN(), scale) == code_of(zero));
    CHECK(Int8Affine::decode(code_of(zero), scale) == 0.0F);
    CHECK(Int8Affine::encode(std::numeric_limits<float>::infinity(), scale) == 127);
    CHECK(Int8Affine::encode(-std::numeric_limits<float>::infinity(), scale) == code_of(-128));
  }
  UPSET_STATIC_CHECK(Int8Affine::encode(-128.0F, {}) == code_of(-128));
  UPSET_STATIC_CHECK(Int8Affine::encode(-128.5F, {}) == code_of(-128));
  UPSET_STATIC_CHECK(Int8Affine::encode(std::numeric_limits<float>::quiet_NaN(), {1, 9}) == 9);
  UPSET_STATIC_CHECK(Int8Affine::level(code_of(-128), {1, 127}) == -255);
  UPSET_STATIC_CHECK(Int8Affine::max_level == 255);
}

TEST_CASE("Int8Affine: a scale of any 40 bits is defined") {
  upset::test::Sequence random{32};
  int wrong = 0;
  const auto probe = [&](AffineScale scale) {
    for (int q = -128; q < 128; ++q) {
      const std::int32_t level = q - scale.zero_point;
      wrong += static_cast<int>(Int8Affine::level(code_of(q), scale) != level);
      const float value = Int8Affine::decode(code_of(q), scale);
      const float product = scale.scale * static_cast<float>(level);
      wrong += static_cast<int>(product != product ? value == value : value != product);
    }
    for (const float x : {0.0F, -1.0F, 1e-42F, 3e38F, std::numeric_limits<float>::infinity()}) {
      const auto q = static_cast<std::int8_t>(Int8Affine::encode(x, scale));
      const float quotient = x / scale.scale;
      if (quotient != quotient) {
        wrong += static_cast<int>(q != scale.zero_point);
      } else if (std::abs(quotient) > 300) {
        wrong += static_cast<int>(q != (quotient > 0 ? 127 : -128));
      }
    }
  };
  const auto with = [](std::uint32_t bits, std::int8_t zero) {
    return AffineScale{std::bit_cast<float>(bits), zero};
  };
  for (const std::uint32_t bits : {0U, 0x8000'0000U, 0x7F80'0000U, 0xFF80'0000U, 0x7FC0'0000U,
                                   0x7F80'0001U, 1U, 0xBF80'0000U}) {
    probe(with(bits, 0));
    probe(with(bits, -128));
    probe(with(bits, 127));
  }
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t any = random.next();
    probe(with(static_cast<std::uint32_t>(any), static_cast<std::int8_t>(any >> 40)));
  }
  CHECK(wrong == 0);
  const AffineScale nan = with(0x7FC0'0000U, 5);
  CHECK(nan == AffineScale{nan});  // a copy is equal, NaN or not
}

TEST_CASE("Int8Affine: steps that lose codes are refused with a sentence") {
  const float inf = std::numeric_limits<float>::infinity();
  for (const float step :
       {0.0F, -0.0F, -1.0F, 0x1p-127F, 1e38F, inf, -inf, std::numeric_limits<float>::quiet_NaN()}) {
    CHECK_THROWS_AS(static_cast<void>(AffineScale::checked(step)), upset::Error);
  }
  CHECK_THROWS_WITH(static_cast<void>(AffineScale::checked(0)),
                    "Int8Affine: the scale must be a positive normal float whose 255-fold is "
                    "finite; calibrate with fit() or correct the file it came from");
  UPSET_STATIC_CHECK(AffineScale::checked(0.5F, -3) == AffineScale{0.5F, -3});
  UPSET_STATIC_CHECK(AffineScale::checked(0x1p-126F).zero_point == 0);
}

TEST_CASE("Int8Affine: a fit covers the values, holds zero exactly and can always be used") {
  upset::test::Sequence random{33};
  const float most = std::numeric_limits<float>::max() / 255 * 127;
  std::vector<std::vector<float>> sets{
      {},      {0.0F}, {1e-45F}, {-1e-45F, 1e-45F}, {most, -most}, {most},
      {-most}, {5.0F}, {-5.0F},  {3.0F, 4.0F},      {-0.1F, 12.0F}};
  for (int i = 0; i < 200; ++i) {
    const float spread = std::ldexp(1.0F, static_cast<int>(random.below(200)) - 100);
    const float shift = random.unit() * spread * 2;
    std::vector<float> values;
    for (int k = 0; k < 20; ++k) {
      values.push_back(random.unit() * spread + shift);
    }
    sets.push_back(values);
  }
  for (const auto& values : sets) {
    for (const AffineScale scale : {Int8Affine::fit(values), Int8Affine::fit_symmetric(values)}) {
      CHECK(AffineScale::checked(scale.scale, scale.zero_point) == scale);
      CHECK(Int8Affine::decode(Int8Affine::encode(0.0F, scale), scale) == 0.0F);
      for (const float x : values) {
        // Half a step for rounding; the zero point, rounded too, may cost the ends another half.
        const double error =
            std::abs(static_cast<double>(x) -
                     static_cast<double>(Int8Affine::decode(Int8Affine::encode(x, scale), scale)));
        CHECK(error <= 1.0001 * static_cast<double>(scale.scale));
      }
    }
    const AffineScale symmetric = Int8Affine::fit_symmetric(values);
    CHECK(symmetric.zero_point == 0);
    for (const float x : values) {
      CHECK(std::abs(int{static_cast<std::int8_t>(Int8Affine::encode(x, symmetric))}) <= 127);
    }
  }
  const std::array<float, 2> widest{3e38F, -3e38F};  // spans more than a float: saturates
  const AffineScale capped = Int8Affine::fit(widest);
  CHECK(AffineScale::checked(capped.scale, capped.zero_point) == capped);
  CHECK(Int8Affine::encode(3e38F, capped) == 127);
  CHECK(Int8Affine::encode(-3e38F, capped) == code_of(-128));
  constexpr std::array<float, 2> positive{3.0F, 255.0F};
  UPSET_STATIC_CHECK(Int8Affine::fit(positive) == AffineScale{1.0F, -128});
  constexpr std::array<float, 2> negative{-255.0F, -1.0F};
  UPSET_STATIC_CHECK(Int8Affine::fit(negative) == AffineScale{1.0F, 127});
  constexpr std::array<float, 2> both{-127.0F, 63.0F};
  UPSET_STATIC_CHECK(Int8Affine::fit_symmetric(both) == AffineScale{1.0F, 0});
}

TEST_CASE("Int8Affine: scale bits are the float's, lowest first, then the zero point's") {
  AffineScale scale{1.0F, 0};
  scale.flip(31);
  CHECK(scale.scale == -1.0F);
  scale.flip(39);
  CHECK(scale.zero_point == -128);
  scale.flip(32);
  CHECK(scale.zero_point == -127);
  scale.flip(22);
  CHECK(scale.scale == -1.5F);
  CHECK(scale.test(22));
  CHECK_FALSE(scale.test(0));
  UPSET_STATIC_CHECK(AffineScale::width == 40);
  UPSET_STATIC_CHECK(AffineScale::gammas == 0);
}

TEST_CASE("Int8Affine: codes compare as signed integers") {
  UPSET_STATIC_CHECK(Int8Affine::from_bits(0x80) < Int8Affine::from_bits(0x7F));
  UPSET_STATIC_CHECK(Int8Affine::from_bits(0xFF).quantum() == -1);
  UPSET_STATIC_CHECK(Int8Affine::role(7) == upset::BitRole::sign);
  UPSET_STATIC_CHECK(Int8Affine::role(6) == upset::BitRole::fraction);
}

}  // namespace
