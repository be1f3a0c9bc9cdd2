// SPDX-License-Identifier: BSL-1.0
/// The faults of a campaign: what each trial hits, by its number.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/campaign/plan.hpp>
#include <upset/campaign/trial.hpp>
#include <upset/fault/blank_image.hpp>
#include <upset/fault/random_order.hpp>
#include <upset/fault/turns.hpp>

namespace upset {

/// From a number to the faults of that trial: a function of the plan and of how the network's
/// memory is laid out, whatever the order, the process or the machine.
///
/// - `single`: a random order of the bits, so that the first trials are a sample as well; divided
///   into strata, by turns a bit of each that has some left
/// - `exhaustive`: trial n hits bit n
/// - `ber`: the trials of the first rate, then those of the next. Trial t of every rate draws from
///   stream (seed, t) as `sample_nested` does, so that a higher rate has all faults of a lower one,
///   and curves are paired
/// - `file`: the rows of the list
class TrialSource {
 public:
  /// Activations are named "layer.input", without their scales, which are stored once and not
  /// once a picture. `listed`: of `file`, bits of `FaultSpace(network.images())`.
  ///
  /// - errors: throws `Error` as `check_plan`, for layers or bits that do not exist, for more
  ///           trials than there are bits and for fewer than strata
  TrialSource(const CampaignPlan& plan, Network& network, std::vector<std::uint64_t> listed = {})
      : plan_(plan), listed_(std::move(listed)) {
    check_plan(plan);
    if (plan.target == Target::weights) {
      for (const NamedImage& image : network.images()) {
        add(image.name, 0, std::make_shared<BlankImage>(*image.image));
      }
    } else {
      const ActivationHook measure = [&](std::size_t node, std::uint64_t, MemoryImage& memory) {
        add(network.nodes()[node].name + ".input", node,
            std::make_shared<BlankImage>(memory, false));
      };
      Pass pass;
      pass.hook = &measure;
      (void)network.forward(Tensor(network.input_shape().with_batch(1)), pass);
    }
    divide(network.images());
    count_trials();
  }

  /// Trials there are; with a margin, at most.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const CampaignPlan& plan() const { return plan_; }
  [[nodiscard]] const FaultSpace& space() const { return space_; }
  /// Names of the parameter sets that sites count.
  [[nodiscard]] std::vector<std::string> sets() const {
    std::vector<std::string> names;
    for (const NamedImage& image : space_.images()) {
      names.push_back(image.name);
    }
    return names;
  }

  [[nodiscard]] TrialFaults faults(std::uint64_t trial) const;

  /// The rate of a trial of `ber`.
  [[nodiscard]] std::optional<double> rate(std::uint64_t trial) const {
    expect(trial);
    return plan_.faults == FaultChoice::ber ? std::optional(plan_.rates[trial / plan_.trials])
                                            : std::nullopt;
  }
  /// Where the fault of a trial is; none of `ber`.
  [[nodiscard]] std::optional<Site> site(std::uint64_t trial) const {
    return plan_.faults == FaultChoice::ber ? std::nullopt
                                            : std::optional(space_.site(bit_of(trial)));
  }
  /// Bits that a trial flips; of activations by rate, those of so many pictures together.
  [[nodiscard]] std::uint64_t flips(std::uint64_t trial, std::uint64_t images) const;

  // -- strata
  [[nodiscard]] std::span<const Stratum> strata() const { return strata_; }
  /// The stratum of a trial.
  [[nodiscard]] std::size_t stratum(std::uint64_t trial) const { return turns_(trial).stratum; }

 private:
  void add(const std::string& name, std::size_t node, std::shared_ptr<BlankImage> image) {
    images_.push_back({name, image.get()});
    kept_.push_back(std::move(image));
    nodes_.push_back(node);
  }
  void divide(const std::vector<NamedImage>& contents) {
    space_ = FaultSpace(images_);
    if (!plan_.layers.empty()) {
      space_ = space_.only_any_named(plan_.layers);
    }
    if (!plan_.bits.empty()) {
      space_ = space_.only_bits(plan_.bits);
    }
    if (plan_.stratify) {
      strata_ = upset::strata(space_, *plan_.stratify, contents);
    }
    if (plan_.faults == FaultChoice::single) {
      for (std::size_t h = 0; h < std::max<std::size_t>(strata_.size(), 1); ++h) {
        orders_.emplace_back(strata_.empty() ? space_.bit_count() : strata_[h].space.bit_count(),
                             plan_.seed, h);
      }
    }
  }
  void count_trials();

