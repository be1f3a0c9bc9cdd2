// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include <support/oracle.hpp>
#include <support/residual.hpp>
#include <support/static_check.hpp>

#include <upset/format/bit_access.hpp>
#include <upset/format/mono.hpp>

namespace {

using upset::Gamma;
using upset::Mono;
using Scale = Mono<8>::Scale;

Scale scale_of(int code) { return {{Gamma::from_bits(static_cast<std::uint8_t>(code))}}; }

/// Every breakpoint of the encoder with its neighbours, tiny and huge numbers, and drawn ones.
std::vector<float> inputs(double gamma, int m) {
  std::vector<float> xs{0.0F,
                        -0.0F,
                        1e-40F,
                        -1e-40F,
                        1e30F,
                        -1e30F,
                        0x1p-149F,
                        -0x1p-149F,
                        std::numeric_limits<float>::infinity(),
                        -std::numeric_limits<float>::infinity()};
  for (int k = -m - 1; k <= m + 1; ++k) {
    const auto point = static_cast<float>(k * gamma);
    xs.push_back(point);
    xs.push_back(std::nextafterf(point, -1e9F));
    xs.push_back(std::nextafterf(point, 1e9F));
  }
  upset::test::Sequence random{static_cast<std::uint64_t>(m)};
  for (int i = 0; i < 200; ++i) {
    xs.push_back(random.unit() * static_cast<float>(gamma * (m + 1)));
  }
  return xs;
}

TEST_CASE_TEMPLATE_DEFINE("Mono: the code is that of the residual definition, for every factor", T,
                          residuals) {
  int wrong = 0;
  for (int code = 0; code < 256; ++code) {  // a factor of zero too: a fault may store it
    const Scale scale = scale_of(code);
    const auto gamma = static_cast<double>(scale.gamma(0));
    const std::vector<double> gammas(static_cast<std::size_t>(T::width), gamma);
    for (const float x : inputs(gamma, T::width)) {
      wrong += static_cast<int>(T::encode(x, scale) != upset::test::residual_code(x, gammas));
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(residuals, Mono<1>, Mono<2>, Mono<3>, Mono<5>, Mono<8>, Mono<11>,
                          Mono<16>);

TEST_CASE_TEMPLATE_DEFINE("Mono: of all codes, none is nearer than the one written; ties go up", T,
                          nearest) {
  int wrong = 0;
  for (const int code : {1, 9, 37, 100, 0xB0, 255}) {
    const Scale scale = scale_of(code);
    const auto gamma = static_cast<double>(scale.gamma(0));
    for (const float x : inputs(gamma, T::width)) {
      if (!(std::abs(x) < 1e9F)) {
        continue;
      }
      // x is compared with midpoints, which are exact: odd and even multiples of gamma
      int best = -T::width;
      for (int level = -T::width + 2; level <= T::width; level += 2) {
        best = static_cast<double>(x) >= gamma * (level - 1) ? level : best;
      }
      wrong += static_cast<int>(T::level(T::encode(x, scale)) != best);
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_INVOKE(nearest, Mono<1>, Mono<2>, Mono<5>, Mono<8>, Mono<16>);

TEST_CASE("Mono: a level is the sum of its signs, a value that times gamma") {
  int wrong = 0;
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    int sum = 0;
    for (int bit = 0; bit < 16; ++bit) {
      sum += (code >> bit & 1U) != 0 ? 1 : -1;
    }
    const auto stored = static_cast<std::uint16_t>(code);
    wrong += static_cast<int>(Mono<16>::level(stored) != sum);
    wrong += static_cast<int>(Mono<16>::decode(stored, scale_of(0xA7)) !=
                              0.71875F * static_cast<float>(sum));
  }
  CHECK(wrong == 0);
  UPSET_STATIC_CHECK(Mono<8>::from_bits(0xFF).level() == 8);
  UPSET_STATIC_CHECK(Mono<8>::from_bits(0).level() == -8);
}

TEST_CASE("Mono: the first sign is the top bit, and a set bit is +1") {
  UPSET_STATIC_CHECK(Mono<4>::encode(9.0F, {}) == 0b1111);
  UPSET_STATIC_CHECK(Mono<4>::encode(-9.0F, {}) == 0b0000);
  UPSET_STATIC_CHECK(Mono<4>::encode(0.0F, {}) == 0b1010);   // + - + -
  UPSET_STATIC_CHECK(Mono<4>::encode(-0.0F, {}) == 0b1010);  // sign(-0.0) is +1
  UPSET_STATIC_CHECK(Mono<4>::encode(1.5F, {}) == 0b1101);   // + + - +: 2
  UPSET_STATIC_CHECK(Mono<4>::encode(-1.5F, {}) == 0b0010);  // - - + -: -2
}

TEST_CASE("Mono: every bit weighs the same") {
  constexpr auto profile = upset::flip_profile<Mono<8>>();
  UPSET_STATIC_CHECK(profile[0].mean == 2.0);
  UPSET_STATIC_CHECK(profile[0].worst == 2.0);
  UPSET_STATIC_CHECK(profile[0] == profile[1]);
  UPSET_STATIC_CHECK(profile[0] == profile[2]);
  UPSET_STATIC_CHECK(profile[0] == profile[3]);
  UPSET_STATIC_CHECK(profile[0] == profile[4]);
  UPSET_STATIC_CHECK(profile[0] == profile[5]);
  UPSET_STATIC_CHECK(profile[0] == profile[6]);
  UPSET_STATIC_CHECK(profile[0] == profile[7]);
}

TEST_CASE_TEMPLATE_DEFINE("Mono: a fit has the least squared error of all 255 factors", T, fit) {
  upset::test::Sequence random{99};
  for (const float spread : {0.01F, 0.3F, 2.0F, 500.0F}) {
    std::vector<float> values;
    for (int i = 0; i < 400; ++i) {
      values.push_back((random.unit() + random.unit() + random.unit()) * spread + spread / 8);
    }
    // Straight from the definition; equal up to the rounding of either sum of 400 squares.
    const auto error_of = [&](Scale scale) {
      double error = 0;
      for (const float x : values) {
        const double difference =
            static_cast<double>(x) - static_cast<double>(T::decode(T::encode(x, scale), scale));
        error += difference * difference;
      }
      return error;
    };
    double least = std::numeric_limits<double>::infinity();
    for (int code = 1; code < 256; ++code) {
      least = std::min(least, error_of(scale_of(code)));
    }
    double scale_of_sums = 0;
    for (const float x : values) {
      scale_of_sums += static_cast<double>(x) * static_cast<double>(x);
    }
    // Both sums round 400 times, relative to sums no larger than a few sum of x^2.
    CHECK(error_of(T::fit(values)) <= least + 4 * 400 * 0x1p-52 * scale_of_sums);

    std::vector<float> turned{values.rbegin(), values.rend()};
    CHECK(T::fit(turned) == T::fit(values));
  }
}
TEST_CASE_TEMPLATE_INVOKE(fit, Mono<1>, Mono<2>, Mono<5>, Mono<8>, Mono<16>);

TEST_CASE("Mono: a fit to values of one level finds their factor") {
  constexpr std::array<float, 4> values{0.75F, -0.75F, 2.25F, -3.75F};
  UPSET_STATIC_CHECK(Mono<5>::fit(values).gamma(0) == 0.75F);
}

}  // namespace
