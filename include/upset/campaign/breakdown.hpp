// SPDX-License-Identifier: BSL-1.0
/// What faults did, by where they hit: layers, parameter sets, roles, bit positions.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/campaign/outcome.hpp>
#include <upset/core/error.hpp>
#include <upset/fault/site.hpp>
#include <upset/metric/interval.hpp>

namespace upset {

/// The outcomes of trials added up, and how many trials that were.
struct TrialSum {
  Outcomes outcomes{};
  std::uint64_t trials = 0;

  /// Share of the fault-images, 0 to 1; NaN without any. As all trials have the same number of
  /// pictures, it is the mean over trials of each trial's share.
  [[nodiscard]] double share(std::uint64_t Outcomes::*count) const {
    return static_cast<double>(outcomes.*count) / static_cast<double>(outcomes.images);
  }
  /// Wilson's interval of that mean, with trials as what was sampled.
  ///
  /// A fault does much the same to every picture, so 100 faults on 10,000 pictures are 100 draws
  /// and not a million. It speaks of other faults on these pictures, not of other pictures.
  [[nodiscard]] Interval interval(std::uint64_t Outcomes::*count, double confidence = 0.95) const {
    return wilson_mean(share(count), trials, confidence);
  }
  constexpr TrialSum& operator+=(const TrialSum& other) {
    outcomes += other.outcomes;
    trials += other.trials;
    return *this;
  }
  [[nodiscard]] friend constexpr bool operator==(const TrialSum&, const TrialSum&) = default;
};

/// What rows of a breakdown are told apart by.
enum class By : std::uint8_t {
  layer,  ///< "conv1" of "conv1.kernel"
  set,    ///< the memory image: "conv1.kernel"
  role,   ///< "exponent"
  bit,    ///< "31"; bits of scales apart: "scale 31"
};

[[nodiscard]] constexpr std::string_view by_name(By by) {
  switch (by) {
    case By::layer:
      return "layer";
    case By::set:
      return "set";
    case By::role:
      return "role";
    case By::bit:
      return "bit";
  }
  return "";
}

/// The sum of some trials of a campaign, under the names that they share.
struct BreakdownRow {
  std::vector<std::string> names{};  ///< one for each `By` asked for
  TrialSum sum{};
};

/// Adds up trials by the site of their fault. Sums do not depend on the order of trials.
///
/// Shares are those of the faults drawn: where a campaign draws as many faults in a small layer as
/// in a large one, the sum over both is not the share of the whole memory.
class Breakdown {
 public:
  /// The parameter sets that sites count, as `FaultSpace::images()` names them. An `exhaustive`
  /// campaign hit every bit once, so that its shares have no sampling error.
  explicit Breakdown(std::vector<std::string> sets, bool exhaustive = false)
      : sets_(std::move(sets)), exhaustive_(exhaustive) {}

  /// A trial of one fault; of a burst, the site is that of its first bit.
  ///
  /// - errors: throws `Error` for a set that does not exist, a trial without pictures, or of
  ///           another number of pictures than those before
  /// - cost:   O(log of the bit positions of all sets)
  void add(const Site& site, const Outcomes& outcomes) {
    if (site.set >= sets_.size()) {
      throw Error("A fault in parameter set " + std::to_string(site.set) +
                  " does not fit a breakdown of " + std::to_string(sets_.size()) +
                  " sets; name those of the fault space it was drawn from");
    }
    add(outcomes);
    finest_[{site.set, site.role, site.bit}] += TrialSum{outcomes, 1};
  }
  /// A trial of several faults, or of none: it counts in the total alone. Throws as above.
  void add(const Outcomes& outcomes) {
    const std::uint64_t images = total_.trials == 0 ? outcomes.images : images_per_trial();
    if (outcomes.images == 0 || outcomes.images != images) {
      throw Error("A trial of " + std::to_string(outcomes.images) +
                  " pictures does not fit a breakdown of trials of " + std::to_string(images) +
                  "; give every trial the same pictures, and at least one");
    }
    total_ += TrialSum{outcomes, 1};
  }

  [[nodiscard]] const TrialSum& total() const { return total_; }
  [[nodiscard]] bool exhaustive() const { return exhaustive_; }
  [[nodiscard]] std::uint64_t images_per_trial() const {
    return total_.trials == 0 ? 0 : total_.outcomes.images / total_.trials;
  }

  /// A row for all that was hit: sets in their order, bits from the highest down, scales last.
  ///
  /// - example: rows({By::layer, By::bit})
  [[nodiscard]] std::vector<BreakdownRow> rows(const std::vector<By>& by) const;

  /// `TrialSum::interval`; none where the campaign was exhaustive.
  [[nodiscard]] std::optional<Interval> interval(const TrialSum& sum,
                                                 std::uint64_t Outcomes::*count,
                                                 double confidence = 0.95) const {
    return exhaustive_ ? std::nullopt : std::optional(sum.interval(count, confidence));
  }

 private:
  struct Place {
    std::size_t set;
    BitRole role;
    int bit;

    [[nodiscard]] friend auto operator<=>(const Place&, const Place&) = default;
  };

  [[nodiscard]] static std::string layer_of(const std::string& set) {
    return set.substr(0, set.rfind('.'));
  }
  [[nodiscard]] std::string name(const Place& at, By by) const {
    switch (by) {
      case By::layer:
        return layer_of(sets_[at.set]);
      case By::set:
        return sets_[at.set];
      case By::role:
        return std::string(role_name(at.role));
      case By::bit:
        return (at.role == BitRole::scale ? "scale " : "") + std::to_string(at.bit);
    }
    return "";
  }
  /// A number for the name, ascending in the order of rows.
  [[nodiscard]] std::int64_t order(const Place& at, By by) const {
    constexpr std::int64_t after_codes = 1 << 20;
    switch (by) {
      case By::layer:  // the first set of the layer
        return std::ranges::find(sets_, name(at, By::layer), layer_of) - sets_.begin();
      case By::set:
        return static_cast<std::int64_t>(at.set);
      case By::role:
        return static_cast<std::int64_t>(at.role);
      case By::bit:
        return (at.role == BitRole::scale ? after_codes : 0) - at.bit;
    }
    return 0;
  }

  std::vector<std::string> sets_;
  bool exhaustive_;
  TrialSum total_{};
  std::map<Place, TrialSum> finest_;
};

inline std::vector<BreakdownRow> Breakdown::rows(const std::vector<By>& by) const {
  std::map<std::vector<std::int64_t>, BreakdownRow> ordered;
  for (const auto& [place, sum] : finest_) {
    std::vector<std::int64_t> key;
    BreakdownRow row;
    for (const By part : by) {
      key.push_back(order(place, part));
      row.names.push_back(name(place, part));
    }
    BreakdownRow& found = ordered.try_emplace(std::move(key), std::move(row)).first->second;
    found.sum += sum;
  }
  std::vector<BreakdownRow> result;
  for (auto& [key, row] : ordered) {
    result.push_back(std::move(row));
  }
  return result;
}

}  // namespace upset
