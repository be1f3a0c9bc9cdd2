// SPDX-License-Identifier: BSL-1.0
// What a memory image owes every format and every guard.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "support/image_formats.hpp"
#include "support/layers.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/tensor/memory.hpp>

using namespace upset;
using namespace upset::test;

namespace {

template <class... Tuples>
using Joined = decltype(std::tuple_cat(Tuples{}...));
using Images = Joined<LayerFormats, LayerGuards, std::tuple<Minifloat<3, 4>, Mono<16>>>;

// the last word of 131 elements is not full for any number of lanes between 2 and 130
constexpr std::size_t count = 131;

template <Format F>
Memory<F> image_of(std::uint32_t seed, std::size_t size = count) {
  const Tensor values = Values(seed).uniform({size}, -1.5F, 1.5F);
  return Memory<F>(values.values(), {F::fit(values.values())});
}

template <Format F>
std::vector<std::uint64_t> codes_of(const Memory<F>& memory) {
  std::vector<std::uint64_t> codes;
  memory.read([&](std::size_t element, typename F::code_type code, const typename F::Scale&) {
    codes.push_back(element == codes.size() ? code : ~std::uint64_t{0});  // in order
  });
  return codes;
}

template <Format F>
std::vector<float> values_of(const Memory<F>& memory) {
  std::vector<float> values(memory.size());
  memory.decode(values);
  return values;
}

// -- which guard a format has

template <class F>
inline constexpr bool is_parity = false;
template <class T, class Word>
inline constexpr bool is_parity<ParityGuarded<T, Word>> = true;
template <class F>
inline constexpr bool corrects_one = false;
template <class T>
inline constexpr bool corrects_one<Triplicated<T>> = true;
template <class T, class Word>
inline constexpr bool corrects_one<Secded<T, Word>> = true;
template <class F>
inline constexpr bool duplicates_msb = false;
template <class T>
inline constexpr bool duplicates_msb<MsbDuplicated<T>> = true;

}  // namespace

TEST_CASE_TEMPLATE_DEFINE("Memory: a code read is the code encoded, but for the bit parity takes",
                          F, reads) {
  const Tensor values = Values(1).uniform({count}, -1.5F, 1.5F);
  const auto scale = F::fit(values.values());
  const Memory<F> memory(values.values(), {scale});
  const std::vector<std::uint64_t> codes = codes_of(memory);
  const std::vector<float> decoded = values_of(memory);
  REQUIRE(codes.size() == count);
  std::size_t wrong = 0;
  std::size_t changed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t right = F::encode(values[i], scale);
    // parity may flip bit 0 of the first lane of a word
    const bool may_differ = is_parity<F> && i % Memory<F>::lanes == 0;
    wrong += codes[i] == right || (may_differ && codes[i] == (right ^ 1U)) ? 0U : 1U;
    changed += codes[i] == right ? 0U : 1U;
    const float value = F::decode(static_cast<typename F::code_type>(codes[i]), scale);
    wrong +=
        std::bit_cast<std::uint32_t>(value) == std::bit_cast<std::uint32_t>(decoded[i]) ? 0U : 1U;
  }
  CHECK(wrong == 0);
  CHECK((changed > 0) == is_parity<F>);
  CHECK(memory.format_name() == F::name().view());
}
TEST_CASE_TEMPLATE_APPLY(reads, Images);

