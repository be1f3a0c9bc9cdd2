// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <upset/nn/change.hpp>

namespace upset {
namespace {

// A rule that shows what it inherits.
class Heir final : public ChangeRule {
 public:
  void propagate(std::size_t /*slot*/, std::span<const ChangedInput> inputs,
                 std::span<const float> /*y*/, const NodeFaults& /*faults*/, Change& to) override {
    inherit(inputs, to);
  }
};

TEST_CASE("change rule: a value is no better than those it follows from") {
  const std::vector<float> golden{1};
  for (const bool exact : {false, true}) {
    for (const bool suspect : {false, true}) {
      for (const bool is_none : {false, true}) {
        Change good;
        good.end = 1;
        Change other;
        other.end = is_none ? 0 : 1;
        other.is_exact = exact;
        other.is_suspect = suspect;
        const std::vector<ChangedInput> inputs{
            {golden, &good}, {golden, &other}, {golden, nullptr}};
        Change to;
        to.is_exact = false;  // left over
        to.is_suspect = to.is_declined = true;
        Heir rule;
        rule.propagate(0, inputs, golden, {}, to);
        CHECK(to.is_exact == (is_none || exact));
        CHECK(to.is_suspect == (!is_none && suspect));
        CHECK_FALSE(to.is_declined);
      }
    }
  }
  CHECK_FALSE(Heir().takes_tail());
  CHECK_FALSE(Heir().effect().has_value());
}

}  // namespace
}  // namespace upset
