// SPDX-License-Identifier: BSL-1.0
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <upset/fault/site.hpp>

using namespace upset;

TEST_CASE("Site: named by set, element and bit") {
  CHECK(site_name("conv1.kernel", {0, 17, 31, BitRole::sign}) == "conv1.kernel[17] bit 31");
  CHECK(site_name("conv1.kernel", {0, 2, 3, BitRole::scale}) == "conv1.kernel scale[2] bit 3");
}

TEST_CASE("Site: every role has a name of its own") {
  std::set<std::string_view> names;
  for (const BitRole role :
       {BitRole::sign, BitRole::exponent, BitRole::fraction, BitRole::level, BitRole::plane,
        BitRole::parity, BitRole::check, BitRole::copy, BitRole::scale}) {
    CHECK(!role_name(role).empty());
    names.insert(role_name(role));
  }
  CHECK(names.size() == 9);
}