TEST_CASE_TEMPLATE_DEFINE("Memory: bits are numbered without gaps, scales last", F, numbering) {
  const std::vector<typename F::Scale> scales(1, typename F::Scale{});
  const Memory<F> memory(count, scales);
  const ImageLayout layout = memory.layout();
  CHECK(layout.elements == count);
  CHECK(layout.words() == memory.words().size());
  CHECK(layout.check_bits() >= 0);
  std::uint64_t wrong = 0;
  std::uint64_t lane_bits = 0;
  std::uint64_t check_bits = 0;
  std::uint64_t scale_bits = 0;
  std::pair<std::uint64_t, int> before{0, -1};
  for (std::uint64_t bit = 0; bit < memory.bit_count(); ++bit) {
    const BitLocation at = memory.locate(bit);
    if (at.role == BitRole::scale) {
      wrong += at.word == 0 && at.word_bit == static_cast<int>(scale_bits) ? 0U : 1U;
      ++scale_bits;
      continue;
    }
    wrong += scale_bits == 0 && std::pair{at.word, at.word_bit} > before ? 0U : 1U;  // in order
    before = {at.word, at.word_bit};
    wrong += at.role == F::word_role(at.word_bit) ? 0U : 1U;
    wrong += at.word < memory.words().size() && at.word_bit < F::word_bits ? 0U : 1U;
    if (at.bit < F::lane_bits) {
      ++lane_bits;
      wrong += memory.bit_index(at.element, at.bit) == bit ? 0U : 1U;
      wrong += at.element < count && at.element / Memory<F>::lanes == at.word ? 0U : 1U;
    } else {
      ++check_bits;
      wrong += at.word_bit >= F::lanes * F::lane_bits ? 0U : 1U;
      wrong += at.element == at.word * Memory<F>::lanes ? 0U : 1U;
    }
  }
  CHECK(wrong == 0);
  CHECK(lane_bits == count * static_cast<std::uint64_t>(F::lane_bits));
  CHECK(check_bits == layout.words() * static_cast<std::uint64_t>(layout.check_bits()));
  CHECK(scale_bits == static_cast<std::uint64_t>(F::Scale::width));
  CHECK(lane_bits + check_bits == layout.code_bits());
}
TEST_CASE_TEMPLATE_APPLY(numbering, Images);

TEST_CASE_TEMPLATE_DEFINE("Memory: a flip changes one stored bit, and a second takes it back", F,
                          flips) {
  Memory<F> memory = image_of<F>(2);
  const Memory<F> golden = memory;
  std::size_t wrong = 0;
  for (std::uint64_t bit = 0; bit < memory.bit_count(); ++bit) {
    const bool before = memory.test(bit);
    memory.flip(bit);
    wrong += memory.test(bit) != before ? 0U : 1U;
    // exactly one bit of all words and scales
    int distance = 0;
    for (std::size_t word = 0; word < memory.words().size(); ++word) {
      for (int at = 0; at < F::word_bits && memory.words()[word] != golden.words()[word]; ++at) {
        distance +=
            test_bit(memory.words()[word], at) != test_bit(golden.words()[word], at) ? 1 : 0;
      }
    }
    for (int at = 0; at < F::Scale::width; ++at) {
      distance += memory.scales()[0].test(at) != golden.scales()[0].test(at) ? 1 : 0;
    }
    wrong += distance == 1 ? 0U : 1U;
    memory.flip(bit);
  }
  CHECK(wrong == 0);
  CHECK(std::ranges::equal(memory.words(), golden.words()));
  CHECK(memory.scales()[0] == golden.scales()[0]);
}
TEST_CASE_TEMPLATE_APPLY(flips, Images);

