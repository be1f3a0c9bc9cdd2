// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <support/oracle.hpp>
#include <support/residual.hpp>
#include <support/static_check.hpp>

#include <upset/format/bit_access.hpp>
#include <upset/format/multi_level_binary.hpp>

namespace {

using upset::Gamma;
using upset::MultiLevelBinary;

template <class T>
typename T::Scale drawn_scale(upset::test::Sequence& random, bool faulty) {
  typename T::Scale scale;
  for (Gamma& gamma : scale.factors) {
    gamma = Gamma::from_bits(static_cast<std::uint8_t>(random.below(256)));
    if (!faulty && gamma.bits() == 0) {
      gamma = Gamma{};
    }
  }
  return scale;
}

TEST_CASE_TEMPLATE_DEFINE("MultiLevelBinary: the code is that of the residual definition", T,
                          planes_residuals) {
  upset::test::Sequence random{21};
  int wrong = 0;
  int wrong_values = 0;
  for (int round = 0; round < 500; ++round) {
    const auto scale = drawn_scale<T>(random, round % 5 == 0);
    std::vector<double> gammas;
    double range = 0;
    for (int plane = 0; plane < T::width; ++plane) {
      gammas.push_back(static_cast<double>(scale.gamma(plane)));
      range += gammas.back();
    }
    std::vector<float> xs{
        0.0F, -0.0F, 1e-40F, -1e-40F, 1e30F, -1e30F, std::numeric_limits<float>::infinity()};
    for (std::uint32_t code = 0; code < (1U << T::width); ++code) {
      double value = 0;
      for (int plane = 1; plane <= T::width; ++plane) {  // plane i is bit M - i
        const double gamma = gammas[static_cast<std::size_t>(plane - 1)];
        value += (code >> (T::width - plane) & 1U) != 0 ? gamma : -gamma;
      }
      const float decoded = T::decode(static_cast<std::uint8_t>(code), scale);
      wrong_values += static_cast<int>(static_cast<double>(decoded) != value);
      xs.push_back(decoded);
      xs.push_back(std::nextafterf(decoded, -1e9F));
    }
    for (int i = 0; i < 100; ++i) {
      xs.push_back(random.unit() * static_cast<float>(range * 1.25));
    }
    for (const float x : xs) {
      wrong += static_cast<int>(T::encode(x, scale) != upset::test::residual_code(x, gammas));
    }
  }
  CHECK(wrong == 0);
  CHECK(wrong_values == 0);
}
TEST_CASE_TEMPLATE_INVOKE(planes_residuals, MultiLevelBinary<1>, MultiLevelBinary<2>,
                          MultiLevelBinary<4>, MultiLevelBinary<8>);

TEST_CASE("MultiLevelBinary: with halving factors the code is the nearest") {
  using T = MultiLevelBinary<8>;
  int wrong = 0;
  for (int i = -600; i <= 600; ++i) {
    const float x = static_cast<float>(i) / 256;
    double best = 1e9;
    for (int code = 0; code < 256; ++code) {
      const float value = T::decode(static_cast<std::uint8_t>(code), {});
      best = std::fmin(best, std::abs(static_cast<double>(x) - static_cast<double>(value)));
    }
    const float value = T::decode(T::encode(x, {}), {});
    wrong +=
        static_cast<int>(std::abs(static_cast<double>(x) - static_cast<double>(value)) != best);
  }
  CHECK(wrong == 0);
}

TEST_CASE("MultiLevelBinary: plane 1, the largest, is the top bit, and a set bit is +1") {
  using T = MultiLevelBinary<3>;
  UPSET_STATIC_CHECK(T::decode(0b111, {}) == 1.75F);
  UPSET_STATIC_CHECK(T::decode(0b100, {}) == 0.25F);
  UPSET_STATIC_CHECK(T::decode(0b001, {}) == -1.25F);
  UPSET_STATIC_CHECK(T::encode(0.0F, {}) == 0b100);
  UPSET_STATIC_CHECK(T::encode(-0.0F, {}) == 0b100);
  constexpr auto profile = upset::flip_profile<T>();
  UPSET_STATIC_CHECK(profile[2].worst == 2.0);
  UPSET_STATIC_CHECK(profile[1].worst == 1.0);
  UPSET_STATIC_CHECK(profile[0].worst == 0.5);
  UPSET_STATIC_CHECK(upset::role_of<T>(0) == upset::BitRole::plane);
}

TEST_CASE("MultiLevelBinary: a fit takes the mean magnitude of each residual") {
  // mean |x| = 2; residuals 1, -1, 1, -1: mean 1; then nothing is left
  constexpr std::array<float, 4> values{3.0F, 1.0F, -1.0F, -3.0F};
  constexpr auto scale = MultiLevelBinary<2>::fit(values);
  UPSET_STATIC_CHECK(scale.gamma(0) == 2.0F);
  UPSET_STATIC_CHECK(scale.gamma(1) == 1.0F);
  int wrong = 0;
  for (const float x : values) {
    wrong += static_cast<int>(
        MultiLevelBinary<2>::decode(MultiLevelBinary<2>::encode(x, scale), scale) != x);
  }
  CHECK(wrong == 0);
  // A plane with nothing to hold gets the least factor, not one that would do harm.
  CHECK(MultiLevelBinary<3>::fit(values).gamma(2) == 0x1p-14F);
}

}  // namespace
