// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <support/formats.hpp>
#include <support/limits.hpp>
#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/format/fixed.hpp>

namespace {

using upset::Fixed;
using upset::test::nearest_level;
using upset::test::sign_of;
using Q44 = Fixed<8, 4>;

template <class F>
F code(std::int64_t bits) {
  return F::from_bits(static_cast<typename F::code_type>(bits));
}

/// Two's complement by definition: the top bit weighs -2^(N-1).
std::int64_t level_of(int width, std::int64_t bits) {
  const std::int64_t top = std::int64_t{1} << (width - 1);
  return bits >= top ? bits - 2 * top : bits;
}

TEST_CASE("Fixed: ties go to even, the ends saturate, NaN is zero") {
  UPSET_STATIC_CHECK(Q44{0.03125F}.value() == 0.0F);
  UPSET_STATIC_CHECK(Q44{0.09375F}.value() == 0.125F);
  UPSET_STATIC_CHECK(Q44{-8.03125F}.bits() == 0x80);
  UPSET_STATIC_CHECK(Q44{-8.0625F}.value() == -8.0F);
  UPSET_STATIC_CHECK(Q44{7.96875F}.value() == 7.9375F);
  UPSET_STATIC_CHECK(Q44{1e30F}.value() == 7.9375F);
  UPSET_STATIC_CHECK(Q44{-1e30F}.value() == -8.0F);
  UPSET_STATIC_CHECK(Q44{1e300}.value() == 7.9375F);
  UPSET_STATIC_CHECK(Q44{std::numeric_limits<float>::infinity()}.value() == 7.9375F);
  UPSET_STATIC_CHECK(Q44{-std::numeric_limits<double>::infinity()}.value() == -8.0F);
  UPSET_STATIC_CHECK(Q44{std::numeric_limits<float>::quiet_NaN()}.bits() == 0);
  UPSET_STATIC_CHECK(Q44{-0.0F}.bits() == 0);
  UPSET_STATIC_CHECK(Fixed<32, 0>{std::numeric_limits<std::int64_t>::min()}.level() ==
                     std::numeric_limits<std::int32_t>::min());
}

TEST_CASE("Fixed: a number is a value, never a code; only lossless conversions are implicit") {
  UPSET_STATIC_CHECK(Q44{1}.bits() == 16);
  UPSET_STATIC_CHECK(Q44::from_bits(1).value() == 0.0625F);
  UPSET_STATIC_CHECK(!std::is_convertible_v<float, Q44>);
  UPSET_STATIC_CHECK(std::is_convertible_v<Q44, float>);
  UPSET_STATIC_CHECK(std::is_same_v<Fixed<25, 3>::Value, float>);
  UPSET_STATIC_CHECK(std::is_same_v<Fixed<26, 3>::Value, double>);
  UPSET_STATIC_CHECK(std::is_convertible_v<Q44, Fixed<10, 5>>);
  UPSET_STATIC_CHECK(!std::is_convertible_v<Q44, Fixed<10, 7>>);
  UPSET_STATIC_CHECK(!std::is_convertible_v<Q44, Fixed<16, 3>>);
  UPSET_STATIC_CHECK(Fixed<6, 2>{Q44{1.125F}}.value() == 1.0F);
  UPSET_STATIC_CHECK(Fixed<6, 2>{Q44{-8}}.value() == -8.0F);
  UPSET_STATIC_CHECK(Fixed<6, 4>{Q44{-8}}.value() == -2.0F);
}

TEST_CASE_TEMPLATE_DEFINE("Fixed: every code has the value of its definition", F, decoding) {
  int wrong = 0;
  for (std::int64_t bits = 0; bits >> F::width == 0; ++bits) {
    const std::int64_t level = level_of(F::width, bits);
    const double value = std::ldexp(static_cast<double>(level), -F::fraction_bits);
    wrong += static_cast<int>(code<F>(bits).level() != level);
    wrong += static_cast<int>(static_cast<double>(code<F>(bits).value()) != value);
    wrong += static_cast<int>(static_cast<double>(F::decode(code<F>(bits).bits())) != value);
    wrong += static_cast<int>(F::from_level(level).bits() != bits);
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(decoding, Fixed<2, 0>, Fixed<2, 1>, Fixed<5, 3>, Fixed<8, 0>, Q44,
                          Fixed<8, 7>, Fixed<12, 4>, Fixed<16, 8>, Fixed<16, 15>);

TEST_CASE_TEMPLATE_DEFINE("Fixed: numbers on, between and just beside codes round to nearest", F,
                          rounding) {
  constexpr std::int64_t limit = F::max_level;
  const std::int64_t stride = limit > 40'000 ? limit / 20'000 : 1;
  int wrong = 0;
  const auto check = [&](double centre) {
    for (const double x : {std::nextafter(centre, -1e300), centre, std::nextafter(centre, 1e300)}) {
      const std::int64_t expected = nearest_level(F::width, F::fraction_bits, x);
      wrong += static_cast<int>(F{x}.level() != expected);
    }
    const auto near = static_cast<float>(centre);
    for (const float x : {std::nextafterf(near, -1e38F), near, std::nextafterf(near, 1e38F)}) {
      const std::int64_t expected =
          nearest_level(F::width, F::fraction_bits, static_cast<double>(x));
      wrong += static_cast<int>(F{x}.level() != expected);
    }
  };
  for (std::int64_t level = -limit - 2; level <= limit + 1; level += stride) {
    check(std::ldexp(static_cast<double>(level), -F::fraction_bits));
    check(std::ldexp(static_cast<double>(level) + 0.5, -F::fraction_bits));
  }
  for (std::int64_t level = limit - 3; level <= limit + 3; ++level) {  // both ends, every step
    for (const double half : {0.0, 0.5}) {
      check(std::ldexp(static_cast<double>(level) + half, -F::fraction_bits));
      check(-std::ldexp(static_cast<double>(level) + half, -F::fraction_bits));
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(rounding, Fixed<2, 0>, Fixed<2, 1>, Fixed<5, 3>, Fixed<8, 0>, Q44,
                          Fixed<8, 7>, Fixed<16, 8>, Fixed<22, 11>, Fixed<23, 11>, Fixed<25, 0>,
                          Fixed<26, 13>, Fixed<32, 0>, Fixed<32, 16>, Fixed<32, 31>);

TEST_CASE("Fixed: integers of 64 bits saturate and keep their sign") {
  int wrong = 0;
  for (std::int64_t n = -1000; n <= 1000; ++n) {
    wrong += static_cast<int>(Q44{n}.level() != nearest_level(8, 4, static_cast<double>(n)));
    const std::int64_t far = n * 9'000'000'000'000'000;
    wrong += static_cast<int>(Fixed<32, 16>{far}.level() !=
                              nearest_level(32, 16, static_cast<double>(far)));
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE_DEFINE("Fixed: all pairs of 8-bit codes add, multiply, divide and compare", F,
                          pairs) {
  constexpr std::int64_t limit = std::int64_t{1} << (F::width - 1);
  constexpr std::int64_t one = std::int64_t{1} << F::fraction_bits;
  const auto clamp = [&](std::int64_t level) {
    return level < -limit ? -limit : level >= limit ? limit - 1 : level;
  };
  int sums = 0;
  int products = 0;
  int quotients = 0;
  int orders = 0;
  for (std::int64_t i = 0; i >> F::width == 0; ++i) {
    for (std::int64_t j = 0; j >> F::width == 0; ++j) {
      const F a = code<F>(i);
      const F b = code<F>(j);
      const std::int64_t x = level_of(F::width, i);
      const std::int64_t y = level_of(F::width, j);
      sums += static_cast<int>((a + b).level() != clamp(x + y));
      sums += static_cast<int>((a - b).level() != clamp(x - y));
      sums += static_cast<int>((-a).level() != clamp(-x));
      // The nearest level L of x y / one: |2 x y - 2 L one| <= one, the even L of two.
      const auto nearest = [&](std::int64_t numerator, std::int64_t divisor) {
        return nearest_level(F::width, 0, [&](double m) {
          return sign_of(static_cast<double>(numerator) - m * static_cast<double>(divisor));
        });
      };
      products += static_cast<int>((a * b).level() != nearest(x * y, one));
      const std::int64_t sign = y < 0 ? -1 : 1;
      const std::int64_t quotient = y != 0   ? nearest(sign * x * one, sign * y)
                                    : x == 0 ? 0
                                    : x < 0  ? -limit
                                             : limit - 1;
      quotients += static_cast<int>((a / b).level() != quotient);
      orders += static_cast<int>((a <=> b) != (x <=> y) || (a == b) != (x == y) ||
                                 (a < b) != (x < y) || (a >= b) != (x >= y));
    }
  }
  CHECK(sums == 0);
  CHECK(products == 0);
  CHECK(quotients == 0);
  CHECK(orders == 0);
}
TEST_CASE_TEMPLATE_INVOKE(pairs, Fixed<2, 0>, Fixed<2, 1>, Fixed<5, 3>, Fixed<8, 0>, Q44,
                          Fixed<8, 7>);

TEST_CASE("Fixed: 32-bit arithmetic does not overflow inside") {
  using Wide = Fixed<32, 31>;
  constexpr Wide least = std::numeric_limits<Wide>::lowest();
  constexpr Wide most = std::numeric_limits<Wide>::max();
  UPSET_STATIC_CHECK(least * least == most);
  UPSET_STATIC_CHECK(least + least == least);
  UPSET_STATIC_CHECK(-least == most);
  UPSET_STATIC_CHECK(least / most == least);
  UPSET_STATIC_CHECK(most / most == most);  // 1 itself is out of range
  UPSET_STATIC_CHECK((most * Wide{0.5}).value() == 0.5);
  using Whole = Fixed<32, 0>;
  UPSET_STATIC_CHECK(std::numeric_limits<Whole>::lowest() / Whole{-1} ==
                     std::numeric_limits<Whole>::max());
}

TEST_CASE("Fixed: compound assignment is arithmetic, and constant expressions do it") {
  constexpr auto compute = [] {
    Q44 x{3};
    x += Q44{1};
    x *= Q44{1.5F};
    x -= Q44{2};
    x /= Q44{-2};
    return x;
  };
  UPSET_STATIC_CHECK(compute().value() == -2.0F);
}

TEST_CASE("Fixed: every member of numeric_limits is stated and right") {
  using upset::test::fixed_limits;
  using upset::test::limits_of;
  UPSET_STATIC_CHECK(limits_of<Q44>() == fixed_limits(7, 2, false));
  UPSET_STATIC_CHECK(limits_of<Fixed<32, 0>>() == fixed_limits(31, 9, true));
  UPSET_STATIC_CHECK(limits_of<Fixed<16, 8>>() == fixed_limits(15, 4, false));
  UPSET_STATIC_CHECK(upset::test::limits_forwarded<Q44>);
  using Limits = std::numeric_limits<Q44>;
  UPSET_STATIC_CHECK(Limits::max().value() == 7.9375F);
  UPSET_STATIC_CHECK(Limits::min().value() == -8.0F);
  UPSET_STATIC_CHECK(Limits::lowest().value() == -8.0F);
  UPSET_STATIC_CHECK(Limits::epsilon().value() == 0.0625F);
  UPSET_STATIC_CHECK(Limits::round_error() == Q44{});
  UPSET_STATIC_CHECK(Limits::infinity() == Q44{});
  UPSET_STATIC_CHECK(Limits::quiet_NaN() == Q44{});
  UPSET_STATIC_CHECK(Limits::signaling_NaN() == Q44{});
  UPSET_STATIC_CHECK(Limits::denorm_min() == Q44{});
}

TEST_CASE("Fixed: the top bit is the sign, the rest fraction; a flip weighs its bit") {
  UPSET_STATIC_CHECK(Q44::role(7) == upset::BitRole::sign);
  UPSET_STATIC_CHECK(Q44::role(6) == upset::BitRole::fraction);
  UPSET_STATIC_CHECK(Q44::step() == 0.0625F);
  UPSET_STATIC_CHECK(Q44::max_level == 128);
}

}  // namespace
