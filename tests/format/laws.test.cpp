// SPDX-License-Identifier: BSL-1.0
/// Laws every format obeys, checked for each of them on the same inputs.
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <support/formats.hpp>
#include <support/oracle.hpp>

#include <upset/format/bit_access.hpp>
#include <upset/format/quantize.hpp>

namespace {

using namespace upset;
using test::Sequence;

/// Every code of up to 16 bits, 100,000 drawn and the extreme ones beyond.
template <class F>
std::vector<typename F::code_type> codes_of() {
  using Code = typename F::code_type;
  std::vector<Code> codes;
  if constexpr (F::width <= 16) {
    for (std::uint32_t code = 0; code >> F::width == 0; ++code) {
      codes.push_back(static_cast<Code>(code));
    }
  } else {
    Sequence random{42};
    for (int bit = 0; bit < F::width; ++bit) {
      codes.push_back(static_cast<Code>(std::uint64_t{1} << bit));
      codes.push_back(low_mask<Code>(bit + 1));
      codes.push_back(static_cast<Code>(low_mask<Code>(F::width) ^ low_mask<Code>(bit)));
    }
    while (codes.size() < 100'000) {
      codes.push_back(static_cast<Code>(random.next() & low_mask<std::uint64_t>(F::width)));
    }
  }
  return codes;
}

/// Floats of all sizes: around the unit, any bits at all, and the special ones.
std::vector<float> reals() {
  using Limits = std::numeric_limits<float>;
  std::vector<float> xs{0.0F,
                        -0.0F,
                        Limits::infinity(),
                        -Limits::infinity(),
                        Limits::max(),
                        Limits::lowest(),
                        Limits::denorm_min(),
                        -Limits::denorm_min(),
                        Limits::min(),
                        -Limits::min()};
  Sequence random{7};
  for (int i = 0; i < 20'000; ++i) {
    xs.push_back(random.unit() * 20);
    xs.push_back(std::round(random.unit() * 256) / 16);  // ties of many formats
    const auto any = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
    xs.push_back(any == any ? any : 0.0F);
  }
  return xs;
}

/// A scale that is neither the default nor round.
template <class F>
typename F::Scale some_scale() {
  std::array<float, 64> values{};
  Sequence random{3};
  for (float& x : values) {
    x = random.unit() * 3 + 0.25F;
  }
  return F::fit(values);
}

TEST_CASE_TEMPLATE_DEFINE("law: from_bits and bits are inverse, bits beyond the width ignored", F,
                          bits_law) {
  using Code = typename F::code_type;
  int wrong = 0;
  for (const Code code : codes_of<F>()) {
    const F x = F::from_bits(code);
    const auto beyond = static_cast<Code>(code | ~low_mask<Code>(F::width));
    wrong += static_cast<int>(x.bits() != code || F::from_bits(beyond).bits() != code);
    wrong += static_cast<int>(x == x && F::from_bits(x.bits()) != x);
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(bits_law, test::AllFormats);

TEST_CASE_TEMPLATE_DEFINE("law: a flip changes exactly one bit and undoes itself", F, flip_law) {
  int wrong = 0;
  for (const auto code : codes_of<F>()) {
    for (int bit = 0; bit < F::width; bit += 1 + F::width / 9) {
      const F before = F::from_bits(code);
      const F after = flip(before, bit);
      wrong += static_cast<int>(
          std::popcount(static_cast<std::uint32_t>(before.bits() ^ after.bits())) != 1);
      wrong += static_cast<int>(test_bit(before.bits(), bit) == test_bit(after.bits(), bit));
      wrong += static_cast<int>(flip(after, bit).bits() != code);
    }
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(flip_law, test::AllFormats);

TEST_CASE_TEMPLATE_DEFINE("law: encode and decode are inverse on codes with one encoding", F,
                          codec_law) {
  // Planes have one encoding a value only where each outweighs those below it together.
  const auto scale = F::role(0) == BitRole::plane ? typename F::Scale{} : some_scale<F>();
  int wrong = 0;
  for (const auto code : codes_of<F>()) {
    const float value = F::decode(code, scale);
    const auto again = F::encode(value, scale);
    bool held = again == code;
    if constexpr (NumberFormat<F>) {
      if (std::isnan(value)) {  // signalling ones are quieted, but stay NaN with their sign
        held = std::isnan(F::decode(again, scale)) &&
               std::signbit(F::decode(again, scale)) == std::signbit(value);
      } else if (F::operand == Operand::level && F::width > 25) {  // decode rounds to float
        held = F::decode(again, scale) == value ||
               F::from_bits(again) == std::numeric_limits<F>::max();
      }
    } else if (F::role(0) == BitRole::level) {
      held = F::decode(again, scale) == value;  // several codes of Mono share it
    }
    wrong += static_cast<int>(!held);
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(codec_law, test::AllFormats);

TEST_CASE_TEMPLATE_DEFINE("law: encoding keeps order", F, order_law) {
  const auto scale = some_scale<F>();
  const auto xs = reals();
  int wrong = 0;
  for (std::size_t i = 1; i < xs.size(); ++i) {
    const float a = F::decode(F::encode(xs[i - 1], scale), scale);
    const float b = F::decode(F::encode(xs[i], scale), scale);
    wrong += static_cast<int>(xs[i - 1] <= xs[i] ? !(a <= b) : !(b <= a));
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(order_law, test::AllFormats);

TEST_CASE_TEMPLATE_DEFINE("law: the fast encoder of floats equals the general rounding", F,
                          encode_law) {
  int wrong = 0;
  for (const float x : reals()) {
    const F general = F::from_dyadic(to_dyadic(x), nearest_even, typename F::Overflow{});
    wrong += static_cast<int>(F::encode(x, {}) != general.bits());
    wrong += static_cast<int>(F{x}.bits() != general.bits());
    wrong += static_cast<int>(F{static_cast<double>(x)}.bits() != general.bits());
    wrong += static_cast<int>(quantize<F>(x).bits() != general.bits());
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(encode_law, test::NumberFormats);

TEST_CASE_TEMPLATE_DEFINE("law: a level times its step is the value, within its bound", F,
                          level_law) {
  if constexpr (F::operand == Operand::level) {
    const auto scale = some_scale<F>();
    int wrong = 0;
    for (const auto code : codes_of<F>()) {
      const std::int32_t level = F::level(code, scale);
      const float product = static_cast<float>(level) * F::step(scale);
      wrong += static_cast<int>(product != F::decode(code, scale));
      wrong += static_cast<int>(level > F::max_level || -std::int64_t{level} > F::max_level);
    }
    CHECK(wrong == 0);
  } else {
    CHECK(F::operand == Operand::real);
  }
}
TEST_CASE_TEMPLATE_APPLY(level_law, test::AllFormats);

TEST_CASE_TEMPLATE_DEFINE("law: what a word stores it loads, intact, bit for bit", F, word_law) {
  using Code = typename F::code_type;
  CHECK(F::lanes * F::lane_bits <= F::word_bits);
  Sequence random{5};
  int wrong = 0;
  for (int i = 0; i < 1000; ++i) {
    std::array<Code, static_cast<std::size_t>(F::lanes)> codes{};
    for (Code& code : codes) {
      code = static_cast<Code>(random.next() & low_mask<std::uint64_t>(F::width));
    }
    const auto word = F::store(codes);
    for (int lane = 0; lane < F::lanes; ++lane) {
      wrong += static_cast<int>(extract_bits(word, lane * F::lane_bits, F::lane_bits) !=
                                codes[static_cast<std::size_t>(lane)]);
    }
    std::array<Code, static_cast<std::size_t>(F::lanes)> loaded{};
    wrong += static_cast<int>(F::load(word, loaded) != Check::intact || loaded != codes);
  }
  CHECK(wrong == 0);
}
TEST_CASE_TEMPLATE_APPLY(word_law, test::AllFormats);

TEST_CASE_TEMPLATE_DEFINE("law: every bit of a code has a role", F, role_law) {
  int signs = 0;
  for (int bit = 0; bit < F::width; ++bit) {
    const BitRole role = role_of<F>(bit);
    CHECK(role == F::word_role(bit));
    CHECK(role <= BitRole::plane);  // no check bits, copies or scales in a plain code
    signs += role == BitRole::sign ? 1 : 0;
    CHECK((role != BitRole::sign || bit == F::width - 1));
  }
  CHECK(signs == (F::role(F::width - 1) == BitRole::sign ? 1 : 0));
}
TEST_CASE_TEMPLATE_APPLY(role_law, test::AllFormats);

TEST_CASE_TEMPLATE_DEFINE("law: every bit of a scale can be flipped, and back", F, scale_law) {
  using Scale = typename F::Scale;
  const Scale before = some_scale<F>();
  for (int bit = 0; bit < Scale::width; ++bit) {
    Scale after = before;
    after.flip(bit);
    CHECK(after.test(bit) != before.test(bit));
    CHECK_FALSE(after == before);
    for (int other = 0; other < Scale::width; ++other) {
      CHECK((other == bit || after.test(other) == before.test(other)));
    }
    after.flip(bit);
    CHECK(after == before);
  }
  CHECK(Scale::width >= 0);
}
TEST_CASE_TEMPLATE_APPLY(scale_law, test::AllFormats);

TEST_CASE_TEMPLATE_DEFINE("law: NaN encodes as zero does where a format has none", F, nan_law) {
  const auto scale = some_scale<F>();
  for (const std::uint32_t bits :
       {0x7FC0'0000U, 0xFFC0'0000U, 0x7F80'0001U, 0x7FFF'FFFFU, 0xFFFF'FFFFU, 0x7FC0'1235U}) {
    const auto nan = std::bit_cast<float>(bits);
    if (std::isnan(F::decode(F::encode(nan, scale), scale))) {
      CHECK(std::numeric_limits<F>::has_quiet_NaN);
    } else {
      CHECK(F::encode(nan, scale) == F::encode(0.0F, scale));
    }
  }
}
TEST_CASE_TEMPLATE_APPLY(nan_law, test::AllFormats);

TEST_CASE_TEMPLATE_DEFINE("law: a fit does not stumble over what is not finite", F, fit_law) {
  using Scale = typename F::Scale;
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::array<float, 4> clean{0.5F, -1.0F, 0.125F, 0.75F};
  const std::array<float, 7> dirty{inf, 0.5F, -1.0F, nan, 0.125F, 0.75F, -inf};
  CHECK(F::fit(clean) == F::fit(dirty));
  const Scale empty = F::fit({});
  const std::array<float, 2> zeros{0.0F, -0.0F};
  CHECK(F::fit(zeros) == empty);
  CHECK(std::abs(F::decode(F::encode(0.0F, empty), empty)) < 0.001F);
  CHECK(Scale{} == Scale{});
}
TEST_CASE_TEMPLATE_APPLY(fit_law, test::AllFormats);

}  // namespace
