// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <vector>

#include "guard/guarded_words.hpp"
#include "guard/plain_code.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/tensor/memory.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Secded: the check bits of the usual word sizes") {
  static_assert(Secded<Mono<8>, std::uint8_t>::word_bits == 8 + 5);
  static_assert(Secded<BFloat16, std::uint16_t>::word_bits == 16 + 6);
  static_assert(Secded<Float32, std::uint32_t>::word_bits == 32 + 7);
  static_assert(Secded<Float32, std::uint64_t>::word_bits == 64 + 8);
  static_assert(Secded<Float32, WideWord<128>>::word_bits == 128 + 9);
  static_assert(Secded<Float32, WideWord<256>>::word_bits == 256 + 10);
  static_assert(Secded<Fixed<5, 3>, std::uint64_t>::word_bits == 60 + 8);
  static_assert(std::same_as<Secded<Float32, std::uint32_t>::Word, std::uint64_t>);
  static_assert(std::same_as<Secded<Float32, std::uint64_t>::Word, WideWord<72>>);
  CHECK(Secded<Float32, std::uint64_t>::name().view() == "Secded<Float32,64>");
  CHECK(Secded<Float32, std::uint64_t>::word_role(31) == BitRole::sign);
  CHECK(Secded<Float32, std::uint64_t>::word_role(63) == BitRole::sign);
  CHECK(Secded<Float32, std::uint64_t>::word_role(64) == BitRole::check);
  CHECK(Secded<Float32, std::uint64_t>::word_role(71) == BitRole::check);
}

TEST_CASE_TEMPLATE_DEFINE("Secded: every flip is corrected, every pair of flips is masked", Guarded,
                          secded_words) {
  SplitMix random(1950);
  int wrong_single = 0;
  int wrong_double = 0;
  for (int trial = 0; trial < 2; ++trial) {
    const Codes<Guarded> codes = random_codes<Guarded>(random);
    const auto word = store<Guarded>(codes);
    CHECK(lanes_of<Guarded>(word) == codes);
    CHECK(load<Guarded>(word).check == Check::intact);
    CHECK(load<Guarded>(word).codes == codes);
    for (int a = 0; a < Guarded::word_bits; ++a) {
      const auto once = flip_bit(word, a);
      const auto read = load<Guarded>(once);
      wrong_single += read.check == Check::corrected && read.codes == codes ? 0 : 1;
      for (int b = a + 1; b < Guarded::word_bits; ++b) {
        const auto twice = flip_bit(once, b);
        const auto again = load<Guarded>(twice);
        wrong_double +=
            again.check == Check::masked && again.codes == lanes_of<Guarded>(twice) ? 0 : 1;
      }
    }
  }
  CHECK(wrong_single == 0);
  CHECK(wrong_double == 0);
}
TEST_CASE_TEMPLATE_APPLY(
    secded_words,
    std::tuple<Secded<PlainCode<1>, std::uint8_t>, Secded<PlainCode<8>, std::uint8_t>,
               Secded<PlainCode<5>, std::uint8_t>, Secded<PlainCode<16>, std::uint16_t>,
               Secded<PlainCode<7>, std::uint32_t>, Secded<PlainCode<32>, std::uint32_t>,
               Secded<PlainCode<8>, std::uint64_t>, Secded<PlainCode<5>, std::uint64_t>,
               Secded<PlainCode<32>, std::uint64_t>, Secded<PlainCode<64>, std::uint64_t>,
               Secded<PlainCode<32>, WideWord<128>>, Secded<PlainCode<5>, WideWord<128>>,
               Secded<PlainCode<8>, WideWord<256>>, Secded<PlainCode<27>, WideWord<256>>>);

TEST_CASE("Secded: every eight-bit word has its own checks, four flips apart from any other") {
  // Distance 4 is what "corrects one, detects two" means; all 32,640 pairs, flip by flip.
  using Guarded = Secded<PlainCode<8>, std::uint8_t>;
  int closest = Guarded::word_bits;
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = a + 1; b < 256; ++b) {
      const unsigned difference =
          static_cast<unsigned>(store<Guarded>({static_cast<std::uint8_t>(a)})) ^
          static_cast<unsigned>(store<Guarded>({static_cast<std::uint8_t>(b)}));
      closest = std::min(closest, std::popcount(difference));
    }
  }
  CHECK(closest == 4);
}

TEST_CASE("Secded: a word with two flips reads as zero, its neighbours do not") {
  const std::vector<float> values(6, 1.5F);
  std::vector<float> read(6);
  Memory<Secded<Float32, std::uint64_t>> memory(values, {Unscaled{}});
  memory.flip(72 + 3);
  memory.decode(read);
  CHECK(read == values);
  memory.flip(72 + 70);
  memory.decode(read);
  CHECK(read == std::vector<float>{1.5F, 1.5F, 0.0F, 0.0F, 1.5F, 1.5F});
}

TEST_CASE("Secded: a constant expression") {
  using Guarded = Secded<PlainCode<8>, std::uint64_t>;
  constexpr Codes<Guarded> codes{1, 2, 3, 4, 5, 6, 7, 255};
  static_assert(load<Guarded>(flip_bit(store<Guarded>(codes), 63)).codes == codes);
  static_assert(load<Guarded>(flip_bit(store<Guarded>(codes), 71)).check == Check::corrected);
  CHECK(load<Guarded>(flip_bit(store<Guarded>(codes), 64)).codes == codes);
}
