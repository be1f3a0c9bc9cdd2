// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <limits>

#include <support/formats.hpp>
#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/format/formats.hpp>
#include <upset/format/quantize.hpp>

namespace {

using namespace upset;  // tags and formats, all of which this file combines

using Q44 = Fixed<8, 4>;
constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST_CASE("quantize: only formats that are numbers by themselves take part") {
  UPSET_STATIC_CHECK(NumberFormat<Q44>);
  UPSET_STATIC_CHECK(NumberFormat<BFloat16>);
  UPSET_STATIC_CHECK(NumberFormat<Float32>);
  UPSET_STATIC_CHECK(!NumberFormat<Mono<8>>);
  UPSET_STATIC_CHECK(!NumberFormat<Int8Affine>);
  UPSET_STATIC_CHECK(!NumberFormat<float>);
}

TEST_CASE("quantize: no tag hides a function of <cmath>") {
  CHECK(floor(-2.5) == -3);
  CHECK(ceil(-2.5) == -2);
  CHECK(trunc(-2.5) == -2);
  CHECK(round(-2.5) == -3);
  CHECK(rint(-2.5) == -2);
}

TEST_CASE("quantize: each rounding tag on the ties of Fixed<8, 4>") {
  UPSET_STATIC_CHECK(quantize<Q44>(0.40).value() == 0.375F);
  UPSET_STATIC_CHECK(quantize<Q44>(0.03125F).bits() == 0);
  UPSET_STATIC_CHECK(quantize<Q44>(0.03125F, nearest_away).bits() == 1);
  UPSET_STATIC_CHECK(quantize<Q44>(-0.03125F, nearest_away).level() == -1);
  UPSET_STATIC_CHECK(quantize<Q44>(0.06F, toward_zero).level() == 0);
  UPSET_STATIC_CHECK(quantize<Q44>(-0.06F, toward_zero).level() == 0);
  UPSET_STATIC_CHECK(quantize<Q44>(0.06F, toward_negative).level() == 0);
  UPSET_STATIC_CHECK(quantize<Q44>(-0.001, toward_negative).level() == -1);
  UPSET_STATIC_CHECK(quantize<Q44>(0.03125F, Stochastic{0}).level() == 1);
  UPSET_STATIC_CHECK(quantize<Q44>(0.03125F, Stochastic{std::uint64_t{1} << 63}).level() == 0);
  UPSET_STATIC_CHECK(quantize<Q44>(0.0625F, Stochastic{0}).level() == 1);  // exact: no chance
}

TEST_CASE("quantize: beyond the range Saturate stops, Wrap goes round, ToInfinity leaves") {
  UPSET_STATIC_CHECK(quantize<Q44>(8.0F, nearest_even, wrap).value() == -8.0F);
  UPSET_STATIC_CHECK(quantize<Q44>(-8.0625F, nearest_even, wrap).value() == 7.9375F);
  UPSET_STATIC_CHECK(quantize<Q44>(17.0F, nearest_even, wrap).value() == 1.0F);
  UPSET_STATIC_CHECK(quantize<Q44>(std::int64_t{1} << 62, nearest_even, wrap).bits() == 0);
  UPSET_STATIC_CHECK(quantize<Q44>(-inf, nearest_even, wrap).value() == -8.0F);
  UPSET_STATIC_CHECK(quantize<Q44>(8.0F).value() == 7.9375F);
  UPSET_STATIC_CHECK(quantize<Float16>(1e6F).bits() == 0x7C00);
  UPSET_STATIC_CHECK(quantize<Float16>(1e6F, nearest_even, saturate).value() == 65504.0F);
  UPSET_STATIC_CHECK(quantize<Float16>(-inf, nearest_even, saturate).value() == -65504.0F);
  UPSET_STATIC_CHECK(quantize<Float16>(1e6F, toward_zero).value() == 65504.0F);
  UPSET_STATIC_CHECK(quantize<Float16>(1e6F, toward_negative).value() == 65504.0F);
  UPSET_STATIC_CHECK(quantize<Float16>(-1e6F, toward_negative).bits() == 0xFC00);
  UPSET_STATIC_CHECK(quantize<Float16>(inf, toward_zero).bits() == 0x7C00);
}

TEST_CASE("quantize: NaN is zero, the maximum, or itself") {
  UPSET_STATIC_CHECK(quantize<Q44>(nan).bits() == 0);
  UPSET_STATIC_CHECK(quantize<Q44>(nan, nearest_even, saturate, nan_to_max).value() == 7.9375F);
  UPSET_STATIC_CHECK(quantize<Q44>(nan, nearest_even, wrap, nan_to_zero).bits() == 0);
  UPSET_STATIC_CHECK(quantize<BFloat16>(nan, nearest_even, saturate, nan_to_max).is_nan());
}

TEST_CASE_TEMPLATE_DEFINE("quantize: directed rounding never passes the number, for every tag", F,
                          directed) {
  test::Sequence random{55};
  const auto step_away = [](double x, double towards) { return std::nextafter(x, towards); };
  int wrong = 0;
  for (int i = 0; i < 5000; ++i) {
    const double x = static_cast<double>(random.unit()) * 8;
    const auto value = [](F y) { return static_cast<double>(y.value()); };
    const double down = value(quantize<F>(x, toward_negative));
    const double zero = value(quantize<F>(x, toward_zero));
    const double near = value(quantize<F>(x));
    const double away = value(quantize<F>(x, nearest_away));
    const double any = value(quantize<F>(x, Stochastic{random.next()}));
    const double top = static_cast<double>(std::numeric_limits<F>::max().value());
    const double low = static_cast<double>(std::numeric_limits<F>::lowest().value());
    if (x > top || x < low) {
      continue;
    }
    wrong += static_cast<int>(down > x || std::abs(zero) > std::abs(x) || zero * x < 0);
    wrong += static_cast<int>(near < down || away < down || any < down);
    wrong += static_cast<int>(std::abs(near - x) > std::abs(any - x));
    wrong += static_cast<int>(std::abs(near - x) != std::abs(away - x));
    // down is the largest value not above x: the one after it is above
    const double up = -value(quantize<F>(-x, toward_negative));
    wrong += static_cast<int>(std::isfinite(up) && -x > low && (any != down && any != up));
    wrong += static_cast<int>(down != x && !(up > step_away(x, -1e9)) && -x > low);
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(directed, test::NumberFormats);

TEST_CASE("format_cast: every bfloat16 to Fixed<16, 8>, from the exact value") {
  const test::FloatOracle oracle{8, 7};
  int wrong = 0;
  for (std::int64_t code = 0; code < 0x10000; ++code) {
    const double x = oracle.value(code);
    const auto from = BFloat16::from_bits(static_cast<std::uint16_t>(code));
    const std::int64_t expected = x != x ? 0 : test::nearest_level(16, 8, x);
    wrong += static_cast<int>(format_cast<Fixed<16, 8>>(from).level() != expected);
  }
  CHECK(wrong == 0);
}

TEST_CASE("format_cast: every Fixed<16, 8> to floats, rounded once") {
  int wrong = 0;
  for (std::int64_t level = -32768; level < 32768; ++level) {
    const auto from = Fixed<16, 8>::from_level(level);
    const double x = static_cast<double>(level) / 256;
    wrong += static_cast<int>(format_cast<BFloat16>(from).bits() !=
                              test::FloatOracle{8, 7}.nearest(x == 0 ? 0.0 : x));
    wrong += static_cast<int>(format_cast<Minifloat<4, 3>>(from).bits() !=
                              test::FloatOracle{4, 3}.nearest(x == 0 ? 0.0 : x));
  }
  CHECK(wrong == 0);
  // 31 bits to 8: through float this would round twice, and wrongly
  constexpr auto tie_and_a_bit = Fixed<32, 0>{(0x101 << 22) + 1};
  UPSET_STATIC_CHECK(format_cast<BFloat16>(tie_and_a_bit).value() == 0x1.02p30F);
  UPSET_STATIC_CHECK(BFloat16{static_cast<float>(tie_and_a_bit)}.value() == 0x1p30F);
}

TEST_CASE("format_cast: to the same format it is a copy, signalling NaN included") {
  UPSET_STATIC_CHECK(format_cast<BFloat16>(BFloat16::from_bits(0x7F81)).bits() == 0x7F81);
  UPSET_STATIC_CHECK(format_cast<Float32>(BFloat16::from_bits(0xFF81)).bits() == 0xFFC1'0000U);
  UPSET_STATIC_CHECK(format_cast<BFloat16>(Float32::from_bits(0x7F80'0001U)).bits() == 0x7FC0);
}

}  // namespace
