// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/draws.hpp"
#include <doctest/doctest.h>

#include <upset/fault/random_order.hpp>

namespace upset {
namespace {

TEST_CASE("random_order: every number once, for sizes shuffled and enciphered") {
  constexpr std::size_t largest = test::draws(262145, 65537);
  for (const std::uint64_t size : {1U, 2U, 3U, 10U, 65536U, 65537U, 100003U, 131072U, 262145U}) {
    if (size > largest) {
      continue;
    }
    CAPTURE(size);
    const RandomOrder order(size, 5, 2);
    std::vector<bool> seen(size, false);
    std::uint64_t wrong = 0;
    for (std::uint64_t draw = 0; draw < size; ++draw) {
      const std::uint64_t number = order(draw);
      if (number >= size || seen[number]) {
        ++wrong;
      } else {
        seen[number] = true;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("random_order: a function of seed, stream and draw") {
  for (const std::uint64_t size : {1000U, 1U << 20}) {
    const RandomOrder order(size, 5, 2);
    const RandomOrder other_seed(size, 6, 2);
    const RandomOrder other_stream(size, 5, 3);
    std::uint64_t equal = 0;
    for (std::uint64_t draw = 1000; draw-- > 0;) {
      REQUIRE(order(draw) == RandomOrder(order)(draw));
      equal += order(draw) == other_seed(draw) ? 1U : 0U;
      equal += order(draw) == other_stream(draw) ? 1U : 0U;
    }
    CHECK(equal < 20);
    CHECK(RandomOrder(size, 5, 2)(7) == order(7));
  }
}

// 100 cells with 200 expected: chi-square of 99 degrees of freedom is below 149 in 99.9 %.
[[nodiscard]] double chi_square(const std::vector<std::uint64_t>& counts, double expected) {
  double sum = 0;
  for (const std::uint64_t count : counts) {
    const double off = static_cast<double>(count) - expected;
    sum += off * off / expected;
  }
  return sum;
}

TEST_CASE("random_order: draws of one order, and one draw of many, are uniform") {
  constexpr std::size_t each = test::draws(200, 40);
  for (const std::uint64_t size :
       {std::uint64_t{70000}, std::uint64_t{17174144}, std::uint64_t{1} << 40}) {
    CAPTURE(size);
    const RandomOrder order(size, 1);
    std::vector<std::uint64_t> along(100);
    std::vector<std::uint64_t> across(100);
    std::vector<std::uint64_t> pairs(100);  // tenths of a draw and of the one after it
    for (std::uint64_t i = 0; i < 100 * each; ++i) {
      ++along[order(i) / (size / 100 + 1)];
      ++across[RandomOrder(size, i)(3) / (size / 100 + 1)];
      ++pairs[order(i) / (size / 10 + 1) * 10 + order(i + 1) / (size / 10 + 1)];
    }
    CHECK(chi_square(along, each) < 149);
    CHECK(chi_square(across, each) < 149);
    CHECK(chi_square(pairs, each) < 149);
  }
}

TEST_CASE("random_order: nothing past the end") {
  CHECK_THROWS_WITH(static_cast<void>(RandomOrder(10, 1)(10)),
                    "Draw 10 lies outside an order of 10 numbers");
  CHECK_THROWS_WITH(static_cast<void>(RandomOrder(0, 1)(0)),
                    "Draw 0 lies outside an order of 0 numbers");
}

}  // namespace
}  // namespace upset
