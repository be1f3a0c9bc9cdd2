// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <set>
#include <string_view>

#include <doctest/doctest.h>

#include <upset/campaign/outcome.hpp>

namespace upset {
namespace {

TEST_CASE("outcomes: every count has one field, and sums add each") {
  Outcomes outcomes;
  std::uint64_t value = 1;
  std::set<std::string_view> names;
  for (const Outcomes::Field& field : Outcomes::fields()) {
    outcomes.*field.count = value++;
    names.insert(field.name);
  }
  CHECK(names.size() == Outcomes::fields().size());
  static_assert(sizeof(Outcomes) == Outcomes::fields().size() * sizeof(std::uint64_t));

  Outcomes sum = outcomes;
  sum += outcomes;
  value = 1;
  for (const Outcomes::Field& field : Outcomes::fields()) {
    CHECK(outcomes.*field.count == value);
    CHECK(sum.*field.count == 2 * value++);
  }
  CHECK(sum != outcomes);
}

TEST_CASE("outcomes: differences are named") {
  Outcomes found{.images = 3, .masked = 1, .critical = 2};
  const Outcomes expected{.images = 3, .changed = 1, .critical = 2};
  CHECK(differences(found, expected) == "masked 1 against 0, changed 0 against 1");
  CHECK(differences(found, found).empty());
}

}  // namespace
}  // namespace upset
