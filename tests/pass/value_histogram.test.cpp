// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/pass/value_histogram.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ValueHistogram: quantiles are those of the sorted values, within a bin") {
  Values draw(1);
  ValueHistogram histogram;
  std::vector<float> all;
  for (const float reach : {1e-6F, 0.1F, 3.0F, 0.5F}) {  // it widens, and takes small ones after
    const Tensor part = draw.uniform({5000}, -reach / 3, reach);
    histogram.add(part.values());
    all.insert(all.end(), part.values().begin(), part.values().end());
  }
  std::ranges::sort(all);
  CHECK(histogram.count() == 20000);
  CHECK(histogram.low() == static_cast<double>(all.front()));
  CHECK(histogram.high() == static_cast<double>(all.back()));
  for (const double share : {0.0, 0.001, 0.25, 0.5, 0.9, 0.999}) {
    const auto exact = static_cast<double>(all[static_cast<std::size_t>(share * 20000)]);
    CHECK(std::abs(histogram.quantile(share) - exact) <= 4.0 / 4096);
  }
}

TEST_CASE("ValueHistogram: NaN and infinities do not count, and none is a range of zero") {
  ValueHistogram histogram;
  CHECK(histogram.low() == 0);
  CHECK(histogram.high() == 0);
  CHECK(histogram.quantile(0.5) == 0);
  const float infinity = std::numeric_limits<float>::infinity();
  const float values[] = {infinity, -infinity, std::nanf(""), 2, std::numeric_limits<float>::max()};
  histogram.add(values);
  CHECK(histogram.count() == 2);
  CHECK(histogram.low() == 2);
}
