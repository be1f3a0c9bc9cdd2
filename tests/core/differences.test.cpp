// SPDX-License-Identifier: BSL-1.0
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/core/differences.hpp>

namespace upset {
namespace {

// Two arrays that differ exactly where `marks` says.
template <class T>
struct Pair {
  std::vector<T> a;
  std::vector<T> b;
};

[[nodiscard]] Pair<std::int16_t> pair_of(const std::vector<bool>& marks, test::Values& values,
                                         std::int16_t) {
  Pair<std::int16_t> pair;
  for (const bool mark : marks) {
    const auto bits = static_cast<std::uint16_t>(values.word());
    const auto flip = static_cast<std::uint16_t>(mark ? 1U << values.below(16) : 0U);
    pair.a.push_back(std::bit_cast<std::int16_t>(bits));
    pair.b.push_back(std::bit_cast<std::int16_t>(static_cast<std::uint16_t>(bits ^ flip)));
  }
  return pair;
}
[[nodiscard]] Pair<float> pair_of(const std::vector<bool>& marks, test::Values& values, float) {
  Pair<float> pair;
  for (const bool mark : marks) {
    const auto bits = static_cast<std::uint32_t>(values.word());  // of any float, NaN as well
    const std::uint32_t flip = mark ? 1U << values.below(32) : 0U;
    pair.a.push_back(std::bit_cast<float>(bits));
    pair.b.push_back(std::bit_cast<float>(bits ^ flip));
  }
  return pair;
}

// How many of the functions answer otherwise than `marks` on the stretch [begin, end).
template <class T>
[[nodiscard]] std::size_t wrong_answers(const std::vector<bool>& marks, const Pair<T>& pair,
                                        std::size_t begin, std::size_t end) {
  std::vector<std::size_t> expected;
  for (std::size_t i = begin; i < end; ++i) {
    if (marks[i]) {
      expected.push_back(i);
    }
  }
  const T* const a = pair.a.data();
  const T* const b = pair.b.data();
  const std::size_t first = expected.empty() ? end : expected.front();
  const std::size_t last = expected.empty() ? begin : expected.back() + 1;
  std::size_t wrong = detail::first_difference(a, b, begin, end) == first ? 0U : 1U;
  wrong += detail::last_difference(a, b, begin, end) == last ? 0U : 1U;
  wrong += detail::same_bits(a + begin, b + begin, end - begin) == expected.empty() ? 0U : 1U;
  return wrong;
}

TEST_CASE_TEMPLATE("differences: every length around the blocks", T, std::int16_t, float) {
  test::Values values(1);
  std::size_t wrong = 0;
  for (std::size_t length = 0; length <= 200; ++length) {
    std::vector<bool> marks(length, false);
    wrong += wrong_answers(marks, pair_of(marks, values, T{}), 0, length);
    // the ends, where blocks begin and stop, and one at random
    for (const std::size_t at :
         {std::size_t{0}, length / 2, length - 1, values.below(length + 1)}) {
      if (at < length) {
        marks.assign(length, false);
        marks[at] = true;
        wrong += wrong_answers(marks, pair_of(marks, values, T{}), 0, length);
      }
    }
    marks.assign(length, true);
    wrong += wrong_answers(marks, pair_of(marks, values, T{}), 0, length);
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("differences: random ones within random stretches", T, std::int16_t, float) {
  test::Values values(2);
  std::size_t wrong = 0;
  for (std::size_t trial = 0; trial < 300; ++trial) {
    const std::size_t length = 1 + values.below(400);
    const std::size_t rarity = std::size_t{1} << values.below(9);  // from all to few
    std::vector<bool> marks(length);
    for (std::size_t i = 0; i < length; ++i) {
      marks[i] = values.below(rarity) == 0;
    }
    const std::size_t begin = values.below(length);
    const std::size_t end = begin + values.below(length - begin + 1);
    wrong += wrong_answers(marks, pair_of(marks, values, T{}), begin, end);
  }
  CHECK(wrong == 0);
}

TEST_CASE("differences: bits are compared, not values") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> a{0.0F, nan, 1.0F, std::numeric_limits<float>::infinity()};
  const std::vector<float> b{-0.0F, nan, 1.0F, std::numeric_limits<float>::infinity()};
  CHECK(detail::first_difference(a.data(), b.data(), 0, a.size()) == 0);
  CHECK(detail::last_difference(a.data(), b.data(), 0, a.size()) == 1);
  CHECK(detail::same_bits(a.data() + 1, b.data() + 1, 3));
  CHECK_FALSE(detail::same_bits(a.data(), b.data(), 1));
}

}  // namespace
}  // namespace upset
