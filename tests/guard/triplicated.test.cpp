// SPDX-License-Identifier: BSL-1.0
#include <cstdint>

#include "guard/guarded_words.hpp"
#include "guard/plain_code.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/triplicated.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("Triplicated: three copies side by side") {
  static_assert(Triplicated<Fixed<8, 6>>::word_bits == 24);
  static_assert(Triplicated<Float32>::word_bits == 96);
  static_assert(std::same_as<Triplicated<Float32>::Word, WideWord<96>>);
  static_assert(store<Triplicated<PlainCode<4>>>({0b1001}) == 0b1001'1001'1001);
  static_assert(load<Triplicated<PlainCode<4>>>(0b1001'1001'1001).codes[0] == 0b1001);
  CHECK(Triplicated<Fixed<8, 6>>::name().view() == "Triplicated<Fixed<8,6>>");
  CHECK(Triplicated<Fixed<8, 6>>::word_role(7) == BitRole::sign);
  CHECK(Triplicated<Fixed<8, 6>>::word_role(8) == BitRole::copy);
  CHECK(Triplicated<Fixed<8, 6>>::word_role(23) == BitRole::copy);
}

TEST_CASE("Triplicated: every word of two-bit codes votes as counting does") {
  using Guarded = Triplicated<PlainCode<2>>;
  int wrong = 0;
  for (unsigned word = 0; word < 64; ++word) {
    unsigned majority = 0;
    for (unsigned bit = 0; bit < 2; ++bit) {
      const unsigned votes =
          ((word >> bit) & 1U) + ((word >> (bit + 2)) & 1U) + ((word >> (bit + 4)) & 1U);
      majority |= (votes >= 2 ? 1U : 0U) << bit;
    }
    const bool same = (word & 3U) == ((word >> 2) & 3U) && (word & 3U) == (word >> 4);
    const auto read = load<Guarded>(static_cast<Guarded::Word>(word));
    wrong += read.codes[0] == majority ? 0 : 1;
    wrong += (read.check == Check::intact) == same ? 0 : 1;
    wrong += read.check != Check::masked ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE_DEFINE("Triplicated: two flips win only where they hit the same bit", Guarded,
                          triplicated_words) {
  SplitMix random(3);
  int wrong_single = 0;
  int wrong_double = 0;
  for (int trial = 0; trial < 8; ++trial) {
    const Codes<Guarded> codes = random_codes<Guarded>(random);
    const auto word = store<Guarded>(codes);
    CHECK(load<Guarded>(word).check == Check::intact);
    CHECK(load<Guarded>(word).codes == codes);
    for (int a = 0; a < Guarded::word_bits; ++a) {
      const auto once = load<Guarded>(flip_bit(word, a));
      wrong_single += once.check == Check::corrected && once.codes == codes ? 0 : 1;
      for (int b = a + 1; b < Guarded::word_bits; ++b) {
        Codes<Guarded> expected = codes;
        if (a % Guarded::width == b % Guarded::width) {
          expected[0] = flip_bit(expected[0], a % Guarded::width);
        }
        const auto twice = load<Guarded>(flip_bit(flip_bit(word, a), b));
        wrong_double += twice.check == Check::corrected && twice.codes == expected ? 0 : 1;
      }
    }
  }
  CHECK(wrong_single == 0);
  CHECK(wrong_double == 0);
}
TEST_CASE_TEMPLATE_APPLY(
    triplicated_words,
    std::tuple<Triplicated<PlainCode<1>>, Triplicated<PlainCode<5>>, Triplicated<PlainCode<8>>,
               Triplicated<PlainCode<21>>, Triplicated<PlainCode<22>>, Triplicated<PlainCode<32>>,
               Triplicated<PlainCode<43>>, Triplicated<PlainCode<64>>>);
