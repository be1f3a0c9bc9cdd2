// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <upset/fault/turns.hpp>

namespace upset {
namespace {

TEST_CASE("turns: strata by turns, those that are done passed over") {
  const Turns turns({3, 1, 0, 2});
  const std::vector<Turns::Draw> expected{{0, 0}, {1, 0}, {3, 0}, {0, 1}, {3, 1}, {0, 2}};
  for (std::size_t turn = 0; turn < expected.size(); ++turn) {
    CAPTURE(turn);
    CHECK(turns(turn) == expected[turn]);
  }
}

TEST_CASE("turns: without strata all draws are of one") {
  CHECK(Turns()(0) == Turns::Draw{0, 0});
  CHECK(Turns()(123456789) == Turns::Draw{0, 123456789});
}

TEST_CASE("turns: as many draws as no memory would hold") {
  const Turns turns({std::uint64_t{1} << 62, 2});
  CHECK(turns(3) == Turns::Draw{1, 1});
  CHECK(turns(4) == Turns::Draw{0, 2});
  CHECK(turns((std::uint64_t{1} << 61) + 2) == Turns::Draw{0, std::uint64_t{1} << 61});
}

}  // namespace
}  // namespace upset
