// SPDX-License-Identifier: BSL-1.0
/// A network, and the faults of trials in it; included by trial_worker.hpp only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/campaign/trial.hpp>
#include <upset/fault/fault_space.hpp>
#include <upset/fault/injection.hpp>
#include <upset/nn/network.hpp>

namespace upset::detail {

/// A network of its own, whose weights faults hit and leave again.
class FaultyNetwork {
 public:
  explicit FaultyNetwork(const Network& network)
      : network_(network),
        images_(network_.images()),
        activation_bits_(network_.activation_bits()) {
    for (std::size_t n = 0; n < network_.size(); ++n) {
      node_of_.insert(node_of_.end(), network_.layer(n).images().size(), n);
    }
  }
  FaultyNetwork(const FaultyNetwork&) = delete;  // its images are those of its network
  FaultyNetwork& operator=(const FaultyNetwork&) = delete;
  ~FaultyNetwork() = default;

  [[nodiscard]] const Network& operator*() const { return network_; }
  [[nodiscard]] const Network* operator->() const { return &network_; }

  /// What a trial does, node by node. `effect_of(node)` is asked while its flips are in the memory
  /// of the node and nothing is refreshed: a few weights, or none where the node is to be refreshed
  /// as a whole. The trial must outlive what is returned.
  ///
  /// - errors: throws `Error` for a site that does not exist
  template <class EffectOf>
  [[nodiscard]] PreparedTrial prepare(const TrialFaults& trial, const EffectOf& effect_of) {
    PreparedTrial prepared{.faults = &trial};
    std::vector<PreparedTrial::Node>& nodes = prepared.nodes;
    for (const FaultSpace::Address& at : trial.weights) {
      expect(at);
      const std::size_t node = node_of_[at.image];
      if (nodes.empty() || nodes.back().node != node) {
        nodes.push_back({.node = node, .is_hit = true});
      }
    }
    for (const ActivationFlip& flip : trial.activations) {
      expect(flip);
      auto at = std::ranges::lower_bound(nodes, flip.node, {}, &PreparedTrial::Node::node);
      if (at == nodes.end() || at->node != flip.node) {
        at = nodes.insert(at, {.node = flip.node});
      }
      at->activation_bits.push_back(flip.bit);
    }
    flip_weights(trial);
    for (const FaultSpace::Address& at : trial.weights) {
      prepared.check = std::max(prepared.check, images_[at.image].image->check(at.bit));
    }
    std::size_t hit = 0;
    for (PreparedTrial::Node& node : nodes) {
      if (node.is_hit) {
        std::optional<WeightEffect> effect = effect_of(node.node);
        node.is_whole = !effect;
        node.effect = effect ? std::move(*effect) : WeightEffect{};
      }
      prepared.needs_refresh = prepared.needs_refresh || node.is_whole;
      hit += node.is_hit ? 1U : 0U;
    }
    prepared.needs_refresh =
        prepared.needs_refresh || hit > 1 || (hit > 0 && trial.activation_rate > 0);
    flip_weights(trial);
    refresh(prepared);
    return prepared;
  }

  /// Puts the faults of a trial into the weights, where there are none.
  void hit(const PreparedTrial& trial) {
    flip_weights(*trial.faults);
    refresh(trial);
    is_hit_ = true;
  }
  /// Takes them out again.
  void undo(const PreparedTrial& trial) {
    flip_weights(*trial.faults);
    refresh(trial);
    is_hit_ = false;
  }

  /// Bits flipped in what a node reads of a picture: those of the trial, and those drawn for the
  /// picture.
  [[nodiscard]] std::vector<std::uint64_t> activation_flips(const PreparedTrial& trial,
                                                            std::size_t node,
                                                            std::size_t image) const {
    const auto listed = std::ranges::lower_bound(trial.nodes, node, {}, &PreparedTrial::Node::node);
    std::vector<std::uint64_t> flips;
    if (listed != trial.nodes.end() && listed->node == node) {
      flips = listed->activation_bits;
    }
    if (trial.faults->activation_rate > 0 && activation_bits_[node] > 0) {
      const auto drawn = drawn_flips(*trial.faults, node, image, activation_bits_[node]);
      flips.insert(flips.end(), drawn.begin(), drawn.end());
      std::ranges::sort(flips);
    }
    return flips;
  }
  /// Makes these flips in an inference.
  [[nodiscard]] ActivationHook activation_hook(const PreparedTrial& trial) const {
    return [this, &trial](std::size_t node, std::uint64_t image, MemoryImage& memory) {
      for (const std::uint64_t bit : activation_flips(trial, node, image)) {
        memory.flip(bit);
      }
    };
  }

  /// The output of plain inference with the faults of a trial, from node `start` on, where values
  /// before it are `known`; weights are hit as long as it takes, unless they are.
  [[nodiscard]] Tensor output(const PreparedTrial& trial, std::size_t image, std::size_t start,
                              const Tensor& x, std::span<const Tensor> known) {
    const bool hits = !is_hit_ && !trial.faults->weights.empty();
    if (hits) {
      hit(trial);
    }
    const ActivationHook flip = activation_hook(trial);
    Pass pass;
    pass.first_image = image;
    pass.hook = trial.hits_activations() ? &flip : nullptr;
    Tensor output = network_.forward_from(start, x, known, pass);
    if (hits) {
      undo(trial);
    }
    return output;
  }

 private:
  void expect(const FaultSpace::Address& at) const {
    if (at.image >= images_.size()) {
      throw Error("Memory image " + std::to_string(at.image) + " does not exist: the network has " +
                  std::to_string(images_.size()));
    }
    if (at.bit >= images_[at.image].image->bit_count()) {
      (void)images_[at.image].image->locate(at.bit);  // throws
    }
  }
  void expect(const ActivationFlip& flip) const {
    const std::uint64_t bits = flip.node < network_.size() ? activation_bits_[flip.node] : 0;
    if (flip.bit >= bits) {
      throw Error("Bit " + std::to_string(flip.bit) + " of what node " + std::to_string(flip.node) +
                  " reads does not exist: it has " + std::to_string(bits));
    }
  }

  void flip_weights(const TrialFaults& trial) {
    for (const FaultSpace::Address& at : trial.weights) {
      images_[at.image].image->flip(at.bit);
    }
  }
  void refresh(const PreparedTrial& trial) {
    for (const PreparedTrial::Node& node : trial.nodes) {
      if (node.is_hit) {
        network_.layer(node.node).refresh();
      }
    }
  }

  Network network_;
  std::vector<NamedImage> images_;
  std::vector<std::size_t> node_of_;  // per image
  std::vector<std::uint64_t> activation_bits_;
  bool is_hit_ = false;
};

}  // namespace upset::detail
