// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <tuple>

#include <support/formats.hpp>
#include <support/limits.hpp>
#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/format/minifloat.hpp>

namespace {

using upset::Minifloat;
using upset::test::FloatOracle;
using upset::test::sign_of;

template <class F>
constexpr FloatOracle oracle_of{F::exponent_bits, F::fraction_bits};

template <class F>
F code_of(std::int64_t bits) {
  return F::from_bits(static_cast<typename F::code_type>(bits));
}

TEST_CASE_TEMPLATE_DEFINE("Minifloat: every code has the value of its definition", F,
                          minifloat_decoding) {
  int wrong = 0;
  for (std::int64_t bits = 0; bits >> F::width == 0; ++bits) {
    const double expected = oracle_of<F>.value(bits);
    const auto value = static_cast<double>(code_of<F>(bits).value());
    wrong += static_cast<int>(
        expected != expected ? value == value
                             : value != expected || std::signbit(value) != std::signbit(expected));
    wrong += static_cast<int>(code_of<F>(bits).is_finite() != std::isfinite(expected));
    wrong += static_cast<int>(code_of<F>(bits).is_nan() != std::isnan(expected));
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(minifloat_decoding, Minifloat<2, 1>, Minifloat<3, 4>, Minifloat<4, 3>,
                          Minifloat<5, 2>, Minifloat<7, 4>, Minifloat<8, 7>, Minifloat<5, 10>);

TEST_CASE_TEMPLATE_DEFINE("Minifloat: numbers on, between and just beside codes round to nearest",
                          F, minifloat_rounding) {
  const FloatOracle oracle = oracle_of<F>;
  int wrong = 0;
  for (std::int64_t bits = 0; bits < oracle.infinity_code(); ++bits) {
    const double low = oracle.magnitude(bits);
    const double high = oracle.magnitude(bits + 1);
    const double middle = (low + high) / 2;
    for (const double centre : {low, middle, high}) {
      for (const double x : {std::nextafter(centre, 0.0), centre, std::nextafter(centre, 1e300)}) {
        wrong += static_cast<int>(F{x}.bits() != oracle.nearest(x));
        wrong += static_cast<int>(F{-x}.bits() != oracle.nearest(-x));
      }
      const auto near = static_cast<float>(centre);  // exact, or infinite
      if (std::isfinite(near)) {
        for (const float x : {std::nextafterf(near, 0.0F), near, std::nextafterf(near, 1e38F)}) {
          wrong += static_cast<int>(F{x}.bits() != oracle.nearest(static_cast<double>(x)));
          wrong += static_cast<int>(F{-x}.bits() != oracle.nearest(-static_cast<double>(x)));
        }
      }
      if (centre >= 1 && centre < 0x1p62 && centre == std::floor(centre)) {
        const auto integer = static_cast<std::int64_t>(centre);
        for (const std::int64_t n : {integer - 1, integer, integer + 1}) {
          // n may have more bits than a double: its place is found in integers
          const auto against = [n](double m) {
            if (m >= 0x1p63) {
              return -1;
            }
            const auto whole = static_cast<std::int64_t>(std::floor(m));
            return n > whole ? 1 : n < whole ? -1 : m > std::floor(m) ? -1 : 0;
          };
          wrong += static_cast<int>(F{n}.bits() != oracle.nearest(false, against));
          wrong += static_cast<int>(F{-n}.bits() != oracle.nearest(n > 0, against));
        }
      }
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(minifloat_rounding, Minifloat<2, 1>, Minifloat<3, 4>, Minifloat<4, 3>,
                          Minifloat<5, 2>, Minifloat<7, 4>, Minifloat<8, 7>, Minifloat<5, 10>);

TEST_CASE_TEMPLATE_DEFINE("Minifloat: all pairs of 8-bit codes add, multiply, divide and compare",
                          F, minifloat_pairs) {
  const FloatOracle oracle = oracle_of<F>;
  const std::int64_t nan = F::quiet_nan().bits();
  int sums = 0;
  int products = 0;
  int quotients = 0;
  int orders = 0;
  for (std::int64_t i = 0; i >> F::width == 0; ++i) {
    for (std::int64_t j = 0; j >> F::width == 0; ++j) {
      const F a = code_of<F>(i);
      const F b = code_of<F>(j);
      const double x = oracle.value(i);
      const double y = oracle.value(j);
      const auto expected = [&](double exact) {
        return exact != exact ? nan : oracle.nearest(exact);
      };
      // Sums and products of such short numbers are exact in double.
      sums += static_cast<int>((a + b).bits() != expected(x + y));
      sums += static_cast<int>((a - b).bits() != expected(x - y));
      products += static_cast<int>((a * b).bits() != expected(x * y));
      std::int64_t quotient = expected(x / y);
      if (std::isfinite(x) && std::isfinite(y) && y != 0) {  // |x| against m |y|, exactly
        quotient = oracle.nearest(std::signbit(x) != std::signbit(y),
                                  [&](double m) { return sign_of(std::abs(x) - m * std::abs(y)); });
      }
      quotients += static_cast<int>((a / b).bits() != quotient);
      orders += static_cast<int>((a < b) != (x < y) || (a <= b) != (x <= y) || (a > b) != (x > y) ||
                                 (a >= b) != (x >= y) || (a == b) != (x == y) ||
                                 (a != b) != (x != y) || (a <=> b) != (x <=> y));
    }
  }
  CHECK(sums == 0);
  CHECK(products == 0);
  CHECK(quotients == 0);
  CHECK(orders == 0);
}
TEST_CASE_TEMPLATE_INVOKE(minifloat_pairs, Minifloat<2, 1>, Minifloat<3, 4>, Minifloat<4, 3>,
                          Minifloat<5, 2>, Minifloat<2, 5>);

TEST_CASE("Minifloat: numeric_limits, from the smallest format to wide ones") {
  using upset::test::float_limits;
  using upset::test::limits_of;
  UPSET_STATIC_CHECK(limits_of<Minifloat<2, 1>>() == float_limits(2, 0, 2, 1, 0, 2, 0, false));
  UPSET_STATIC_CHECK(limits_of<Minifloat<4, 3>>() == float_limits(4, 0, 3, -5, -1, 8, 2));
  UPSET_STATIC_CHECK(limits_of<Minifloat<5, 2>>() == float_limits(3, 0, 2, -13, -4, 16, 4));
  UPSET_STATIC_CHECK(limits_of<Minifloat<7, 23>>() == float_limits(24, 6, 9, -61, -18, 64, 19));
  UPSET_STATIC_CHECK(upset::test::limits_forwarded<Minifloat<4, 3>>);
  UPSET_STATIC_CHECK(std::numeric_limits<Minifloat<2, 1>>::max().value() == 3.0F);
  UPSET_STATIC_CHECK(std::numeric_limits<Minifloat<2, 1>>::epsilon().value() == 0.5F);
  UPSET_STATIC_CHECK(std::numeric_limits<Minifloat<2, 1>>::round_error().value() == 0.5F);
  UPSET_STATIC_CHECK(std::numeric_limits<Minifloat<4, 3>>::max().value() == 240.0F);
  UPSET_STATIC_CHECK(std::numeric_limits<Minifloat<4, 3>>::denorm_min().value() == 0x1p-9F);
  UPSET_STATIC_CHECK(std::numeric_limits<Minifloat<4, 3>>::min().value() == 0x1p-6F);
  UPSET_STATIC_CHECK(std::numeric_limits<Minifloat<4, 3>>::signaling_NaN().is_nan());
  UPSET_STATIC_CHECK(std::numeric_limits<Minifloat<2, 1>>::signaling_NaN().bits() ==
                     std::numeric_limits<Minifloat<2, 1>>::quiet_NaN().bits());
}

TEST_CASE("Minifloat: widening keeps every value, narrowing rounds once") {
  using Narrow = Minifloat<4, 3>;
  using Wide = Minifloat<5, 10>;
  int wrong = 0;
  for (std::int64_t bits = 0; bits < 256; ++bits) {
    const Narrow x = code_of<Narrow>(bits);
    const Wide wide = x;
    wrong += static_cast<int>(!x.is_nan() &&
                              (wide.value() != x.value() || Narrow{wide}.bits() != x.bits()));
    wrong += static_cast<int>(x.is_nan() != wide.is_nan());
  }
  for (std::int64_t bits = 0; bits < 0x10000; ++bits) {
    const Wide x = code_of<Wide>(bits);
    if (!x.is_nan()) {
      wrong += static_cast<int>(Narrow{x}.bits() !=
                                oracle_of<Narrow>.nearest(oracle_of<Wide>.value(bits)));
    }
  }
  CHECK(wrong == 0);
}

}  // namespace
