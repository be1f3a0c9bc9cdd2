// SPDX-License-Identifier: BSL-1.0
/// A trial of an engine: which bits it hits.
#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <upset/fault/fault_space.hpp>
#include <upset/fault/injection.hpp>
#include <upset/fault/sampling.hpp>
#include <upset/nn/change.hpp>

namespace upset {

/// What is computed of a trial; each level gives the outcomes of the one before.
enum class EngineLevel : std::uint8_t {
  o0,  ///< one whole inference per picture
  o1,  ///< from the first node that is hit, behind it fault-free values kept
  o2,  ///< what changes, and nothing else
  o3,  ///< until nothing differs any more
};

/// A bit of what a node reads, in memory order.
struct ActivationFlip {
  std::size_t node = 0;
  std::uint64_t bit = 0;

  [[nodiscard]] friend auto operator<=>(const ActivationFlip&, const ActivationFlip&) = default;
};

/// The faults of one trial.
struct TrialFaults {
  std::uint64_t key = 0;                     ///< number of the trial
  std::vector<FaultSpace::Address> weights;  ///< in images of `Network::images`, ascending
  std::vector<ActivationFlip> activations;   ///< in every picture, ascending
  /// And this share of all activation bits, drawn for each picture by `activation_random(seed, key,
  /// node, picture)`, as `sample_nested` does below the rates of other trials.
  double activation_rate = 0;
  std::vector<double> higher_rates{};  ///< ascending
  std::uint64_t seed = 0;
};

namespace detail {

/// Bits of a node's activations that a trial hits by its rate.
[[nodiscard]] inline std::vector<std::uint64_t> drawn_flips(const TrialFaults& trial,
                                                            std::size_t node, std::uint64_t image,
                                                            std::uint64_t bits) {
  std::vector<double> rates{trial.activation_rate};
  rates.insert(rates.end(), trial.higher_rates.begin(), trial.higher_rates.end());
  Random random = activation_random(trial.seed, trial.key, node, image);
  return sample_nested(bits, rates, random);
}

/// A trial as the workers run it.
struct PreparedTrial {
  struct Node {
    std::size_t node = 0;
    bool is_hit = false;  // in its weights
    bool is_whole = false;
    WeightEffect effect{};
    std::vector<std::uint64_t> activation_bits{};
  };
  const TrialFaults* faults = nullptr;
  std::vector<Node> nodes{};  // ascending
  bool needs_refresh = false;
  Check check = Check::intact;  // the worst of the words hit

  [[nodiscard]] bool hits_activations() const {
    return faults->activation_rate > 0 || !faults->activations.empty();
  }

  /// The first node that is hit; behind it, where faults do nothing but change a few weights, what
  /// they make of these. Trials with equal keys of more than a node have the same outcomes.
  [[nodiscard]] std::vector<std::uint32_t> key() const {
    std::vector<std::uint32_t> key{nodes.empty() ? 0U
                                                 : static_cast<std::uint32_t>(nodes.front().node)};
    if (nodes.size() == 1 && nodes[0].is_hit && !nodes[0].is_whole &&
        nodes[0].activation_bits.empty() && faults->activation_rate == 0) {
      const WeightEffect& effect = nodes[0].effect;
      key.push_back(static_cast<std::uint32_t>(check));
      key.push_back(static_cast<std::uint32_t>(effect.weights.size()));
      for (const WeightEffect::Weight& weight : effect.weights) {
        key.insert(key.end(),
                   {weight.output, weight.k, std::bit_cast<std::uint32_t>(weight.difference)});
      }
      for (const WeightEffect::Bias& bias : effect.biases) {
        key.insert(key.end(), {bias.output, std::bit_cast<std::uint32_t>(bias.value)});
      }
    }
    return key;
  }
};

}  // namespace detail

}  // namespace upset
