// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/range_guarded.hpp>
#include <upset/tensor/memory.hpp>

using namespace upset;

namespace {

const std::vector<float> values{0.5F, -0.25F, 1.5F, 0.0F, -2.0F};

template <class F>
std::vector<float> read(const Memory<F>& memory) {
  std::vector<float> result(memory.size());
  memory.decode(result);
  return result;
}

}  // namespace

TEST_CASE("RangeGuarded: what lies within the range reads as it is stored") {
  using F = RangeGuarded<Float32>;
  static_assert(Format<F> && F::word_bits == 32 && F::Scale::width == 64);
  static_assert(RangeGuarded<Int8Affine>::Scale::width == 104);
  const Memory<F> memory(values, {F::fit(values)});
  CHECK(read(memory) == values);
  CHECK(memory.scales()[0].low == -2);
  CHECK(memory.scales()[0].high == 1.5F);
  CHECK(F::name().view() == "RangeGuarded<Float32>");
  CHECK(RangeGuarded<Float32, EndOutside>::name().view() == "RangeGuarded<Float32,EndOutside>");
}

TEST_CASE_TEMPLATE_DEFINE("RangeGuarded: one flip or two read as they are, or as the policy has it",
                          F, guarded) {
  using T = std::conditional_t<F::width == 32, Float32, BFloat16>;
  Memory<F> memory(values, {F::fit(values)});
  std::size_t wrong = 0;
  std::size_t mended = 0;
  constexpr auto width = static_cast<std::uint64_t>(F::width);
  for (std::size_t element = 0; element < values.size(); ++element) {
    for (std::uint64_t first = 0; first < width; ++first) {
      for (std::uint64_t second = first; second < width; ++second) {  // the same: a single flip
        auto code = flip_bit(T::encode(values[element], {}), static_cast<int>(first));
        memory.flip(element * width + first);
        if (second != first) {
          code = flip_bit(code, static_cast<int>(second));
          memory.flip(element * width + second);
        }
        const float flipped = T::decode(code, {});
        float expected = flipped;
        if (!(flipped >= -2 && flipped <= 1.5F)) {
          ++mended;
          expected = F::name().view().find("EndOutside") == std::string_view::npos ? 0
                     : std::isnan(flipped)                                         ? 0
                     : flipped < 0                                                 ? -2.0F
                                                                                   : 1.5F;
        }
        wrong += read(memory)[element] == expected ? 0U : 1U;
        memory.flip(element * width + first);
        if (second != first) {
          memory.flip(element * width + second);
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(mended > 5);
  CHECK(read(memory) == values);
}
TEST_CASE_TEMPLATE_INVOKE(guarded, RangeGuarded<Float32>, RangeGuarded<Float32, EndOutside>,
                          RangeGuarded<BFloat16>, RangeGuarded<BFloat16, EndOutside>);

TEST_CASE("RangeGuarded: levels of integers are kept in range too") {
  using F = RangeGuarded<Int8Affine, EndOutside>;
  const std::vector<float> small{-1, 0, 0.25F, 0.5F};  // codes -127, 0, 32, 64
  const auto scale = F::fit(small);
  CHECK(scale.inner == Int8Affine::fit_symmetric(small));
  CHECK(F::level(100, scale) == 64);
  CHECK(F::level(0x80, scale) == -127);
  CHECK(F::level(32, scale) == 32);
  CHECK(RangeGuarded<Int8Affine>::level(100, RangeGuarded<Int8Affine>::fit(small)) == 0);
}

TEST_CASE("RangeGuarded: the ends are memory, hit and undone there") {
  using F = RangeGuarded<Float32>;
  Memory<F> memory(values, {F::fit(values)});
  const std::uint64_t ends = memory.layout().code_bits();
  CHECK(memory.bit_count() == ends + 64);
  memory.flip(ends + 32 + 31);  // 1.5 becomes -1.5: only -2 and -1.5 are left
  CHECK(read(memory) == std::vector<float>{0, 0, 0, 0, -2});
  CHECK(memory.test(ends + 63));
  memory.flip(ends + 63);
  CHECK(read(memory) == values);
  memory.flip(ends + 30);  // -2 becomes -0: what is below it is zero
  CHECK(read(memory) == std::vector<float>{0.5F, 0, 1.5F, 0, 0});
}

TEST_CASE("RangeGuarded: without a fit every number passes; NaN reads as zero") {
  using F = RangeGuarded<BFloat16>;
  Memory<F> memory(values, {{}});
  CHECK(read(memory) == values);
  CHECK(F::fit({}) == F::Scale{});
  memory.flip(14);  // 0.5 becomes 2^127
  CHECK(read(memory)[0] == 0x1p127F);
  CHECK(F::decode(0x7FC0, {}) == 0);
  CHECK(F::decode(0x7FC0, F::fit(values)) == 0);
}

TEST_CASE("RangeGuarded: what is not finite is no end of a range") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float odd : {nan, infinity, -infinity, 3.4e38F}) {  // the last: infinite as BFloat16
    for (const std::vector<float>& some : {std::vector<float>{odd, 0.5F, -1}, {0.5F, odd, -1}}) {
      const auto scale = RangeGuarded<BFloat16>::fit(some);
      CHECK(scale.low == -1);
      CHECK(scale.high == 0.5F);
      CHECK(RangeGuarded<BFloat16>::decode(BFloat16::encode(3e38F, {}), scale) == 0);
    }
  }
  const std::vector<float> dirty{infinity, 0.25F, 0.5F, nan};
  const auto scale = RangeGuarded<Int8Affine>::fit(dirty);
  CHECK(scale.low == 64 * scale.inner.scale);
  CHECK(scale.high == 127 * scale.inner.scale);
}
