// SPDX-License-Identifier: BSL-1.0
/// Exact values, and arithmetic of the wider formats held to them.
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>
#include <support/oracle.hpp>

#include <upset/format/formats.hpp>
#include <upset/interop/multiprecision.hpp>

namespace {

using namespace upset;  // the formats
using boost::multiprecision::cpp_rational;
using test::FloatOracle;
using Wide = WideFloat;

TEST_CASE("multiprecision: codes have the values of their definitions") {
  CHECK(exact_rational<Fixed<8, 4>>(0xFF) == cpp_rational{-1, 16});
  CHECK(exact_rational<Fixed<32, 31>>(0x8000'0001U) == cpp_rational{-2147483647, 2147483648});
  CHECK(exact_rational<BFloat16>(0x3F81) == cpp_rational{129, 128});
  CHECK(exact_rational<Float16>(0x8001) == cpp_rational{-1, 1 << 24});
  CHECK(exact_rational<Mono<5>>(0b10101, Mono<5>::Scale{{Gamma::from_bits(0xA7)}}) ==
        cpp_rational{23, 32});
  CHECK(exact_rational<MultiLevelBinary<3>>(0b001) == cpp_rational{-5, 4});
  CHECK(exact_rational<Binary>(0) == cpp_rational{-1});
  // 0.1F has 24 bits, times 100 needs more than float holds:
  CHECK(exact_rational<Int8Affine>(100, {0.1F, 0}) == cpp_rational{13421773 * 25LL, 1 << 25});
}

TEST_CASE("multiprecision: every bfloat16, and what has no rational value") {
  const FloatOracle oracle{8, 7};
  int wrong = 0;
  for (std::int64_t code = 0; code < 0x10000; ++code) {
    const double x = oracle.value(code);
    const auto bits = static_cast<std::uint16_t>(code);
    if (std::isfinite(x)) {
      wrong += static_cast<int>(exact_value<BFloat16>(bits) != Wide{x});
      wrong +=
          code % 64 == 0 ? static_cast<int>(exact_rational<BFloat16>(bits) != cpp_rational{x}) : 0;
    } else if (std::isnan(x)) {
      wrong += static_cast<int>(!isnan(exact_value<BFloat16>(bits)));
    } else {
      wrong += static_cast<int>(exact_value<BFloat16>(bits) != Wide{x});
    }
  }
  CHECK(wrong == 0);
  CHECK_THROWS_AS(static_cast<void>(exact_rational<BFloat16>(0x7F80)), Error);
  CHECK_THROWS_AS(static_cast<void>(exact_rational<BFloat16>(0x7F81)), Error);
  CHECK_THROWS_AS(
      static_cast<void>(exact_rational<Int8Affine>(1, {std::numeric_limits<float>::infinity(), 0})),
      Error);
}

/// The code of an exact number, by comparing it with midpoints at 600 bits.
std::int64_t nearest(const FloatOracle& oracle, const Wide& x) {
  const Wide size = abs(x);
  return oracle.nearest(x < 0, [&size](double m) {
    const Wide point{m};
    return size < point ? -1 : size > point ? 1 : 0;
  });
}

TEST_CASE_TEMPLATE_DEFINE("multiprecision: sums, products and quotients are rounded once", F,
                          arithmetic) {
  using Code = typename F::code_type;
  const FloatOracle oracle{F::exponent_bits, F::fraction_bits};
  test::Sequence random{F::width};
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t any = random.next();
    const F a = F::from_bits(static_cast<Code>(any));
    F b = F::from_bits(static_cast<Code>(any >> 32));
    if (i % 2 == 0) {  // an exponent near that of a: sums that round, quotients near 1
      const auto near =
          static_cast<Code>(a.bits() ^ (any >> 32 & low_mask<std::uint64_t>(F::fraction_bits + 2)));
      b = F::from_bits(near);
    }
    if (!a.is_finite() || !b.is_finite()) {
      continue;
    }
    const Wide x{oracle.value(a.bits())};
    const Wide y{oracle.value(b.bits())};
    const auto check = [&](F result, const Wide& exact) {
      if (exact !=
          0) {  // the sign of an exact zero is IEEE's business, tested over all 8-bit pairs
        wrong += static_cast<int>(result.bits() != nearest(oracle, exact));
      } else {
        wrong += static_cast<int>(static_cast<float>(result) != 0.0F);
      }
    };
    check(a + b, x + y);
    check(a - b, x - y);
    check(a * b, x * y);
    if (y != 0) {
      const Wide width = abs(y);
      const bool negative = (x < 0) != (y < 0);
      const Wide size = abs(x);
      const std::int64_t expected = oracle.nearest(negative, [&](double m) {
        const Wide point = Wide{m} * width;  // exact, where x / y would not be
        return size < point ? -1 : size > point ? 1 : 0;
      });
      wrong += static_cast<int>(x != 0 && (a / b).bits() != expected);
    }
    wrong += static_cast<int>((a < b) != (x < y) || (a == b) != (x == y));
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(arithmetic, BFloat16, Float16, Float32, Minifloat<8, 15>,
                          Minifloat<7, 23>);

TEST_CASE_TEMPLATE_DEFINE("multiprecision: wide fixed point is rounded once and saturates", F,
                          fixed) {
  test::Sequence random{F::width};
  const auto expected = [](const cpp_rational& x) {
    return test::nearest_level(F::width, F::fraction_bits, [&x](double m) {
      const cpp_rational point{m};
      return x < point ? -1 : x > point ? 1 : 0;
    });
  };
  int wrong = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::uint64_t any = random.next();
    const auto draw = [](std::uint64_t bits, int shift) {
      return F::from_level(static_cast<std::int32_t>(static_cast<std::uint32_t>(bits)) >> shift);
    };
    const F a = draw(any, static_cast<int>(any % 24));
    const F b = draw(any >> 32, static_cast<int>(any % 19));
    const cpp_rational x = exact_rational<F>(a.bits());
    const cpp_rational y = exact_rational<F>(b.bits());
    wrong += static_cast<int>((a + b).level() != expected(x + y));
    wrong += static_cast<int>((a - b).level() != expected(x - y));
    wrong += static_cast<int>((a * b).level() != expected(x * y));
    if (y != 0) {
      wrong += static_cast<int>((a / b).level() != expected(x / y));
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(fixed, Fixed<16, 8>, Fixed<25, 20>, Fixed<32, 0>, Fixed<32, 16>,
                          Fixed<32, 31>);

}  // namespace
