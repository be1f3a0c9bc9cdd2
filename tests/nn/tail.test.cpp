// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <span>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/tail.hpp>

namespace upset {
namespace {

TEST_CASE("tail: adds, then keeps from below, then applies a function, each if it is there") {
  const std::vector<float> golden{1, 2, 3, 4};
  const ChangedInput added{golden, nullptr};
  const BandFunction function = [](std::size_t first, std::span<float> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] += 100.0F * static_cast<float>(first + i);
    }
  };
  const auto applied = [](const Tail& tail) {
    std::vector<float> values{-2.5F, -9.0F};
    tail.apply(1, values);
    return values;
  };
  Tail tail;
  CHECK(tail.is_none());
  CHECK(applied(tail) == std::vector<float>{-2.5F, -9});
  tail.added = &added;
  CHECK_FALSE(tail.is_none());
  CHECK(applied(tail) == std::vector<float>{-0.5F, -6});
  tail.least = -1;
  CHECK(applied(tail) == std::vector<float>{-0.5F, -1});
  tail.function = &function;
  CHECK(applied(tail) == std::vector<float>{99.5F, 199});
  tail.added = nullptr;
  CHECK(applied(tail) == std::vector<float>{99, 199});
  tail.least = no_least;
  CHECK(applied(tail) == std::vector<float>{97.5F, 191});
  tail.function = nullptr;
  CHECK(tail.is_none());
  tail.least = 0;
  CHECK_FALSE(tail.is_none());
}

TEST_CASE("tail: applied once to all of a change, extended to what it changes by itself") {
  test::Values values(1);
  std::size_t wrong = 0;
  for (std::size_t trial = 0; trial < 300; ++trial) {
    const std::size_t channels = 1 + values.below(3000);  // more than are done together, too
    const std::size_t size = (1 + values.below(6)) * channels;
    const std::vector<float> y(size, 1.0F);
    const BandFunction function = [](std::size_t first, std::span<float> band) {
      for (std::size_t i = 0; i < band.size(); ++i) {
        band[i] = -2 * band[i] + static_cast<float>((first + i) % 1024);
      }
    };
    Tail tail{.function = &function, .begin = size};
    if (trial % 2 == 0) {
      tail.begin = values.below(size);
      tail.end = tail.begin + 1 + values.below(size - tail.begin);
    }
    Change to;
    to.values.assign(size, 3.0F);
    to.begin = values.below(size / channels) * channels;
    to.end = to.begin + channels;
    const std::size_t begin = to.begin;
    const std::size_t end = to.end;
    tail.apply(channels, to);
    tail.extend(y, to);
    wrong += to.begin <= begin && end <= to.end ? 0U : 1U;
    wrong += tail.begin >= tail.end || (to.begin <= tail.begin && tail.end <= to.end) ? 0U : 1U;
    for (std::size_t i = to.begin; i < to.end; ++i) {
      const float before = begin <= i && i < end ? 3.0F : 1.0F;
      wrong += to.values[i] == -2 * before + static_cast<float>(i % 1024) ? 0U : 1U;
    }
  }
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace upset
