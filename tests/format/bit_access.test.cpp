// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <support/formats.hpp>
#include <support/oracle.hpp>
#include <support/static_check.hpp>

#include <upset/format/bit_access.hpp>
#include <upset/format/formats.hpp>

namespace {

using upset::BFloat16;
using upset::BitRole;
using upset::Fixed;
using upset::flip;
using upset::Minifloat;
using upset::Mono;

TEST_CASE("bit_access: a flip at compile time is the flip at run time") {
  UPSET_STATIC_CHECK(flip<7>(Fixed<8, 4>{1}).value() == -7.0F);
  UPSET_STATIC_CHECK(flip<15>(BFloat16{2.5F}).value() == -2.5F);
  UPSET_STATIC_CHECK(flip<0>(flip<0>(BFloat16{1})).bits() == BFloat16{1}.bits());
  UPSET_STATIC_CHECK(flip<14>(BFloat16{1}).bits() == 0x7F80);  // 1 becomes infinity
  UPSET_STATIC_CHECK(flip(Mono<5>::from_bits(0), 4).bits() == 16);
  UPSET_STATIC_CHECK(flip<3>(Mono<5>::from_bits(31)).level() == 3);
  UPSET_STATIC_CHECK(upset::role_of<Fixed<8, 4>>(7) == BitRole::sign);
  UPSET_STATIC_CHECK(upset::role_of<upset::Binary>(0) == BitRole::level);
}

/// Straight from the words: all codes, both ways, values by definition.
template <class Value>
upset::FlipEffect measured(int width, int bit, BitRole role, Value value) {
  upset::FlipEffect effect{role};
  double sum = 0;
  double finite = 0;
  for (std::int64_t code = 0; code >> width == 0; ++code) {
    const double before = value(code);
    const double after = value(code ^ (std::int64_t{1} << bit));
    if (!std::isfinite(before) || !std::isfinite(after)) {
      ++effect.unbounded;
      continue;
    }
    sum += std::abs(after - before);
    finite += 1;
    effect.worst = std::fmax(effect.worst, std::abs(after - before));
  }
  effect.mean = finite == 0 ? 0 : sum / finite;
  return effect;
}

template <class F, class Value>
void check_profile(Value value) {
  constexpr auto profile = upset::flip_profile<F>();
  CHECK(profile.size() == static_cast<std::size_t>(F::width));
  for (int bit = 0; bit < F::width; ++bit) {
    const auto expected = measured(F::width, bit, F::role(bit), value);
    // Sums of these values are exact in double in any order, but for the widest exponent ranges.
    CHECK(profile[static_cast<std::size_t>(bit)] == expected);
    CHECK(upset::flip_effect<F>(bit) == expected);
  }
}

TEST_CASE("bit_access: profiles of fixed point, floats and codes are what all flips measure") {
  check_profile<Fixed<8, 4>>(
      [](std::int64_t code) { return static_cast<double>(code >= 128 ? code - 256 : code) / 16; });
  check_profile<Minifloat<4, 3>>([](std::int64_t code) {
    return upset::test::FloatOracle{4, 3}.value(code);
  });
  check_profile<Minifloat<5, 2>>([](std::int64_t code) {
    return upset::test::FloatOracle{5, 2}.value(code);
  });
  check_profile<Mono<5>>([](std::int64_t code) {
    int level = -5;
    for (int bit = 0; bit < 5; ++bit) {
      level += (code >> bit & 1) != 0 ? 2 : 0;
    }
    return static_cast<double>(level);
  });
  check_profile<upset::Binary>([](std::int64_t code) { return code == 1 ? 1.0 : -1.0; });
  check_profile<upset::Int8Affine>(
      [](std::int64_t code) { return static_cast<double>(code >= 128 ? code - 256 : code); });
}

TEST_CASE("bit_access: a profile of more codes than one piece holds is still right") {
  check_profile<Fixed<14, 4>>([](std::int64_t code) {
    return static_cast<double>(code >= 8192 ? code - 16384 : code) / 16;
  });
}

TEST_CASE("bit_access: 16-bit formats measured at run time") {
  for (int bit = 0; bit < 16; ++bit) {
    const auto expected = measured(16, bit, upset::Float16::role(bit), [](std::int64_t code) {
      return upset::test::FloatOracle{5, 10}.value(code);
    });
    CHECK(upset::flip_effect<upset::Float16>(bit) == expected);
    CHECK(upset::flip_effect<Mono<16>>(bit).worst == 2.0);
    CHECK(upset::flip_effect<Mono<16>>(bit).mean == 2.0);
  }
  // The top exponent bit of bfloat16 turns half of all magnitudes into huge ones.
  CHECK(upset::flip_effect<BFloat16>(14).worst > 1e38);
  CHECK(upset::flip_effect<BFloat16>(14).unbounded == 512);
}

TEST_CASE("bit_access: an effect at another scale grows with it") {
  const std::array<float, 1> half{0.5F};
  const auto scale = Mono<8>::Scale::from_gammas(half);
  CHECK(upset::flip_effect<Mono<8>>(3, scale).worst == 1.0);
}

}  // namespace
