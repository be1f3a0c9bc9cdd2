// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/format/level_encoder.hpp>
#include <upset/guard/guards.hpp>

namespace {

using namespace upset;

/// Values around every border between two levels, every 9973rd float, and what is no number.
template <Format F>
void check_levels(const typename F::Scale& scale, float half_step) {
  static constexpr Name name_of_format = F::name();
  const std::string_view name = name_of_format;
  CAPTURE(name);
  CAPTURE(half_step);
  std::uint64_t wrong = 0;
  std::uint64_t compared = 0;
  std::uint64_t guessed = 0;
  with_level_encoder<F>(scale, [&](auto encoder) {
    const auto compare = [&](float x) {
      const std::int32_t expected = F::level(F::encode(x, scale), scale);
      wrong += encoder(x) == expected ? 0U : 1U;
      ++compared;
      if constexpr (detail::Guessing<decltype(encoder), float>) {
        const detail::Guess guess = encoder.guess(x);
        if (guess.error < encoder.error_limit()) {
          wrong += static_cast<std::int16_t>(guess.word) == expected ? 0U : 1U;
          ++guessed;
        }
      }
    };
    for (int i = -1100; i <= 1100; ++i) {
      const float centre = static_cast<float>(i) * half_step;
      compare(centre);
      compare(std::nextafterf(centre, std::numeric_limits<float>::infinity()));
      compare(std::nextafterf(centre, -std::numeric_limits<float>::infinity()));
    }
    for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 9973) {
      compare(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    }
    compare(std::numeric_limits<float>::infinity());
    compare(-std::numeric_limits<float>::infinity());
    compare(std::numeric_limits<float>::quiet_NaN());
  });
  CHECK(compared > 430000);
  CHECK(wrong == 0);
  // two thirds of the borders, and nearly all others, of which one in 256 is no number
  CHECK((guessed == 0 || (compared - guessed < compared / 50 && guessed < compared)));
}

template <class... Fs>
void check_fixed() {
  (check_levels<Fs>({}, Fs::step({}) / 2), ...);
}

TEST_CASE("level_encoder: Fixed as its encoder") {
  check_fixed<Fixed<8, 4>, Fixed<8, 0>, Fixed<5, 4>, Fixed<16, 8>, Fixed<16, 15>, Fixed<2, 1>,
              Fixed<22, 11>, Fixed<32, 16>, Triplicated<Fixed<8, 4>>>();
}

TEST_CASE("level_encoder: Int8Affine as its encoder, at scales that faults leave too") {
  for (const float step :
       {1.0F, 0.1F, 0.0071F, 0x1.FFFFFEp-3F, 1e-18F, 1e18F, 3e-38F, 1e-40F, 1e38F, 0.0F, -0.3F,
        std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    for (const int zero : {-128, -1, 0, 3, 127}) {
      check_levels<Int8Affine>({step, static_cast<std::int8_t>(zero)}, step / 2);
    }
  }
}

template <int M>
void check_mono() {
  for (const float gamma : {0.0F, 0.003F, 0.11F, 1.0F, 20.0F}) {
    GammaScale<1> scale;
    scale.factors[0] = Gamma::from_float(gamma);
    check_levels<Mono<M>>(scale, scale.gamma(0) / 2);
  }
}

TEST_CASE("level_encoder: Mono as its encoder") {
  check_mono<1>();
  check_mono<2>();
  check_mono<5>();
  check_mono<8>();
  check_mono<16>();
}

TEST_CASE("level_encoder: other formats one value at a time") { check_levels<Binary>({}, 0.5F); }

}  // namespace
