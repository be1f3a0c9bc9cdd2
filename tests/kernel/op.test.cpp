// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/op.hpp>

using namespace upset;
using upset::test::Values;

TEST_CASE("Op: floats multiply one by one") {
  using Vector = detail::Register<float, 4>::type;
  const float x = 3;
  Vector w{};
  Vector sums{};
  for (std::size_t i = 0; i < 4; ++i) {
    w[i] = static_cast<float>(i) - 2;
    sums[i] = 0.5F;
  }
  const auto word = Op<float, float>::broadcast<Vector>(&x);
  Op<float, float>::add(sums, word, w);
  for (std::size_t i = 0; i < 4; ++i) {
    const float sum = sums[i];
    CHECK(sum == 0.5F + 3 * (static_cast<float>(i) - 2));
  }
  CHECK(values_per_word<float> == 1);
  CHECK(values_per_word<double> == 1);
  CHECK(values_per_word<std::int16_t> == 2);
  CHECK(values_per_word<std::int8_t> == 4);
}

namespace {

// Sums of products of words of `X` and `W`, drawn by `x()` and `w()`, that are not those of 64
// bits.
template <class X, class W, std::size_t Width, class DrawX, class DrawW>
std::size_t wrong_sums(Values& draw, DrawX draw_x, DrawW draw_w) {
  using Vector = typename detail::Register<std::int32_t, Width>::type;
  using Stored = typename detail::Lanes<std::int32_t, Width>::type;
  constexpr std::size_t group = values_per_word<W>;
  std::size_t wrong = 0;
  for (int run = 0; run < 2000; ++run) {
    std::array<X, group> x{};
    std::array<W, Width * group> w{};
    Vector sums{};
    for (X& value : x) {
      value = static_cast<X>(draw_x(run));
    }
    for (W& value : w) {
      value = static_cast<W>(draw_w(run));
    }
    std::array<std::int64_t, Width> right{};
    for (std::size_t i = 0; i < Width; ++i) {
      sums[i] = static_cast<std::int32_t>(draw.below(1000000)) - 500000;
      right[i] = sums[i];
      for (std::size_t k = 0; k < group; ++k) {
        right[i] += std::int64_t{x[k]} * w[i * group + k];
      }
    }
    const auto word = Op<X, W>::template broadcast<Vector>(x.data());
    const Vector weights = *reinterpret_cast<const Stored*>(w.data());
    Op<X, W>::add(sums, word, weights);
    for (std::size_t i = 0; i < Width; ++i) {
      wrong += sums[i] == right[i] ? 0U : 1U;
    }
  }
  return wrong;
}

}  // namespace

#if defined(__AVX2__)
TEST_CASE("Op: bytes multiply in fours, exactly") {
  Values draw(1);
  constexpr int largest = detail::largest_byte_weight;
  // the extremes, which instructions that saturate get wrong, then anything
  const auto x = [&](int run) { return run < 100 ? 255U : static_cast<unsigned>(draw.below(256)); };
  const auto w = [&](int run) {
    return run < 50    ? -largest
           : run < 100 ? std::min(largest, 127)
                       : static_cast<int>(draw.below(2 * largest)) - largest;
  };
  CHECK(wrong_sums<std::uint8_t, std::int8_t, 8>(draw, x, w) == 0);
  if constexpr (detail::vector_bytes == 64) {
    CHECK(wrong_sums<std::uint8_t, std::int8_t, 16>(draw, x, w) == 0);
  }
}
#endif

#if defined(__x86_64__)
TEST_CASE("Op: 16-bit integers multiply in pairs, exactly") {
  Values draw(2);
  const auto x = [&](int run) {
    return run < 100 ? 32767 : static_cast<int>(draw.below(65536)) - 32768;
  };
  // two products of up to 2^29, beside sums of 2^19
  const auto w = [&](int run) {
    return run < 50 ? -16384 : run < 100 ? 16383 : static_cast<int>(draw.below(32768)) - 16384;
  };
  constexpr std::size_t width = detail::vector_bytes / 4;
  CHECK(wrong_sums<std::int16_t, std::int16_t, width>(draw, x, w) == 0);
}
#endif

