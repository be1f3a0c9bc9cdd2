// SPDX-License-Identifier: BSL-1.0
/// A picture of which a random stretch has changed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "support/values.hpp"

#include <upset/nn/change.hpp>

namespace upset::test {

/// A value of one picture before and after, and the change as rules take it.
struct ChangedPicture {
  Tensor golden;
  Tensor now;
  Change change;

  /// Half of the values of a random stretch change, of at most `most` values; none if `most` is 0.
  ChangedPicture(const Shape& shape, Values& values,
                 std::size_t most = static_cast<std::size_t>(-1))
      : golden(values.uniform(shape.with_batch(1), -1.0F, 1.0F)), now(golden) {
    change.values.assign(golden.size(), 99.0F);  // stale outside of the stretch
    change.begin = most == 0 ? 0 : values.below(golden.size());
    change.end =
        most == 0 ? 0
                  : change.begin + 1 + values.below(std::min(most, golden.size() - change.begin));
    for (std::size_t i = change.begin; i < change.end; ++i) {
      now[i] = values.below(2) == 0 ? now[i] : values.uniform(-2.0F, 2.0F);
      change.values[i] = now[i];
    }
  }
  [[nodiscard]] ChangedInput changed() const { return {golden.values(), &change}; }
};

/// The whole value that `change` says `golden` has become.
[[nodiscard]] inline std::vector<float> value_after(std::span<const float> golden,
                                                    const Change& change) {
  std::vector<float> value(golden.begin(), golden.end());
  for (std::size_t i = change.begin; i < change.end; ++i) {
    value[i] = change.values[i];
  }
  return value;
}

}  // namespace upset::test
