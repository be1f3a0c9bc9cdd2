// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <vector>

#include "guard/guarded_words.hpp"
#include "guard/plain_code.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/parity_guarded.hpp>
#include <upset/tensor/memory.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ParityGuarded: as many lanes as fit, and not a bit more") {
  static_assert(ParityGuarded<Mono<8>, std::uint64_t>::lanes == 8);
  static_assert(ParityGuarded<Mono<8>, std::uint64_t>::word_bits == 64);
  static_assert(ParityGuarded<Float32, std::uint32_t>::lanes == 1);
  static_assert(ParityGuarded<Fixed<5, 3>, std::uint8_t>::lanes == 1);
  static_assert(ParityGuarded<Fixed<5, 3>, std::uint8_t>::word_bits == 5);
  static_assert(ParityGuarded<Fixed<5, 3>, std::uint64_t>::lanes == 12);
  static_assert(ParityGuarded<Fixed<5, 3>, std::uint64_t>::word_bits == 60);
  static_assert(ParityGuarded<Float32, WideWord<128>>::lanes == 4);
  static_assert(ParityGuarded<Float32, WideWord<256>>::lanes == 8);
  static_assert(ParityGuarded<Fixed<5, 3>, WideWord<128>>::word_bits == 125);
  static_assert(ParityGuarded<Binary, std::uint64_t>::lanes == 64);
  CHECK(ParityGuarded<Mono<8>, std::uint64_t>::name().view() == "ParityGuarded<Mono<8>,64>");
  CHECK(ParityGuarded<Float32, WideWord<256>>::name().view() == "ParityGuarded<Float32,256>");
}

TEST_CASE("ParityGuarded: the given-away bit is bit 0 of lane 0") {
  using Guarded = ParityGuarded<BFloat16, std::uint64_t>;
  CHECK(Guarded::word_role(0) == BitRole::parity);
  CHECK(Guarded::word_role(15) == BitRole::sign);
  CHECK(Guarded::word_role(16) == BitRole::fraction);
  CHECK(Guarded::word_role(63) == BitRole::sign);
}

TEST_CASE("ParityGuarded: by hand, one lane of five bits") {
  using Guarded = ParityGuarded<PlainCode<5>, std::uint8_t>;
  static_assert(store<Guarded>({0b00000}) == 0b00000);
  static_assert(store<Guarded>({0b00001}) == 0b00000);  // odd: the lowest bit goes
  static_assert(store<Guarded>({0b10000}) == 0b10001);  // odd: the lowest bit comes
  static_assert(store<Guarded>({0b10001}) == 0b10001);
  static_assert(store<Guarded>({0b11111}) == 0b11110);
  static_assert(load<Guarded>(0b10001).check == Check::intact);
  static_assert(load<Guarded>(0b10000).check == Check::masked);
  static_assert(load<Guarded>(0b10000).codes[0] == 0b10000);
  CHECK(store<Guarded>({0b10110}) == 0b10111);
}

TEST_CASE_TEMPLATE_DEFINE("ParityGuarded: odd numbers of flips are seen, even ones are not",
                          Guarded, parity_words) {
  SplitMix random(2021);
  int wrong_store = 0;
  int wrong_single = 0;
  int wrong_double = 0;
  for (int trial = 0; trial < 4; ++trial) {
    const Codes<Guarded> codes = random_codes<Guarded>(random);
    const auto word = store<Guarded>(codes);
    Codes<Guarded> expected = codes;
    expected[0] = insert_bits(expected[0], 0, 1, extract_bits(load<Guarded>(word).codes[0], 0, 1));
    wrong_store += ones<Guarded>(word) % 2 == 0 ? 0 : 1;
    wrong_store += load<Guarded>(word).codes == expected ? 0 : 1;
    wrong_store += load<Guarded>(word).check == Check::intact ? 0 : 1;
    for (int a = 0; a < Guarded::word_bits; ++a) {
      const auto once = flip_bit(word, a);
      const auto read = load<Guarded>(once);
      wrong_single += read.check == Check::masked && read.codes == lanes_of<Guarded>(once) ? 0 : 1;
      for (int b = a + 1; b < Guarded::word_bits; ++b) {
        const auto twice = flip_bit(once, b);
        const auto again = load<Guarded>(twice);
        wrong_double +=
            again.check == Check::intact && again.codes == lanes_of<Guarded>(twice) ? 0 : 1;
      }
    }
  }
  CHECK(wrong_store == 0);
  CHECK(wrong_single == 0);
  CHECK(wrong_double == 0);
}
TEST_CASE_TEMPLATE_APPLY(
    parity_words,
    std::tuple<
        ParityGuarded<PlainCode<8>, std::uint8_t>, ParityGuarded<PlainCode<5>, std::uint8_t>,
        ParityGuarded<PlainCode<1>, std::uint8_t>, ParityGuarded<PlainCode<7>, std::uint16_t>,
        ParityGuarded<PlainCode<16>, std::uint32_t>, ParityGuarded<PlainCode<8>, std::uint64_t>,
        ParityGuarded<PlainCode<13>, std::uint64_t>, ParityGuarded<PlainCode<64>, std::uint64_t>,
        ParityGuarded<PlainCode<32>, WideWord<128>>, ParityGuarded<PlainCode<5>, WideWord<128>>,
        ParityGuarded<PlainCode<8>, WideWord<256>>, ParityGuarded<PlainCode<27>, WideWord<256>>>);

