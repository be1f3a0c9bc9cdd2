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
#include <upset/fault/strata.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/stratified.hpp>

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
  stratum,
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
    case By::stratum:
      return "stratum";
  }
  return "";
}

/// The sum of some trials of a campaign, under the names that they share.
struct BreakdownRow {
  std::vector<std::string> names{};         ///< one for each `By` asked for
  TrialSum sum{};                           ///< of the faults drawn
  std::map<std::size_t, TrialSum> parts{};  ///< of it, by stratum
  /// Whatever had been drawn, all of it would have been from one stratum.
  bool is_of_one_stratum = false;

  void add(std::size_t stratum, const TrialSum& trials) {
    sum += trials;
    parts[stratum] += trials;
  }
  BreakdownRow& operator+=(const BreakdownRow& other) {
    for (const auto& [stratum, trials] : other.parts) {
      add(stratum, trials);
    }
    return *this;
  }
};

/// How the faults of a campaign were chosen, and so what is known of all others.
enum class Drawn : std::uint8_t {
  at_random,  ///< from all of them, or from those of each stratum
  whole,      ///< every one, once: shares have no sampling error
  in_order,   ///< some of them, by their numbers or from a list: no interval is known
};

/// Faults that were drawn on their own.
struct StratumSize {
  std::string name{};
  std::uint64_t bits = 0;
};

/// Adds up trials by the site of their fault. Sums do not depend on the order of trials.
///
/// Shares are those of the memory: where each stratum is sampled on its own, as many faults from a
/// small layer as from a large one, trials of a stratum stand for all of its bits.
class Breakdown {
 public:
  /// The parameter sets that sites count, as `FaultSpace::images()` names them; strata, where
  /// faults were drawn from several, and what these have in common.
  explicit Breakdown(std::vector<std::string> sets, Drawn drawn = Drawn::at_random,
                     std::vector<StratumSize> strata = {},
                     std::optional<StratumOf> stratified_by = {})
      : sets_(std::move(sets)),
        drawn_(drawn),
        strata_(std::move(strata)),
        stratified_by_(stratified_by),
        squares_(strata_.size()) {}

  /// A trial of one fault, drawn from `stratum`; of a burst, the site is that of its first bit.
  ///
  /// - errors: throws `Error` for a set that does not exist, a trial without pictures, or of
  ///           another number of pictures than those before
  /// - cost:   O(log of the bit positions of all sets)
  void add(const Site& site, const Outcomes& outcomes, std::size_t stratum = 0) {
    if (site.set >= sets_.size()) {
      throw Error("A fault in parameter set " + std::to_string(site.set) +
                  " does not fit a breakdown of " + std::to_string(sets_.size()) +
                  " sets; name those of the fault space it was drawn from");
    }
    add(outcomes, stratum);
    finest_[{site.set, site.role, site.bit, stratum}] += TrialSum{outcomes, 1};
  }
  /// A trial of several faults, or of none: it counts in the total alone. Throws as above.
  void add(const Outcomes& outcomes, std::size_t stratum = 0) {
    const std::uint64_t images = total().trials == 0 ? outcomes.images : images_per_trial();
    if (outcomes.images == 0 || outcomes.images != images) {
      throw Error("A trial of " + std::to_string(outcomes.images) +
                  " pictures does not fit a breakdown of trials of " + std::to_string(images) +
                  "; give every trial the same pictures, and at least one");
    }
    whole_.add(stratum, {outcomes, 1});
    for (const Outcomes::Field& field : Outcomes::fields()) {
      if (!strata_.empty()) {
        squares_[stratum].*field.count += outcomes.*field.count * (outcomes.*field.count);
      }
    }
  }

  [[nodiscard]] const TrialSum& total() const { return whole_.sum; }
  [[nodiscard]] Drawn drawn() const { return drawn_; }
  [[nodiscard]] const std::vector<StratumSize>& strata() const { return strata_; }
  [[nodiscard]] std::uint64_t images_per_trial() const {
    return total().trials == 0 ? 0 : total().outcomes.images / total().trials;
  }

  /// A row for all that was hit: sets in their order, bits from the highest down, scales last.
  ///
  /// - example: rows({By::layer, By::bit})
  [[nodiscard]] std::vector<BreakdownRow> rows(const std::vector<By>& by) const;

  /// Share of the fault-images of a row, 0 to 1: of its faults in memory, whichever were drawn.
  [[nodiscard]] double share(const BreakdownRow& row, std::uint64_t Outcomes::*count) const;
  /// Of all that was added, whose strata have trials: one that is `untried` does not count.
  [[nodiscard]] double share(std::uint64_t Outcomes::*count) const { return share(whole_, count); }

  /// Of the share of a row: Wilson's over the faults of one stratum, a point where these are all.
  /// None where the row may span several strata, and where faults were not drawn at random.
  [[nodiscard]] std::optional<Interval> interval(const BreakdownRow& row,
                                                 std::uint64_t Outcomes::*count,
                                                 double confidence = 0.95) const;
  /// Of all that was added: of several strata, that of `stratified`.
  [[nodiscard]] std::optional<Interval> interval(std::uint64_t Outcomes::*count,
                                                 double confidence = 0.95) const;
  /// The share of all faults and its error; none without strata, or where one is `untried`.
  [[nodiscard]] std::optional<StratifiedRate> stratified(std::uint64_t Outcomes::*count,
                                                         double confidence = 0.95) const;
  /// The first stratum without a trial, for which no share of all faults is known;
  /// `strata().size()` if there is none.
  [[nodiscard]] std::size_t untried() const;
  [[nodiscard]] std::uint64_t trials_of(std::size_t stratum) const {
    const auto found = whole_.parts.find(stratum);
    return found == whole_.parts.end() ? 0 : found->second.trials;
  }

 private:
  /// Whether rows with these names have one stratum each.
  [[nodiscard]] bool tell_strata_apart(const std::vector<By>& by) const;

  struct Place {
    std::size_t set;
    BitRole role;
    int bit;
    std::size_t stratum;

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
      case By::stratum:
        return strata_[at.stratum].name;
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
      case By::stratum:
        return static_cast<std::int64_t>(at.stratum);
    }
    return 0;
  }

  std::vector<std::string> sets_;
  Drawn drawn_;
  std::vector<StratumSize> strata_;
  std::optional<StratumOf> stratified_by_;
  std::vector<Outcomes> squares_;  // of each count, summed over the trials of a stratum
  BreakdownRow whole_{};
  std::map<Place, TrialSum> finest_;
};

}  // namespace upset

#include <upset/campaign/breakdown_impl.hpp>
