// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <upset/core/fnv1a.hpp>

using namespace upset;

TEST_CASE("fnv1a: the published sums, in one piece or two") {
  static_assert(detail::fnv1a("") == 0xcbf29ce484222325U);
  static_assert(detail::fnv1a("a") == 0xaf63dc4c8601ec8cU);
  static_assert(detail::fnv1a("foobar") == 0x85944171f73967e8U);
  CHECK(detail::fnv1a("bar", detail::fnv1a("foo")) == detail::fnv1a("foobar"));
}
