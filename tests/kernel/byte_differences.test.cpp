// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/listed_pictures.hpp"
#include <doctest/doctest.h>

#include <upset/kernel/byte_differences.hpp>

namespace upset {
namespace {

using Differences = DifferenceList<std::int8_t>;
using Pictures = test::ListedPictures<std::int16_t>;

[[nodiscard]] std::size_t wrong_bytes(const Differences& list, const Pictures& at) {
  std::vector<int> dense(at.pixels * at.channels, 0);
  std::size_t wrong = list.starts().size() == at.pixels + 1 ? 0 : 1;
  wrong += list.starts().front() == 0 && list.starts().back() == list.size() ? 0U : 1U;
  wrong += list.places().size() == list.size() && list.values().size() == list.size() ? 0U : 1U;
  for (std::size_t pixel = 0; pixel < at.pixels; ++pixel) {
    for (std::size_t n = list.starts()[pixel]; n < list.starts()[pixel + 1]; ++n) {
      const std::size_t place = list.places()[n];
      wrong += place / at.channels == pixel % at.width ? 0U : 1U;
      wrong += n == list.starts()[pixel] || place >= list.places()[n - 1] ? 0U : 1U;
      wrong += list.values()[n] != 0 ? 0U : 1U;
      dense[pixel * at.channels + place % at.channels] += list.values()[n];
    }
  }
  for (std::size_t i = 0; i < dense.size(); ++i) {
    wrong += dense[i] == at.difference(i) ? 0U : 1U;
  }
  return wrong;
}

TEST_CASE("byte differences: every value that differs, in parts where it is more than a byte") {
  test::check_listed_pictures<Differences, std::int16_t>(wrong_bytes);
}

TEST_CASE("byte differences: all that fit bytes, in whole vectors") {
  test::Values values(2);
  std::size_t wrong = 0;
  for (const std::size_t channels : {1U, 5U, 16U, 32U, 64U, 100U}) {
    for (std::size_t trial = 0; trial < 8; ++trial) {
      Pictures at(3, 7, channels, std::size_t{1} << trial, values);
      for (std::size_t i = 0; i < at.now.size(); ++i) {
        const int difference = at.now[i] - at.golden[i];
        at.now[i] = static_cast<std::int16_t>(at.golden[i] + difference / 4);
      }
      Differences list(3, 7, channels);
      at.list_in(list);
      wrong += wrong_bytes(list, at);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("byte differences: the longest row") {
  CHECK(Differences::suits(65536));
  CHECK_FALSE(Differences::suits(65537));
  constexpr std::size_t width = 1024;
  constexpr std::size_t channels = 64;
  const std::vector<std::int16_t> golden(2 * width * channels, 0);
  std::vector<std::int16_t> now = golden;
  now.back() = 3;
  now[width * channels - 1] = -4;
  Differences list(2, width, channels);
  list.clear();
  list.compare(now.data(), golden.data(), 0, 2 * width);
  list.finish();
  REQUIRE(list.size() == 2);
  CHECK(list.places()[0] == 65535);
  CHECK(list.places()[1] == 65535);
  CHECK(list.values()[0] == -4);
  CHECK(list.values()[1] == 3);
  CHECK(list.starts()[width] == 1);
}

}  // namespace
}  // namespace upset
