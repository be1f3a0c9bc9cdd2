// SPDX-License-Identifier: BSL-1.0
/// Draws from several strata, one after the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace upset {

/// Takes one draw from each stratum by turns, so that wherever it stops no stratum is far ahead; a
/// stratum that has all its draws is passed over.
class Turns {
 public:
  struct Draw {
    std::size_t stratum = 0;
    std::uint64_t number = 0;  ///< of the stratum's draws

    [[nodiscard]] friend constexpr bool operator==(const Draw&, const Draw&) = default;
  };

  /// All draws are of stratum 0.
  Turns() = default;
  /// `counts`: draws of each stratum.
  explicit Turns(const std::vector<std::uint64_t>& counts) {
    std::vector<std::uint64_t> ends = counts;
    std::ranges::sort(ends);
    Stretch next;
    for (const std::uint64_t end : ends) {
      if (end == next.round) {
        continue;
      }
      next.open.clear();
      for (std::size_t h = 0; h < counts.size(); ++h) {
        if (counts[h] > next.round) {
          next.open.push_back(h);
        }
      }
      stretches_.push_back(next);
      next.first += (end - next.round) * next.open.size();
      next.round = end;
    }
  }

  /// What turn `turn` takes; below the sum of the counts.
  [[nodiscard]] Draw operator()(std::uint64_t turn) const {
    if (stretches_.empty()) {
      return {0, turn};
    }
    const Stretch& at = *std::prev(std::ranges::upper_bound(stretches_, turn, {}, &Stretch::first));
    return {at.open[(turn - at.first) % at.open.size()],
            at.round + (turn - at.first) / at.open.size()};
  }

 private:
  /// Turns in which the same strata have draws left.
  struct Stretch {
    std::uint64_t first = 0;
    std::uint64_t round = 0;
    std::vector<std::size_t> open{};
  };
  std::vector<Stretch> stretches_{};
};

}  // namespace upset
