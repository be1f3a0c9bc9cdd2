// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/format/gamma.hpp>

namespace {

using upset::Gamma;
using upset::GammaScale;

/// By definition: 4 bits exponent, bias 11, 4 bits fraction, subnormals.
double gamma_value(std::int64_t code) {
  const auto exponent = static_cast<int>(code / 16);
  const auto fraction = static_cast<double>(code % 16);
  return exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(16 + fraction, exponent - 15);
}

std::int64_t nearest_gamma(float x) {
  return upset::test::nearest_index(1, 255, gamma_value, [x](double m) {
    return static_cast<double>(x) < m ? -1 : static_cast<double>(x) > m ? 1 : 0;
  });
}

TEST_CASE("Gamma: every code has the value of its definition, in order") {
  int wrong = 0;
  for (int code = 0; code < 256; ++code) {
    const Gamma gamma = Gamma::from_bits(static_cast<std::uint8_t>(code));
    wrong += static_cast<int>(static_cast<double>(gamma.value()) != gamma_value(code));
    wrong += static_cast<int>(gamma.bits() != code);
    wrong += static_cast<int>(code > 0 &&
                              !(Gamma::from_bits(static_cast<std::uint8_t>(code - 1)) < gamma));
    wrong += static_cast<int>(code > 0 && Gamma::from_float(gamma.value()) != gamma);
  }
  CHECK(wrong == 0);
  UPSET_STATIC_CHECK(Gamma{}.value() == 1.0F);
}

TEST_CASE("Gamma: floats round to the nearest code, ties to even, and saturate") {
  int wrong = 0;
  for (std::int64_t code = 0; code < 256; ++code) {
    const auto low = static_cast<float>(gamma_value(code));
    const auto middle = static_cast<float>((gamma_value(code) + gamma_value(code + 1)) / 2);
    for (const float centre : {low, middle}) {
      for (const float x :
           {std::nextafterf(centre, 0.0F), centre, std::nextafterf(centre, 99.0F)}) {
        wrong += static_cast<int>(Gamma::from_float(x).bits() != nearest_gamma(x));
      }
    }
  }
  CHECK(wrong == 0);
  UPSET_STATIC_CHECK(Gamma::from_float(1e9F).value() == 31.0F);
  UPSET_STATIC_CHECK(Gamma::from_float(std::numeric_limits<float>::infinity()).value() == 31.0F);
}

TEST_CASE("Gamma: only a fault makes a factor zero") {
  UPSET_STATIC_CHECK(Gamma::from_float(0.0F).bits() == 1);
  UPSET_STATIC_CHECK(Gamma::from_float(-3.0F).bits() == 1);
  UPSET_STATIC_CHECK(Gamma::from_float(1e-30F).bits() == 1);
  UPSET_STATIC_CHECK(Gamma::from_float(std::numeric_limits<float>::quiet_NaN()).bits() == 1);
  Gamma gamma = Gamma::from_bits(1);
  gamma.flip(0);
  CHECK(gamma.value() == 0.0F);
}

TEST_CASE("GammaScale: factor i lies in bits 8 i to 8 i + 7; the default halves") {
  constexpr std::array<float, 3> values{3.0F, 0.5F, 0.0625F};
  constexpr auto scale = GammaScale<3>::from_gammas(values);
  UPSET_STATIC_CHECK(GammaScale<3>::width == 24);
  UPSET_STATIC_CHECK(GammaScale<3>::gammas == 3);
  UPSET_STATIC_CHECK(scale.gamma(0) == 3.0F);
  UPSET_STATIC_CHECK(scale.gamma(1) == 0.5F);
  UPSET_STATIC_CHECK(scale.gamma(2) == 0.0625F);
  UPSET_STATIC_CHECK(GammaScale<3>{}.gamma(0) == 1.0F);
  UPSET_STATIC_CHECK(GammaScale<3>{}.gamma(2) == 0.25F);
  auto faulty = scale;
  faulty.flip(8 + 4);  // lowest exponent bit of factor 1: 0.5 has exponent field 10, even
  CHECK(faulty.gamma(0) == 3.0F);
  CHECK(faulty.gamma(1) == 1.0F);
  CHECK(faulty.gamma(2) == 0.0625F);
}

TEST_CASE("GammaScale: the mean magnitude leaves out what is not finite") {
  const float inf = std::numeric_limits<float>::infinity();
  const std::array<float, 4> values{-1.0F, inf, 2.0F, -inf};
  CHECK(upset::detail::mean_magnitude(values) == 1.5F);
  CHECK(upset::detail::mean_magnitude({}) == 0.0F);
}

}  // namespace
