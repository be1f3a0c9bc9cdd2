// SPDX-License-Identifier: BSL-1.0
#include <doctest/doctest.h>

#include <upset/campaign/plan_text.hpp>

namespace upset {
namespace {

TEST_CASE("plan text: all that differs is named, in the order of the second plan") {
  const PlanText there{{"network", "a"}, {"seed", "1"}, {"guard", "none"}};
  CHECK(plan_differences(there, there, "here") == "");
  CHECK(plan_differences(there, {{"guard", "none"}, {"network", "a"}, {"seed", "1"}}, "here") ==
        "");
  CHECK(plan_differences(there, {{"seed", "2"}, {"bits", "7"}, {"network", "a"}}, "in shard 2") ==
        "seed is 1 there and 2 in shard 2; bits is absent there and 7 in shard 2; guard is none "
        "there and absent in shard 2");
}

}  // namespace
}  // namespace upset
