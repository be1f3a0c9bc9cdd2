// SPDX-License-Identifier: BSL-1.0
// What every guard owes every format it wraps.
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "guard/guarded_words.hpp"
#include "guard/plain_code.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/tensor/memory.hpp>

using namespace upset;
using namespace upset::test;

namespace {

template <class... T>
using GuardsOf = decltype(std::tuple_cat(
    std::declval<std::tuple<ParityGuarded<T, Unsigned<T::width>>, ParityGuarded<T, std::uint64_t>,
                            ParityGuarded<T, WideWord<256>>, Triplicated<T>, MsbDuplicated<T>,
                            Secded<T, Unsigned<T::width>>, Secded<T, std::uint64_t>>>()...));
using AllGuarded =
    GuardsOf<Float32, BFloat16, Float16, Minifloat<4, 3>, Fixed<8, 4>, Fixed<5, 3>, Fixed<32, 16>,
             Int8Affine, Binary, Mono<1>, Mono<5>, Mono<8>, Mono<16>, MultiLevelBinary<4>>;

// Words are those of the format; codes are mended as they are read, by the scale.
template <class... T>
using RangesOf = std::tuple<RangeGuarded<T>..., RangeGuarded<T, EndOutside>...>;
using AllRanged = RangesOf<Float32, BFloat16, Float16, Minifloat<4, 3>, Fixed<8, 4>, Fixed<5, 3>,
                           Fixed<32, 16>, Int8Affine>;
template <class T, class Outside>
T wrapped_by(RangeGuarded<T, Outside>);

// WideWord is structural: a word can be a template argument, as codes can
template <auto Word>
inline constexpr int ones_of = ones<ParityGuarded<Float32, WideWord<256>>>(Word);
static_assert(ones_of<WideWord<256>{{1, 3, 0, 7}}> == 6);

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("guards: a guarded format is a format with the numbers it wraps", F,
                          guarded_formats) {
  using T = typename F::Element;
  static_assert(Format<F> && Format<T> && !is_plain<F>);
  static_assert(std::same_as<typename F::code_type, typename T::code_type>);
  static_assert(std::same_as<typename F::Scale, typename T::Scale>);
  static_assert(F::width == T::width && F::operand == T::operand);
  static_assert(F::lanes >= 1 && F::lane_bits >= F::width);
  static_assert(F::lanes * F::lane_bits <= F::word_bits);
  static_assert(F::word_bits <= 8 * static_cast<int>(sizeof(typename F::Word)));
  static_assert(std::regular<typename F::Word>);

  SplitMix random(5);
  const std::vector<float> values{0.0F, 0.7F, -0.3F, 1.9F, -1.1F, 0.01F};
  const auto scale = F::fit(values);
  CHECK(scale == T::fit(values));
  int wrong = 0;
  for (int trial = 0; trial < 100; ++trial) {
    const float x = static_cast<float>(random() % 4001) / 1000.0F - 2.0F;
    const auto code = F::encode(x, scale);
    wrong += code == T::encode(x, scale) ? 0 : 1;
    wrong += std::bit_cast<std::uint32_t>(F::decode(code, scale)) ==
                     std::bit_cast<std::uint32_t>(T::decode(code, scale))
                 ? 0
                 : 1;
    if constexpr (F::operand == Operand::level) {
      static_assert(F::max_level == T::max_level);
      wrong += F::level(code, scale) == T::level(code, scale) ? 0 : 1;
      wrong += F::step(scale) == T::step(scale) ? 0 : 1;
    }
  }
  for (int bit = 0; bit < F::width; ++bit) {
    wrong += F::role(bit) == T::role(bit) ? 0 : 1;
    wrong += bit == 0 || F::word_role(bit) == T::role(bit) ? 0 : 1;
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(guarded_formats, AllGuarded);

TEST_CASE_TEMPLATE_DEFINE("guards: what is stored is read, but for the bit parity takes", F,
                          round_trips) {
  SplitMix random(9);
  int wrong = 0;
  for (int trial = 0; trial < 200; ++trial) {
    const Codes<F> codes = random_codes<F>(random);
    const auto read = load<F>(store<F>(codes));
    wrong += read.check == Check::intact ? 0 : 1;
    for (std::size_t lane = 0; lane < codes.size(); ++lane) {
      const bool given_away = lane == 0 && F::word_role(0) == BitRole::parity;
      const auto difference = static_cast<std::uint64_t>(codes[lane] ^ read.codes[lane]);
      wrong += difference == 0 || (given_away && difference == 1) ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(round_trips, AllGuarded);
TEST_CASE_TEMPLATE_APPLY(round_trips, AllRanged);

TEST_CASE_TEMPLATE_DEFINE("guards: a flip twice is no flip, in memory as in values", F,
                          undone_flips) {
  std::vector<float> values;
  SplitMix random(13);
  for (int i = 0; i < 70; ++i) {  // does not fill the last word
    values.push_back(static_cast<float>(random() % 4001) / 1000.0F - 2.0F);
  }
  Memory<F> memory(values, {F::fit(values)});
  const std::vector<typename F::Word> words(memory.words().begin(), memory.words().end());
  std::vector<float> golden(values.size());
  std::vector<float> read(values.size());
  memory.decode(golden);
  for (std::uint64_t bit = 0; bit < memory.bit_count(); ++bit) {
    memory.flip(bit);
  }
  for (std::uint64_t bit = 0; bit < memory.bit_count(); ++bit) {
    memory.flip(bit);
  }
  memory.decode(read);
  CHECK(std::equal(words.begin(), words.end(), memory.words().begin()));
  CHECK(read == golden);
}
TEST_CASE_TEMPLATE_APPLY(undone_flips, AllGuarded);
TEST_CASE_TEMPLATE_APPLY(undone_flips, AllRanged);

TEST_CASE_TEMPLATE_DEFINE("guards: a fit does not stumble over what is not finite", F, fits) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::array<float, 4> clean{0.5F, -1.0F, 0.125F, 0.75F};
  const std::array<float, 7> dirty{infinity, 0.5F, -1.0F, nan, 0.125F, 0.75F, -infinity};
  CHECK(F::fit(clean) == F::fit(dirty));
}
TEST_CASE_TEMPLATE_APPLY(fits, AllGuarded);
TEST_CASE_TEMPLATE_APPLY(fits, AllRanged);

TEST_CASE_TEMPLATE_DEFINE("guards: the numbers that a range was fitted to are those of the format",
                          F, ranged_numbers) {
  using T = decltype(wrapped_by(F{}));
  static_assert(Format<F> && F::width == T::width && F::operand == T::operand);
  const std::vector<float> values{0.0F, 0.7F, -0.3F, 1.9F, -1.1F, 0.01F};
  const auto scale = F::fit(values);
  int wrong = 0;
  for (const float x : values) {
    const auto code = F::encode(x, scale);
    wrong += code == T::encode(x, scale.inner) ? 0 : 1;
    wrong += F::decode(code, scale) == T::decode(code, scale.inner) ? 0 : 1;
    if constexpr (F::operand == Operand::level) {
      wrong += F::level(code, scale) == T::level(code, scale.inner) ? 0 : 1;
      wrong += F::step(scale) == T::step(scale.inner) ? 0 : 1;
    }
  }
  for (int bit = 0; bit < F::width; ++bit) {
    wrong += F::word_role(bit) == T::role(bit) ? 0 : 1;
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(ranged_numbers, AllRanged);
