// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <upset/metric/overlap.hpp>

using upset::Count;
using upset::Overlap;

namespace {

/// Scores of three classes that vote for `found`.
std::vector<float> votes(const std::vector<std::size_t>& found) {
  std::vector<float> scores(3 * found.size(), 0.0F);
  for (std::size_t pixel = 0; pixel < found.size(); ++pixel) {
    scores[3 * pixel + found[pixel]] = 1;
  }
  return scores;
}

}  // namespace

TEST_CASE("Overlap: intersections and unions, counted by hand, without what is void") {
  Overlap overlap(3);
  overlap.add(votes({0, 0, 1, 1, 2, 2}), std::vector<std::uint16_t>{0, 1, 1, 2, 1, 3});
  CHECK(overlap.pixels() == Count{2, 5});
  CHECK(overlap.of_class(0) == Count{1, 2});
  CHECK(overlap.of_class(1) == Count{1, 4});
  CHECK(overlap.of_class(2) == Count{0, 2});
  CHECK(overlap.foreground() == Count{3, 4});
  CHECK(overlap.mean() == doctest::Approx((0.5 + 0.25 + 0) / 3));
}

TEST_CASE("Overlap: a class that is nowhere is not part of the mean, and none is NaN") {
  Overlap overlap(3);
  CHECK(std::isnan(overlap.mean()));
  overlap.add(votes({1, 1, 0}), std::vector<std::uint16_t>{1, 1, 1});
  CHECK(overlap.mean() == doctest::Approx((0 + 2.0 / 3) / 2));
}

TEST_CASE("Overlap: sums of parts are those of the whole") {
  Overlap whole(3);
  Overlap first(3);
  Overlap second(3);
  const std::vector<std::uint16_t> there{0, 1, 2};
  whole.add(votes({0, 2, 2}), there);
  first.add(votes({0, 2, 2}), there);
  whole.add(votes({2, 1, 0}), there);
  second.add(votes({2, 1, 0}), there);
  first += second;
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(first.of_class(k) == whole.of_class(k));
  }
  CHECK(first.pixels() == whole.pixels());
  CHECK(first.foreground() == whole.foreground());
}

TEST_CASE("Overlap: another number of scores is refused") {
  Overlap overlap(3);
  const std::vector<float> scores(5);
  try {
    overlap.add(scores, std::vector<std::uint16_t>{0, 0});
    FAIL("nothing was thrown");
  } catch (const upset::Error& error) {
    CHECK(std::string(error.what()) ==
          "There are 2 classes of pixels and 5 scores; give 3 for each pixel");
  }
}