TEST_CASE_TEMPLATE_DEFINE("Memory: what one flip does to the codes is what the guard promises", F,
                          single_flips) {
  Memory<F> memory = image_of<F>(3);
  const std::vector<std::uint64_t> golden = codes_of(memory);
  const auto zero = static_cast<std::uint64_t>(F::encode(0.0F, memory.scales()[0]));
  std::size_t wrong = 0;
  for (std::uint64_t bit = 0; bit < memory.layout().code_bits(); ++bit) {
    const BitLocation at = memory.locate(bit);
    memory.flip(bit);
    const std::vector<std::uint64_t> codes = codes_of(memory);
    memory.flip(bit);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t right = golden[i];
      if constexpr (is_parity<F>) {  // the whole word reads as zero
        right = i / Memory<F>::lanes == at.word ? zero : right;
      } else if constexpr (duplicates_msb<F>) {
        const bool top = at.bit >= F::width - 1;
        right = i != at.element ? right : top ? zero : right ^ (std::uint64_t{1} << at.bit);
      } else if constexpr (!corrects_one<F>) {
        static_assert(is_plain<F>);
        right ^= i == at.element ? std::uint64_t{1} << at.bit : 0U;
      }
      wrong += codes[i] == right ? 0U : 1U;
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(single_flips, Images);

TEST_CASE_TEMPLATE_DEFINE("Memory: a code moved by a flip decodes as that code", F, decodes) {
  Memory<F> memory = image_of<F>(4);
  std::size_t wrong = 0;
  for (std::uint64_t bit = 0; bit < memory.bit_count(); ++bit) {
    memory.flip(bit);
    const std::vector<float> values = values_of(memory);
    memory.read([&](std::size_t i, typename F::code_type code, const typename F::Scale& scale) {
      const auto right = std::bit_cast<std::uint32_t>(F::decode(code, scale));
      wrong += std::bit_cast<std::uint32_t>(values[i]) == right ? 0U : 1U;
    });
    wrong += memory.scales()[0] == memory.scale_of(count - 1) ? 0U : 1U;
    memory.flip(bit);
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(decodes, Joined<LayerFormats, LayerGuards>);

TEST_CASE_TEMPLATE_DEFINE("Memory: two flips in a word that are detected read as zero", F, masked) {
  Memory<F> memory = image_of<F>(5);
  const auto zero = static_cast<std::uint64_t>(F::encode(0.0F, memory.scales()[0]));
  const std::vector<std::uint64_t> golden = codes_of(memory);
  std::size_t wrong = 0;
  const std::uint64_t last_word = memory.layout().words() - 1;
  for (const std::uint64_t word : {std::uint64_t{0}, last_word}) {
    const std::uint64_t first = word * static_cast<std::uint64_t>(F::word_bits);
    const std::uint64_t end =
        word == 0 ? static_cast<std::uint64_t>(F::word_bits) : memory.layout().code_bits();
    for (std::uint64_t a = first; a < end; ++a) {
      for (std::uint64_t b = a + 1; b < end; ++b) {
        memory.flip(a);
        memory.flip(b);
        const std::vector<std::uint64_t> codes = codes_of(memory);
        memory.flip(a);
        memory.flip(b);
        for (std::size_t i = 0; i < count; ++i) {
          wrong += codes[i] == (i / Memory<F>::lanes == word ? zero : golden[i]) ? 0U : 1U;
        }
      }
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(
    masked, std::tuple<Secded<Float32, std::uint64_t>, Secded<Int8Affine, std::uint32_t>,
                       Secded<Fixed<5, 4>, std::uint32_t>>);

TEST_CASE("Memory: a masked word of an affine format reads as its zero point") {
  const AffineScale scale{0.5F, 17};
  Memory<ParityGuarded<Int8Affine, std::uint8_t>> memory(Tensor({2}, {3.0F, -2.0F}).values(),
                                                         {scale});
  memory.flip(memory.bit_index(1, 6));
  std::vector<float> values(2);
  memory.decode(values);
  CHECK(values[1] == 0.0F);
  CHECK(codes_of(memory)[1] == 17);
}

TEST_CASE("Memory: where there is no zero, a masked word reads as what is nearest to it") {
  Memory<ParityGuarded<Binary, std::uint8_t>> memory(Tensor({8}, -1.0F).values(),
                                                     {GammaScale<1>{}});
  memory.flip(3);
  CHECK(values_of(memory) == std::vector<float>(8, 1.0F));
}

TEST_CASE_TEMPLATE("Memory: of sums, every NaN is written as one", F, Float32, BFloat16,
                   ParityGuarded<Float16, std::uint64_t>) {
  const auto nan = [](std::uint32_t bits) { return std::bit_cast<float>(bits); };
  const Tensor x({5}, {1, nan(0x7FC00000U), nan(0xFFC00000U), -2, nan(0x7FE00000U)});
  Memory<F> sums;
  sums.encode_sums(x.values(), {});
  const auto codes = codes_of(sums);
  CHECK(codes[2] == codes[1]);
  CHECK(codes[4] == codes[1]);
  Memory<F> weights(x.values(), {typename F::Scale{}});  // are what they are given as
  CHECK(codes_of(weights)[2] != codes_of(weights)[1]);
  CHECK(codes_of(weights)[3] == codes[3]);
}

TEST_CASE("Memory: n scales serve n equal parts, and a flip of one leaves the others alone") {
  const Tensor values({6}, {1, 2, 10, 20, 100, 200});
  Memory<Int8Affine> memory(values.values(),
                            {AffineScale{1, 0}, AffineScale{10, 0}, AffineScale{100, 0}});
  CHECK(values_of(memory) == std::vector<float>{1, 2, 10, 20, 100, 200});
  CHECK(memory.scale_of(3) == AffineScale{10, 0});
  const std::uint64_t zero_point_of_second = memory.layout().code_bits() + 40 + 32;
  memory.flip(zero_point_of_second);  // 0 becomes 1
  CHECK(values_of(memory) == std::vector<float>{1, 2, 0, 10, 100, 200});
  CHECK(memory.scale_touched());
  CHECK(error_of([&] { memory.encode(values.values().subspan(0, 5)); }) ==
        "A memory image of 5 elements cannot share 3 scales evenly");
}

TEST_CASE("Memory: scales that do not fit leave the image as it was") {
  const Tensor values({7}, 1);
  Memory<Int8Affine> memory(values.values(), {AffineScale{1, 0}});
  const std::vector<AffineScale> three(3, AffineScale{1, 0});
  CHECK(error_of([&] { memory.encode(values.values(), three); }) ==
        "A memory image of 7 elements cannot share 3 scales evenly");
  CHECK(memory.scales().size() == 1);
  CHECK(values_of(memory) == std::vector<float>(7, 1));
}

/// A format and its guard in one: seven bits under a parity bit.
struct SevenUnderParity {
  using Seven = Fixed<7, 5>;
  using code_type = Seven::code_type;
  using Scale = Unscaled;
  using Element = SevenUnderParity;
  using Word = std::uint8_t;
  static constexpr int width = 7;
  static constexpr int lanes = 1;
  static constexpr int lane_bits = 7;
  static constexpr int word_bits = 8;
  static constexpr Operand operand = Operand::real;
  static constexpr Name name() { return Name{"SevenUnderParity"}; }
  static constexpr BitRole role(int bit) { return Seven::role(bit); }
  static constexpr BitRole word_role(int bit) { return bit == 7 ? BitRole::parity : role(bit); }
  static constexpr code_type encode(float x, Scale) { return Seven::encode(x, {}); }
  static constexpr float decode(code_type code, Scale) { return Seven::decode(code, {}); }
  static constexpr Scale fit(std::span<const float>) { return {}; }
  static constexpr Word store(std::span<const code_type> codes) {
    return static_cast<Word>(codes[0] | (std::popcount(codes[0]) % 2) << 7);
  }
  static constexpr Check load(Word word, std::span<code_type> codes) {
    codes[0] = word & 127;
    return std::popcount(word) % 2 == 0 ? Check::intact : Check::masked;
  }
};

TEST_CASE("Memory: a guard need not wrap another format") {
  static_assert(!is_plain<SevenUnderParity>);
  Memory<SevenUnderParity> memory(Tensor({2}, {0.5F, 0.75F}).values(), {{}});
  CHECK(memory.words()[0] == 0x90);  // code 16 has an odd number of ones
  CHECK(memory.words()[1] == 0x18);
  memory.flip(6);
  CHECK(memory.check(6) == Check::masked);
  CHECK(values_of(memory) == std::vector<float>{0, 0.75F});
}

TEST_CASE("Memory: remembers the words that were flipped until told to forget") {
  Memory<Fixed<8, 6>> memory(4);
  CHECK(memory.touched_words().empty());
  memory.flip(9);
  memory.flip(31);
  memory.flip(9);
  CHECK(std::ranges::equal(memory.touched_words(), std::vector<std::uint64_t>{1, 3, 1}));
  CHECK(!memory.scale_touched());
  memory.forget_touched();
  CHECK(memory.touched_words().empty());
  memory.flip(0);
  memory.encode(Tensor({4}).values());
  CHECK(memory.touched_words().empty());  // a word written anew holds no flip
}

TEST_CASE("Memory: is read into as many values as it has") {
  const Memory<Fixed<8, 6>> memory(4);
  std::vector<float> values(3);
  CHECK_THROWS_WITH_AS(memory.decode(values),
                       "A memory image of 4 elements cannot be read into 3 values; give it 4",
                       Error);
  values.resize(5);
  CHECK_THROWS_AS(memory.decode(values), Error);
}

TEST_CASE("Memory: copies are deep, and an image may be empty") {
  Memory<Mono<5>> memory = image_of<Mono<5>>(6, 7);
  const Memory<Mono<5>> copy = memory;
  memory.flip(0);
  CHECK(copy.test(0) != memory.test(0));
  const Memory<Mono<5>> empty;
  CHECK(empty.bit_count() == 8);  // its scale
  CHECK(empty.locate(7).role == BitRole::scale);
  CHECK(values_of(empty).empty());
}
