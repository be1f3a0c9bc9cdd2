// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <upset/campaign/watched_pairs.hpp>

namespace upset {
namespace {

TEST_CASE("watched pairs: outcomes are kept apart until they are released") {
  detail::WatchedPairs pairs;
  const detail::PreparedTrial a;
  const detail::PreparedTrial b;
  Outcomes sum;
  pairs.watch(a, 3);
  pairs.watch(a, 3);  // as often as one likes
  ++pairs.place(a, 3, sum, false).critical;
  ++pairs.place(a, 3, sum).detected;
  ++pairs.place(a, 2, sum).masked;
  ++pairs.place(b, 3, sum, false).masked;
  CHECK(sum == Outcomes{.masked = 2});
  CHECK(pairs.found(a, 3).outcomes == Outcomes{.critical = 1, .detected = 1});
  CHECK_FALSE(pairs.found(a, 3).is_exact);
  pairs.release([&](const detail::PreparedTrial& trial, const Outcomes& found) {
    CHECK(&trial == &a);
    sum += found;
  });
  CHECK(sum == Outcomes{.masked = 2, .critical = 1, .detected = 1});
  pairs.release([&](const auto&, const auto&) { CHECK(false); });
  ++pairs.place(a, 3, sum).critical;
  CHECK(sum.critical == 2);
}

}  // namespace
}  // namespace upset
