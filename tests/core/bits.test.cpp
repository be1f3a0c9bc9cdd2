// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <support/static_check.hpp>

#include <upset/core/bits.hpp>

namespace {

using upset::WideWord;

TEST_CASE("bits: Unsigned is the narrowest word that holds its bits") {
  UPSET_STATIC_CHECK(std::is_same_v<upset::Unsigned<1>, std::uint8_t>);
  UPSET_STATIC_CHECK(std::is_same_v<upset::Unsigned<8>, std::uint8_t>);
  UPSET_STATIC_CHECK(std::is_same_v<upset::Unsigned<9>, std::uint16_t>);
  UPSET_STATIC_CHECK(std::is_same_v<upset::Unsigned<17>, std::uint32_t>);
  UPSET_STATIC_CHECK(std::is_same_v<upset::Unsigned<33>, std::uint64_t>);
  UPSET_STATIC_CHECK(std::is_same_v<upset::Unsigned<64>, std::uint64_t>);
}

TEST_CASE("bits: a memory word is unsigned or wide, nothing else") {
  UPSET_STATIC_CHECK(upset::MemoryWord<std::uint8_t>);
  UPSET_STATIC_CHECK(upset::MemoryWord<WideWord<256>>);
  UPSET_STATIC_CHECK(!upset::MemoryWord<int>);
  UPSET_STATIC_CHECK(!upset::MemoryWord<float>);
}

TEST_CASE("bits: low_mask reaches from none to all") {
  UPSET_STATIC_CHECK(upset::low_mask<std::uint8_t>(0) == 0);
  UPSET_STATIC_CHECK(upset::low_mask<std::uint8_t>(3) == 7);
  UPSET_STATIC_CHECK(upset::low_mask<std::uint8_t>(8) == 0xFF);
  UPSET_STATIC_CHECK(upset::low_mask<std::uint64_t>(64) == ~std::uint64_t{0});
}

TEST_CASE("bits: a flip changes one bit and undoes itself") {
  int wrong = 0;
  for (int bit = 0; bit < 16; ++bit) {
    for (std::uint32_t word = 0; word < 0x10000; word += 97) {
      const auto before = static_cast<std::uint16_t>(word);
      const std::uint16_t after = upset::flip_bit(before, bit);
      wrong += static_cast<int>(after != (word ^ (1U << bit)));
      wrong += static_cast<int>(upset::test_bit(after, bit) == upset::test_bit(before, bit));
      wrong += static_cast<int>(upset::flip_bit(after, bit) != before);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("bits: a wide word behaves as its bits in a row") {
  WideWord<130> word;
  for (const int bit : {0, 63, 64, 127, 128, 129}) {
    CHECK_FALSE(upset::test_bit(word, bit));
    word = upset::flip_bit(word, bit);
    CHECK(upset::test_bit(word, bit));
  }
  CHECK(word.limbs[0] == 0x8000'0000'0000'0001U);
  CHECK(word.limbs[1] == 0x8000'0000'0000'0001U);
  CHECK(word.limbs[2] == 3U);
  CHECK(upset::extract_bits(word, 62, 4) == 0b0110U);
  CHECK(upset::extract_bits(word, 64, 64) == word.limbs[1]);
}

TEST_CASE("bits: what insert_bits puts in, extract_bits takes out, and the rest stays") {
  int wrong = 0;
  for (int first = 0; first < 192; ++first) {
    for (int count = 1; count <= 64 && first + count <= 192; count += 7) {
      WideWord<192> word;
      word.limbs = {0x0123456789ABCDEFU, 0xFEDCBA9876543210U, 0x0F1E2D3C4B5A6978U};
      const std::uint64_t value = 0xA5A5'5A5A'C3C3'3C3CU & upset::low_mask<std::uint64_t>(count);
      const auto after = upset::insert_bits(word, first, count, 0xA5A5'5A5A'C3C3'3C3CU);
      wrong += static_cast<int>(upset::extract_bits(after, first, count) != value);
      for (int bit = 0; bit < 192; ++bit) {
        const bool inside = first <= bit && bit < first + count;
        wrong +=
            static_cast<int>(!inside && upset::test_bit(after, bit) != upset::test_bit(word, bit));
      }
    }
  }
  CHECK(wrong == 0);
  UPSET_STATIC_CHECK(upset::insert_bits(std::uint8_t{0xFF}, 2, 3, 0b010) == 0b1110'1011);
  UPSET_STATIC_CHECK(upset::extract_bits(std::uint16_t{0xABCD}, 4, 8) == 0xBC);
}

}  // namespace

TEST_CASE("the compiler keeps constants as they are written") {
  // GCC 12.2 makes {1, 1, 1, 1} of this with -O2 -march=x86-64-v4; -fno-tree-slp-vectorize helps.
  const std::vector<double> ones_and_zero{1, 1, 1, 0};
  volatile std::size_t last = 3;
  CHECK(ones_and_zero[last] == 0);
}
