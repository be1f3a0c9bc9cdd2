// SPDX-License-Identifier: BSL-1.0
#include <support/static_check.hpp>

#include <upset/core/name.hpp>

namespace {

using upset::Name;

TEST_CASE("name: a template name lists its parameters") {
  UPSET_STATIC_CHECK(upset::template_name("Fixed", 8, 4).view() == "Fixed<8,4>");
  UPSET_STATIC_CHECK(upset::template_name("Guard", upset::template_name("Mono", 16), 64).view() ==
                     "Guard<Mono<16>,64>");
}

TEST_CASE("name: numbers are written in full") {
  UPSET_STATIC_CHECK(Name{}.append(0).view() == "0");
  UPSET_STATIC_CHECK(Name{}.append(-1203).view() == "-1203");
  UPSET_STATIC_CHECK(Name{"x"}.append(10) == Name{"x10"});
  UPSET_STATIC_CHECK(!(Name{"x"} == Name{"y"}));
}

}  // namespace