TEST_CASE("ParityGuarded: one code of a word is off by the weight of its lowest bit at most") {
  // |decode(guard(x)) - decode(encode(x))| <= the weight of bit 0, lane 0 only
  const auto worst = [](auto guarded, auto scale, const std::vector<float>& values) {
    using Guarded = decltype(guarded);
    const Memory<Guarded> memory(values, {scale});
    std::vector<float> read(values.size());
    memory.decode(read);
    float most = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float plain = Guarded::decode(Guarded::encode(values[i], scale), scale);
      const float off = std::abs(read[i] - plain);
      if (i % static_cast<std::size_t>(Guarded::lanes) != 0) {
        REQUIRE(off == 0.0F);
      }
      most = std::max(most, off);
    }
    return most;
  };
  std::vector<float> values;
  SplitMix random(7);
  for (int i = 0; i < 1000; ++i) {
    values.push_back(static_cast<float>(random() % 1981) / 1000.0F - 0.99F);
  }
  CHECK(worst(ParityGuarded<Fixed<8, 6>, std::uint64_t>{}, Unscaled{}, values) == 0.015625F);
  CHECK(worst(ParityGuarded<Fixed<8, 6>, std::uint8_t>{}, Unscaled{}, values) == 0.015625F);
  CHECK(worst(ParityGuarded<Int8Affine, WideWord<256>>{}, AffineScale{0.0078125F, -3}, values) ==
        0.0078125F);
  const float quarter[] = {0.25F};
  CHECK(worst(ParityGuarded<Mono<8>, std::uint64_t>{}, Mono<8>::Scale::from_gammas(quarter),
              values) == 0.5F);
  CHECK(worst(ParityGuarded<Binary, std::uint64_t>{}, Binary::Scale{}, values) == 2.0F);
  // one ulp of a number in [0.5, 1)
  CHECK(worst(ParityGuarded<Float32, std::uint32_t>{}, Unscaled{}, values) == 0x1p-24F);
  CHECK(worst(ParityGuarded<BFloat16, std::uint16_t>{}, Unscaled{}, values) == 0x1p-8F);
}

TEST_CASE("ParityGuarded: a masked word reads as the code nearest to zero") {
  const std::vector<float> values(20, 0.75F);
  std::vector<float> read(20);

  Memory<ParityGuarded<Int8Affine, std::uint64_t>> affine(values, {AffineScale{0.25F, 5}});
  affine.flip(7);
  affine.decode(read);
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(read[i] == (i < 8 ? 0.0F : 0.75F));
  }

  Memory<ParityGuarded<Mono<3>, std::uint8_t>> mono(values, {Mono<3>::Scale{}});
  mono.flip(6 + 1);
  mono.decode(read);
  CHECK(read[0] == 1.0F);
  CHECK(read[2] == 1.0F);  // no zero among three signs
}

TEST_CASE("ParityGuarded: NaN payloads and signalling NaN pass with bit 0 changed at most") {
  using Guarded = ParityGuarded<Float32, std::uint32_t>;
  for (const std::uint32_t bits : {0x7F800001U, 0xFFFFFFFFU, 0x7FA00000U, 0xFF800001U}) {
    const std::uint32_t read = load<Guarded>(store<Guarded>({bits})).codes[0];
    CHECK((read == bits || read == (bits ^ 1U)));
    CHECK(std::popcount(read) % 2 == 0);
  }
}
