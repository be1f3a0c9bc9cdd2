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

TEST_CASE_TEMPLATE_DEFINE("RangeGuarded: every flip reads as it is, or as the policy has it", F,
                          guarded) {
  using T = std::conditional_t<F::width == 32, Float32, BFloat16>;
  Memory<F> memory(values, {F::fit(values)});
  std::size_t wrong = 0;
  std::size_t mended = 0;
  for (std::uint64_t bit = 0; bit < memory.layout().code_bits(); ++bit) {
    const std::size_t element = bit / F::width;
    const auto code = T::encode(values[element], {});
    const float flipped = T::decode(flip_bit(code, static_cast<int>(bit % F::width)), {});
    float expected = flipped;
    if (!(flipped >= -2 && flipped <= 1.5F)) {
      ++mended;
      expected = F::name().view().find("EndOutside") == std::string_view::npos ? 0
                 : std::isnan(flipped)                                         ? 0
                 : flipped < 0                                                 ? -2.0F
                                                                               : 1.5F;
    }
    memory.flip(bit);
    wrong += read(memory)[element] == expected ? 0U : 1U;
    memory.flip(bit);
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

TEST_CASE("RangeGuarded: nothing fitted has a range of zero, and NaN reads as zero") {
  using F = RangeGuarded<Float32>;
  const auto scale = F::fit({});
  CHECK(scale == F::Scale{});
  CHECK(F::decode(std::bit_cast<std::uint32_t>(std::numeric_limits<float>::quiet_NaN()),
                  F::fit(values)) == 0);
}