  void expect(std::uint64_t trial) const {
    if (trial >= size_) {
      throw Error("Trial " + std::to_string(trial) + " lies outside a campaign of " +
                  std::to_string(size_) + " trials");
    }
  }
  /// The bit of `space_` that a trial of one fault hits.
  [[nodiscard]] std::uint64_t bit_of(std::uint64_t trial) const {
    expect(trial);
    if (plan_.faults != FaultChoice::single) {
      return plan_.faults == FaultChoice::file ? listed_[trial] : trial;
    }
    const Turns::Draw at = turns_(trial);
    const RandomOrder& order = orders_[at.stratum];
    const std::uint64_t bit = order(at.number);
    return strata_.empty() ? bit : space_.index_of(strata_[at.stratum].space.site(bit));
  }

  CampaignPlan plan_;
  std::vector<std::uint64_t> listed_;
  std::vector<std::shared_ptr<BlankImage>> kept_{};
  std::vector<NamedImage> images_{};
  std::vector<std::size_t> nodes_{};  // of activations, per image
  FaultSpace space_{{}};
  std::vector<Stratum> strata_{};
  std::vector<RandomOrder> orders_{};  // per stratum
  Turns turns_{};
  std::uint64_t size_ = 0;
};

inline void TrialSource::count_trials() {
  const std::uint64_t bits = space_.bit_count();
  const bool is_ber = plan_.faults == FaultChoice::ber;
  if (plan_.faults == FaultChoice::file) {
    size_ = plan_.trials == 0 ? listed_.size() : plan_.trials;
    if (listed_.empty() || size_ > listed_.size()) {
      throw Error("The list has " + std::to_string(listed_.size()) +
                  " faults; ask for at least one trial and at most as many");
    }
    for (const std::uint64_t bit : listed_) {
      (void)space_.place(bit);  // throws
    }
    return;
  }
  if (!is_ber && plan_.trials > bits) {
    throw Error("There are " + std::to_string(bits) + " bits to hit, fewer than " +
                std::to_string(plan_.trials) + " trials; choose exhaustive faults to try each");
  }
  if (is_ber && plan_.trials > std::numeric_limits<std::uint32_t>::max()) {
    throw Error("A bit error rate has fewer than 2^32 trials, not " + std::to_string(plan_.trials));
  }
  if (plan_.trials > 0 && plan_.trials < strata_.size()) {
    throw Error("There are " + std::to_string(strata_.size()) + " strata, more than " +
                std::to_string(plan_.trials) +
                " trials; give at least a trial for each, or no strata");
  }
  size_ = is_ber ? plan_.rates.size() * plan_.trials : plan_.trials == 0 ? bits : plan_.trials;
  if (!strata_.empty()) {
    turns_ = Turns(allocate_equally(size_, sizes_of(strata_)));
  }
}

inline TrialFaults TrialSource::faults(std::uint64_t trial) const {
  expect(trial);
  TrialFaults result;
  result.key = trial;
  if (plan_.faults != FaultChoice::ber) {
    const FaultSpace::Address at = space_.address(bit_of(trial));
    if (plan_.target == Target::weights) {
      result.weights.push_back(at);
    } else {
      result.activations.push_back({nodes_[at.image], at.bit});
    }
    return result;
  }
  const auto rates = std::span(plan_.rates).subspan(trial / plan_.trials);
  const std::uint64_t stream = trial % plan_.trials;
  if (plan_.target == Target::activations) {
    result.key = stream;  // of which the engine draws
    result.activation_rate = rates.front();
    result.higher_rates.assign(rates.begin() + 1, rates.end());
    result.seed = plan_.seed;
    return result;
  }
  Random random(plan_.seed, stream);
  for (const std::uint64_t bit : sample_nested(space_.bit_count(), rates, random)) {
    result.weights.push_back(space_.address(bit));
  }
  return result;
}

inline std::uint64_t TrialSource::flips(std::uint64_t trial, std::uint64_t images) const {
  if (plan_.faults != FaultChoice::ber) {
    return 1;
  }
  const TrialFaults drawn = faults(trial);
  std::uint64_t flips = drawn.weights.size();
  for (std::uint64_t image = 0; drawn.activation_rate > 0 && image < images; ++image) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      flips += detail::drawn_flips(drawn, nodes_[i], image, images_[i].image->bit_count()).size();
    }
  }
  return flips;
}

}  // namespace upset
