// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "support/learned_ternary.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/format/straight_through.hpp>
#include <upset/guard/guards.hpp>

using namespace upset;

namespace {

struct Gradient {
  double d_x = 0;
  std::vector<double> d_gammas;
};

// The residuals as the papers write them, in double, where every step of them is exact: gammas are
// multiples of 2^-14, x is a float.
Gradient by_residuals(double x, const std::vector<double>& gammas, std::size_t signs,
                      double d_quantized) {
  Gradient result{0, std::vector<double>(gammas.size())};
  double r = x;
  double passed = 0;
  for (std::size_t i = 0; i < signs; ++i) {
    const std::size_t own = gammas.size() == 1 ? 0 : i;
    const double sign = r >= 0 ? 1 : -1;
    result.d_gammas[own] += d_quantized * sign;    // dL/dgamma = dL/dx_q sum Sign(r_i)
    passed += std::abs(r) <= 1 ? gammas[own] : 0;  // dSign(r)/dr = 1 where |r| <= 1
    r -= gammas[own] * sign;
  }
  result.d_x = d_quantized * passed;
  return result;
}

template <Format F>
Gradient by_library(float x, const typename F::Scale& scale, float d_quantized) {
  Gradient result{0, std::vector<double>(static_cast<std::size_t>(F::Scale::gammas))};
  result.d_x = static_cast<double>(straight_through<F>(x, scale, d_quantized, result.d_gammas));
  return result;
}

template <Format F>
typename F::Scale draw_scale(test::Values& values) {
  std::vector<float> factors(static_cast<std::size_t>(F::Scale::gammas));
  for (float& factor : factors) {
    factor = std::exp2(values.uniform(-10.0F, 1.0F));
  }
  return F::Scale::from_gammas(factors);
}

template <Format F>
void check_against_residuals() {
  CAPTURE(std::string(F::name().view()));
  constexpr auto count = static_cast<std::size_t>(F::Scale::gammas);
  test::Values values(1);
  std::size_t wrong = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    const auto scale = draw_scale<F>(values);
    std::vector<double> gammas;
    for (std::size_t i = 0; i < count; ++i) {
      gammas.push_back(static_cast<double>(scale.gamma(static_cast<int>(i))));
    }
    // Multiples of 2^-20 keep every residual exact in float too; a power of two keeps products so.
    const float x = std::round(values.uniform(-4.0F, 4.0F) * 0x1p20F) * 0x1p-20F;
    const float d_quantized = trial % 2 == 0 ? 0.5F : -2.0F;
    const Gradient expected =
        by_residuals(static_cast<double>(x), gammas, static_cast<std::size_t>(F::width),
                     static_cast<double>(d_quantized));
    const Gradient found = by_library<F>(x, scale, d_quantized);
    wrong += found.d_gammas == expected.d_gammas && found.d_x == expected.d_x ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("straight_through: MONO eqs. 3 and 4 by hand") {
  // gamma 0.5, M 3, x 1.2: s = +, +, +; r = 1.2, 0.7, 0.2, so the first passes nothing
  const auto scale = GammaScale<1>::from_gammas(std::vector<float>{0.5F});
  const Gradient found = by_library<Mono<3>>(1.2F, scale, 2.0F);
  CHECK(found.d_gammas == std::vector<double>{6});
  CHECK(found.d_x == 2.0);
  // x 0.2: s = +, -, +; all residuals 0.2, -0.3, 0.2 lie within 1: M gamma passes
  const Gradient inner = by_library<Mono<3>>(0.2F, scale, 2.0F);
  CHECK(inner.d_gammas == std::vector<double>{2});
  CHECK(inner.d_x == 3.0);
  // x -9: every residual is beyond 1
  const Gradient outer = by_library<Mono<3>>(-9.0F, scale, 2.0F);
  CHECK(outer.d_gammas == std::vector<double>{-6});
  CHECK(outer.d_x == 0.0);
}

TEST_CASE("straight_through: residual formats follow the residuals, exactly") {
  check_against_residuals<Mono<1>>();
  check_against_residuals<Mono<5>>();
  check_against_residuals<Mono<8>>();
  check_against_residuals<Mono<16>>();
  check_against_residuals<Binary>();
  check_against_residuals<MultiLevelBinary<1>>();
  check_against_residuals<MultiLevelBinary<4>>();
  check_against_residuals<MultiLevelBinary<8>>();
}

TEST_CASE_TEMPLATE("straight_through: signs are those of the code, however small a residual is", F,
                   Binary, Mono<3>, Mono<8>, Mono<16>, MultiLevelBinary<4>, MultiLevelBinary<8>) {
  constexpr auto count = static_cast<std::size_t>(F::Scale::gammas);
  test::Values values(5);
  std::size_t wrong = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    const auto scale = draw_scale<F>(values);
    // next to what the codes stand for, and to zero
    const auto code = static_cast<typename F::code_type>(trial % (1 << F::width));
    const float near = values.uniform(-1.0F, 1.0F) * (trial % 2 == 0 ? 0x1p-20F : 0x1p-30F);
    const float x = trial % 3 == 0 ? near : F::decode(code, scale) * (1 + near);
    const auto signs = F::encode(x, scale);
    std::vector<double> expected(count);
    for (int i = 0; i < F::width; ++i) {
      expected[count == 1 ? 0 : static_cast<std::size_t>(i)] +=
          test_bit(signs, F::width - 1 - i) ? 1 : -1;
    }
    wrong += by_library<F>(x, scale, 1.0F).d_gammas == expected ? 0U : 1U;
    std::vector<double> together(count);
    std::vector<float> d_x(1);
    straight_through<F>(std::span(&x, 1), scale, std::vector{1.0F}, d_x, together);
    wrong += together == expected ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("straight_through: dL/dgamma is the slope of the encoded value where no sign changes") {
  // With the signs held, x_q is linear in gamma: equation 3 is then its derivative.
  test::Values values(2);
  std::size_t compared = 0;
  std::size_t wrong = 0;
  for (int trial = 0; trial < 5000; ++trial) {
    const float x = values.uniform(-2.0F, 2.0F);
    const Gamma low = Gamma::from_float(values.uniform(0.05F, 0.5F));
    const Gamma high = Gamma::from_bits(static_cast<std::uint8_t>(low.bits() + 1));
    GammaScale<1> a;
    GammaScale<1> b;
    a.factors[0] = low;
    b.factors[0] = high;
    using F = Mono<8>;
    if (F::encode(x, a) != F::encode(x, b)) {
      continue;
    }
    ++compared;
    const double rise = static_cast<double>(F::decode(F::encode(x, b), b)) -
                        static_cast<double>(F::decode(F::encode(x, a), a));
    const double run = static_cast<double>(high.value()) - static_cast<double>(low.value());
    wrong += by_library<F>(x, a, 1.0F).d_gammas[0] == rise / run ? 0U : 1U;
  }
  CHECK(compared > 1000);
  CHECK(wrong == 0);
}

TEST_CASE("straight_through: number formats pass the gradient, saturated values do not") {
  std::vector<double> none;
  CHECK(straight_through<Float32>(1e30F, {}, 0.7F, none) == 0.7F);
  CHECK(straight_through<BFloat16>(-3.0F, {}, 0.7F, none) == 0.7F);
  // Fixed<5, 3>: -2 .. 1.875 in steps of 0.125
  using F = Fixed<5, 3>;
  for (const float inside : {-2.0F, -0.3F, 0.0F, 1.875F, 1.9F}) {
    CAPTURE(inside);
    CHECK(straight_through<F>(inside, {}, 0.7F, none) == 0.7F);
  }
  for (const float outside : {-2.2F, 2.1F, 100.0F, -100.0F}) {
    CAPTURE(outside);
    CHECK(straight_through<F>(outside, {}, 0.7F, none) == 0.0F);
  }
  const float data[] = {-1.0F, 1.0F};
  const auto scale = Int8Affine::fit_symmetric(data);
  CHECK(straight_through<Int8Affine>(0.99F, scale, 0.7F, none) == 0.7F);
  CHECK(straight_through<Int8Affine>(1.5F, scale, 0.7F, none) == 0.0F);
}

TEST_CASE("straight_through: a format may say itself what its factor learns") {
  using F = test::LearnedTernary;
  const auto scale = GammaScale<1>::from_gammas(std::vector<float>{0.5F});
  const Gradient inside = by_library<F>(0.375F, scale, 2.0F);  // 3/4 of a step: stored as 1
  CHECK(inside.d_gammas == std::vector<double>{0.5});
  CHECK(inside.d_x == 2.0);
  const Gradient beyond = by_library<Triplicated<F>>(-0.75F, scale, 2.0F);
  CHECK(beyond.d_gammas == std::vector<double>{-2});
  CHECK(beyond.d_x == 0.0);
}

TEST_CASE("straight_through: a guard changes no gradient") {
  const auto scale = GammaScale<1>::from_gammas(std::vector<float>{0.25F});
  test::Values values(3);
  for (int trial = 0; trial < 1000; ++trial) {
    const float x = values.uniform(-3.0F, 3.0F);
    const Gradient plain = by_library<Mono<8>>(x, scale, 1.5F);
    const Gradient tripled = by_library<Triplicated<Mono<8>>>(x, scale, 1.5F);
    const Gradient secded = by_library<Secded<Mono<8>, std::uint64_t>>(x, scale, 1.5F);
    REQUIRE(tripled.d_gammas == plain.d_gammas);
    REQUIRE(tripled.d_x == plain.d_x);
    REQUIRE(secded.d_gammas == plain.d_gammas);
    REQUIRE(secded.d_x == plain.d_x);
  }
}

namespace {

// Many elements at once against one by one; 1000 and 37 leave a rest of 8 and 5 behind the 16s.
template <Format F>
void check_many(const typename F::Scale& scale) {
  CAPTURE(std::string(F::name().view()));
  test::Values values(4);
  for (const std::size_t size : {1000U, 37U, 3U, 0U}) {
    const Tensor x = values.uniform({size}, -3.0F, 3.0F);
    const Tensor d_quantized = values.steps({size}, 8, 0.125F);  // products with levels are exact
    const Tensor before = values.uniform({size}, -1.0F, 1.0F);
    Tensor d_x = before;
    std::vector<double> d_gammas(static_cast<std::size_t>(F::Scale::gammas), 0.5);
    std::vector<double> expected_gammas = d_gammas;
    straight_through<F>(x.values(), scale, d_quantized.values(), d_x.values(), d_gammas);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const float expected =
          before[i] + straight_through<F>(x[i], scale, d_quantized[i], expected_gammas);
      // a fused multiply-add may round once where the other rounds twice
      wrong += std::abs(d_x[i] - expected) > 0x1p-23F * (1 + std::abs(expected)) ? 1U : 0U;
    }
    CHECK(wrong == 0);
    CHECK(d_gammas == expected_gammas);
  }
}

}  // namespace

TEST_CASE("straight_through: many elements at once are the single ones") {
  const float factors[] = {0.7F, 0.3F, 0.2F, 0.1F};
  check_many<test::LearnedTernary>(GammaScale<1>::from_gammas(factors));
  check_many<Mono<1>>(GammaScale<1>::from_gammas(factors));
  check_many<Mono<8>>(GammaScale<1>::from_gammas(factors));
  check_many<Mono<16>>(GammaScale<1>::from_gammas(factors));
  check_many<Binary>(GammaScale<1>::from_gammas(factors));
  check_many<MultiLevelBinary<4>>(GammaScale<4>::from_gammas(factors));
  check_many<Triplicated<Mono<5>>>(GammaScale<1>::from_gammas(factors));
  check_many<Float32>({});
  check_many<Fixed<5, 3>>({});
  check_many<Int8Affine>(Int8Affine::fit_symmetric(factors));
}
