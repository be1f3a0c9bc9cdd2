// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstdint>
#include <vector>

#include "guard/guarded_words.hpp"
#include "guard/plain_code.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/msb_duplicated.hpp>
#include <upset/tensor/memory.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("MsbDuplicated: the top bit once more, above the code") {
  static_assert(MsbDuplicated<Fixed<8, 6>>::word_bits == 9);
  static_assert(MsbDuplicated<Float32>::word_bits == 33);
  static_assert(store<MsbDuplicated<PlainCode<4>>>({0b1001}) == 0b11001);
  static_assert(store<MsbDuplicated<PlainCode<4>>>({0b0111}) == 0b00111);
  CHECK(MsbDuplicated<Fixed<8, 6>>::name().view() == "MsbDuplicated<Fixed<8,6>>");
  CHECK(MsbDuplicated<Fixed<8, 6>>::word_role(7) == BitRole::sign);
  CHECK(MsbDuplicated<Fixed<8, 6>>::word_role(8) == BitRole::copy);
}

TEST_CASE_TEMPLATE_DEFINE("MsbDuplicated: one flip or two are seen where the copies differ",
                          Guarded, msb_words) {
  constexpr int top = Guarded::width - 1;
  SplitMix random(11);
  int wrong = 0;
  for (int trial = 0; trial < 64; ++trial) {
    const Codes<Guarded> codes = random_codes<Guarded>(random);
    const auto word = store<Guarded>(codes);
    wrong +=
        load<Guarded>(word).check == Check::intact && load<Guarded>(word).codes == codes ? 0 : 1;
    for (int first = 0; first < Guarded::word_bits; ++first) {
      for (int second = first; second < Guarded::word_bits; ++second) {  // the same: a single flip
        auto flipped = word;
        Codes<Guarded> stored = codes;
        for (int bit = first; bit <= second; bit += std::max(1, second - first)) {
          flipped = flip_bit(flipped, bit);
          stored[0] = bit <= top ? flip_bit(stored[0], bit) : stored[0];
        }
        const auto read = load<Guarded>(flipped);
        // both copies at once pass for a sound code
        const bool is_seen = second >= top && (first < top || first == second);
        wrong += read.check == (is_seen ? Check::masked : Check::intact) ? 0 : 1;
        wrong += read.codes == stored ? 0 : 1;
      }
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(msb_words,
                         std::tuple<MsbDuplicated<PlainCode<1>>, MsbDuplicated<PlainCode<5>>,
                                    MsbDuplicated<PlainCode<8>>, MsbDuplicated<PlainCode<16>>,
                                    MsbDuplicated<PlainCode<31>>, MsbDuplicated<PlainCode<32>>,
                                    MsbDuplicated<PlainCode<63>>>);

TEST_CASE("MsbDuplicated: a mismatch reads as zero, one element only") {
  const std::vector<float> values{0.5F, -0.5F, 0.25F};
  std::vector<float> read(3);
  Memory<MsbDuplicated<Fixed<8, 6>>> memory(values, {Unscaled{}});
  memory.flip(9 + 8);  // the copy of element 1
  memory.decode(read);
  CHECK(read == std::vector<float>{0.5F, 0.0F, 0.25F});
  memory.flip(9 + 8);
  memory.flip(7);  // the sign of element 0
  memory.decode(read);
  CHECK(read == std::vector<float>{0.0F, -0.5F, 0.25F});
}