#if defined(__AVX512BF16__) && defined(__AVX512VL__)
TEST_CASE("Op: bfloat16 numbers multiply in pairs, the last one alone where it has no neighbour") {
  using Code = detail::BFloat16Code;
  using Vector = detail::Register<float, 16>::type;
  using Stored = detail::Lanes<float, 16>::type;
  const std::array<Code, 2> x{0x4040, 0x4000};  // 3, 2
  std::array<Code, 32> w{};
  Vector sums{};
  for (std::size_t i = 0; i < 16; ++i) {
    w[2 * i] = 0x3F80;      // 1
    w[2 * i + 1] = 0xC0A0;  // -5
    sums[i] = static_cast<float>(i);
  }
  const Vector weights = *reinterpret_cast<const Stored*>(w.data());
  Vector last = sums;
  Op<Code, Code>::add(sums, Op<Code, Code>::broadcast<Vector>(x.data()), weights);
  Op<Code, Code>::add(last, Op<Code, Code>::broadcast_last<Vector>(x.data()), weights);
  for (std::size_t i = 0; i < 16; ++i) {
    const float sum = sums[i];
    const float alone = last[i];
    CHECK(sum == static_cast<float>(i) + 3 - 10);
    CHECK(alone == static_cast<float>(i) + 3);
  }
}

TEST_CASE("Op: the processor's sums of bfloat16 numbers are two multiply-adds each") {
  using Code = detail::BFloat16Code;
  using Tiny = Op<detail::TinyBFloat16Code, Code>;
  using Vector = detail::Register<float, 16>::type;
  using Words = detail::Register<std::uint32_t, 16>::type;
  Values draw(3);
  // any code that is not tiny: infinities, NaN and zeros, too; often of an exponent near the
  // others'
  const auto code = [&] {
    while (true) {
      auto drawn = static_cast<Code>(draw.below(0x10000));
      if (draw.below(8) != 0) {
        drawn = static_cast<Code>((drawn & 0x83FFU) | 0x3C00U);
      }
      if (!detail::is_tiny(drawn)) {
        return drawn;
      }
    }
  };
  const auto pair = [&] { return code() | static_cast<std::uint32_t>(code()) << 16; };
  std::size_t wrong = 0;
  std::size_t not_numbers = 0;
  for (int run = 0; run < 20000; ++run) {
    Vector sums{};
    Words x{};
    Words w{};
    for (std::size_t i = 0; i < 16; ++i) {
      sums[i] = draw.uniform(-1, 1);
      x[i] = pair();
      w[i] = pair();
    }
    Vector right = sums;
    for (int step = 0; step < 3; ++step) {
      Op<Code, Code>::add(sums, reinterpret_cast<Vector>(x), reinterpret_cast<Vector>(w));
      Tiny::add(right, reinterpret_cast<Vector>(x), reinterpret_cast<Vector>(w));
    }
    for (std::size_t i = 0; i < 16; ++i) {
      const float sum = sums[i];
      const float expected = right[i];
      const bool is_number = expected == expected;
      not_numbers += is_number ? 0U : 1U;
      wrong +=
          (is_number ? std::bit_cast<std::uint32_t>(sum) == std::bit_cast<std::uint32_t>(expected)
                     : sum != sum)
              ? 0U
              : 1U;
    }
  }
  CHECK(wrong == 0);
  CHECK(not_numbers > 100);
}
#endif

TEST_CASE("is_tiny: numbers below 2^-56, but for zeros") {
  std::size_t wrong = 0;
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const float x = std::abs(std::bit_cast<float>(code << 16));
    wrong += detail::is_tiny(static_cast<detail::BFloat16Code>(code)) == (x > 0 && x < 0x1p-56F)
                 ? 0U
                 : 1U;
  }
  CHECK(wrong == 0);
  const std::array<detail::BFloat16Code, 3> codes{0x3F80, 0x8000, 0x2380};
  CHECK_FALSE(detail::holds_tiny(codes));
  CHECK(detail::holds_tiny(std::array<detail::BFloat16Code, 2>{0x3F80, 0xA37F}));
}
