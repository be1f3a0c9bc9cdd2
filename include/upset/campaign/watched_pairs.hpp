// SPDX-License-Identifier: BSL-1.0
/// Outcomes that are to be verified, on their way into the sums.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include <upset/campaign/outcome.hpp>
#include <upset/campaign/trial.hpp>

namespace upset::detail {

/// Keeps the outcomes of some pairs of a trial and a picture apart until they have been looked at.
class WatchedPairs {
 public:
  struct Found {
    Outcomes outcomes{};
    bool is_exact = true;  ///< else masked and changed may not be told apart
  };

  void watch(const PreparedTrial& trial, std::size_t image) { pairs_.try_emplace({&trial, image}); }

  /// Where the outcome of a pair is to be added: `sum`, unless it is watched.
  [[nodiscard]] Outcomes& place(const PreparedTrial& trial, std::size_t image, Outcomes& sum,
                                bool is_exact = true) {
    const auto found = pairs_.find({&trial, image});
    if (found == pairs_.end()) {
      return sum;
    }
    found->second.is_exact = found->second.is_exact && is_exact;
    return found->second.outcomes;
  }

  /// What was added for a pair that is watched.
  [[nodiscard]] const Found& found(const PreparedTrial& trial, std::size_t image) const {
    return pairs_.at({&trial, image});
  }

  /// Calls `add(trial, outcomes)` for every pair, and watches none any more.
  template <class Add>
  void release(Add add) {
    for (const auto& [pair, found] : pairs_) {
      add(*pair.first, found.outcomes);
    }
    pairs_.clear();
  }

 private:
  std::map<std::pair<const PreparedTrial*, std::size_t>, Found> pairs_;
};

}  // namespace upset::detail
