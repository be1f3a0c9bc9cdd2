// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <vector>

#include "scratch.hpp"
#include <doctest/doctest.h>

#include <upset/io/json_integers.hpp>

using namespace upset;
using nlohmann::json;

TEST_CASE("JSON: whole numbers within their type, and nothing else") {
  CHECK(detail::json_integers<std::int8_t>(json::parse("[1, -128, 127]")) ==
        std::vector<std::int8_t>{1, -128, 127});
  CHECK(detail::json_integer<std::size_t>(json::parse("18446744073709551615")) == ~std::size_t{0});
  for (const char* const text : {"1e40", "1.5", "-1", "18446744073709551616", "\"1\"", "[1]"}) {
    CAPTURE(text);
    CHECK(contains(complaint([&] { (void)detail::json_integer<std::size_t>(json::parse(text)); }),
                   "where a whole number should stand"));
  }
  CHECK(!complaint([] { (void)detail::json_integer<std::int8_t>(json::parse("128")); }).empty());
}
