// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstddef>
#include <cstdint>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/op.hpp>

using namespace upset;
using upset::test::Values;

TEST_CASE("Op: floats multiply one by one") {
  using Vector = detail::Lanes<float, 4>::type;
  const float x = 3;
  Vector w{};
  Vector sums{};
  for (std::size_t i = 0; i < 4; ++i) {
    w[i] = static_cast<float>(i) - 2;
    sums[i] = 0.5F;
  }
  const Vector y = Op<float, float>::dot(sums, &x, w);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(y[i] == 0.5F + 3 * (static_cast<float>(i) - 2));
  }
  CHECK(values_per_word<float> == 1);
  CHECK(values_per_word<double> == 1);
  CHECK(values_per_word<std::int16_t> == 2);
  CHECK(values_per_word<std::int8_t> == 4);
}

#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
namespace {

template <std::size_t Width>
std::size_t wrong_byte_sums() {
  using Vector = typename detail::Lanes<std::int32_t, Width>::type;
  Values draw(Width);
  std::size_t wrong = 0;
  for (int run = 0; run < 2000; ++run) {
    std::array<std::uint8_t, 4> x{};
    std::array<std::int8_t, Width * 4> w{};
    Vector sums{};
    // the extremes, which instructions that saturate get wrong, then anything
    for (std::uint8_t& value : x) {
      value = run < 100 ? std::uint8_t{255} : static_cast<std::uint8_t>(draw.below(256));
    }
    for (std::int8_t& value : w) {
      value = run < 50    ? std::int8_t{-128}
              : run < 100 ? std::int8_t{127}
                          : static_cast<std::int8_t>(draw.below(256));
    }
    for (std::size_t i = 0; i < Width; ++i) {
      sums[i] = static_cast<std::int32_t>(draw.below(1000000)) - 500000;
    }
    const Vector y = Op<std::uint8_t, std::int8_t>::dot(sums, x.data(),
                                                        *reinterpret_cast<const Vector*>(w.data()));
    for (std::size_t i = 0; i < Width; ++i) {
      std::int64_t right = sums[i];
      for (std::size_t k = 0; k < 4; ++k) {
        right += std::int64_t{x[k]} * w[i * 4 + k];
      }
      wrong += y[i] == right ? 0U : 1U;
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("Op: bytes multiply in fours, exactly") {
  CHECK(wrong_byte_sums<8>() == 0);
  CHECK(wrong_byte_sums<16>() == 0);
}
#endif
