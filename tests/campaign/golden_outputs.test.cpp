// SPDX-License-Identifier: BSL-1.0
#include <cstddef>

#include <doctest/doctest.h>

#include <upset/campaign/golden_outputs.hpp>
#include <upset/core/parallel.hpp>

namespace upset {
namespace {

// Picture n has the scores n, n + 0.5.
[[nodiscard]] Tensor golden_scores(std::size_t first, std::size_t count) {
  Tensor outputs({count, 2});
  for (std::size_t i = 0; i < count; ++i) {
    outputs[2 * i] = static_cast<float>(first + i);
    outputs[2 * i + 1] = outputs[2 * i] + 0.5F;
  }
  return outputs;
}

TEST_CASE("golden outputs: computed once, as far as they fit") {
  detail::GoldenOutputs golden({2}, 10, 6 * 2 * sizeof(float));
  std::size_t computed = 0;
  const auto get = [&](std::size_t first, std::size_t count) {
    const Tensor outputs = golden.get(first, count, [&] {
      computed += count;
      return golden_scores(first, count);
    });
    CHECK(outputs == golden_scores(first, count));
    return computed;
  };
  CHECK(get(0, 3) == 3);
  CHECK(get(0, 3) == 3);
  CHECK(get(1, 1) == 3);
  CHECK(get(2, 3) == 6);  // 3 and 4 are new
  CHECK(get(2, 3) == 6);
  CHECK(get(0, 6) == 12);  // and 5
  CHECK(get(0, 6) == 12);
  CHECK(get(4, 3) == 15);  // 6 does not fit
  CHECK(get(4, 3) == 18);
  CHECK(get(9, 1) == 19);
  CHECK(get(9, 1) == 20);
}

TEST_CASE("golden outputs: none fit") {
  detail::GoldenOutputs golden({513, 513, 21}, 4, 1000);
  std::size_t computed = 0;
  for (int time = 0; time < 2; ++time) {
    (void)golden.get(0, 1, [&] {
      ++computed;
      return Tensor();
    });
  }
  CHECK(computed == 2);
}

TEST_CASE("golden outputs: several threads share them") {
  detail::GoldenOutputs golden({2}, 100);
  std::size_t wrong = 0;
  parallel_for(4, 400, [&](std::size_t, std::size_t task) {
    const std::size_t first = task % 10 * 10;
    const Tensor found = golden.get(first, 10, [&] { return golden_scores(first, 10); });
    if (found != golden_scores(first, 10)) {
      throw Error("picture " + std::to_string(first));
    }
  });
  const Tensor all = golden.get(0, 100, [&] {
    ++wrong;
    return golden_scores(0, 100);
  });
  CHECK(all == golden_scores(0, 100));
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace upset
