// SPDX-License-Identifier: BSL-1.0
#include "support/layers.hpp"
#include "support/static_check.hpp"

#include <upset/format/fixed.hpp>
#include <upset/format/int8_affine.hpp>
#include <upset/guard/guards.hpp>
#include <upset/tensor/memory.hpp>

using namespace upset;
using upset::test::error_of;

TEST_CASE("ImageLayout: counts lanes, check bits and scales, but no padding") {
  // 21 codes of 5 bits in words of 12 lanes and 4 check bits: 2 words, 3 lanes of the last missing
  constexpr ImageLayout layout{.elements = 21,
                               .element_bits = 5,
                               .lanes = 12,
                               .lane_bits = 5,
                               .word_bits = 64,
                               .scales = 3,
                               .scale_bits = 8};
  UPSET_STATIC_CHECK(layout.check_bits() == 4);
  UPSET_STATIC_CHECK(layout.words() == 2);
  UPSET_STATIC_CHECK(layout.code_bits() == 21 * 5 + 2 * 4);
  UPSET_STATIC_CHECK(layout.bit_count() == 21 * 5 + 2 * 4 + 3 * 8);
}

TEST_CASE("MemoryImage: locates the bits of a last word that is not full") {
  // 4 data bytes and 7 check bits to a word; 6 codes leave two lanes of the second word missing
  const Memory<Secded<Int8Affine, std::uint32_t>> memory(6, {AffineScale{}, AffineScale{}});
  const MemoryImage& image = memory;
  REQUIRE(image.bit_count() == 6 * 8 + 2 * 7 + 2 * 40);
  // the first word
  CHECK(image.locate(0) == BitLocation{0, 0, 0, 0, BitRole::fraction});
  CHECK(image.locate(31) == BitLocation{0, 31, 3, 7, BitRole::sign});
  CHECK(image.locate(32) == BitLocation{0, 32, 0, 8, BitRole::check});
  CHECK(image.locate(38) == BitLocation{0, 38, 0, 14, BitRole::check});
  // the second: its check bits follow lane 1 in memory order, but are bits 32 upwards of the word
  CHECK(image.locate(39) == BitLocation{1, 0, 4, 0, BitRole::fraction});
  CHECK(image.locate(54) == BitLocation{1, 15, 5, 7, BitRole::sign});
  CHECK(image.locate(55) == BitLocation{1, 32, 4, 8, BitRole::check});
  CHECK(image.locate(61) == BitLocation{1, 38, 4, 14, BitRole::check});
  // the scales
  CHECK(image.locate(62) == BitLocation{0, 0, 0, 0, BitRole::scale});
  CHECK(image.locate(62 + 79) == BitLocation{1, 39, 1, 39, BitRole::scale});
}

TEST_CASE("MemoryImage: refuses bits that do not exist") {
  Memory<Fixed<5, 4>> memory(3);
  const auto outside = [](std::uint64_t bit) {
    return "Bit " + std::to_string(bit) + " lies outside a memory image of 15 bits";
  };
  CHECK(error_of([&] { (void)memory.locate(15); }) == outside(15));
  CHECK(error_of([&] { (void)memory.test(15); }) == outside(15));
  CHECK(error_of([&] { memory.flip(1000); }) == outside(1000));
  const auto of_element = [](std::uint64_t element, int bit) {
    return "Bit " + std::to_string(bit) + " of element " + std::to_string(element) +
           " lies outside a memory image of 3 elements of 5 bits";
  };
  CHECK(error_of([&] { (void)memory.bit_index(3, 0); }) == of_element(3, 0));
  CHECK(error_of([&] { (void)memory.bit_index(0, 5); }) == of_element(0, 5));
  CHECK(error_of([&] { (void)memory.bit_index(0, -1); }) == of_element(0, -1));
}
