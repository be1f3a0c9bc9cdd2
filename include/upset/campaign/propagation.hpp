// SPDX-License-Identifier: BSL-1.0
/// What faults make of the output of a network, by computing what they change and nothing else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <upset/nn/change_rules.hpp>
#include <upset/nn/network.hpp>

namespace upset {

namespace detail {

/// Any layer, as a whole: `forward` of the changed picture.
class WholeChange final : public ChangeRule {
 public:
  WholeChange(const AnyLayer& layer, std::vector<Shape> inputs)
      : layer_(&layer), shapes_(std::move(inputs)) {}

  void propagate(std::size_t /*slot*/, std::span<const ChangedInput> inputs,
                 std::span<const float> y, const NodeFaults& faults, Change& to) override {
    inherit(inputs, to);
    AlignedVector<Tensor> x;
    AlignedVector<const Tensor*> pointers;
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      x.push_back(Tensor::uninitialized(shapes_[n].with_batch(1)));
      inputs[n].write(x.back().values());
    }
    for (const Tensor& tensor : x) {
      pointers.push_back(&tensor);
    }
    const ActivationHook flip = [&](std::size_t, std::uint64_t, MemoryImage& memory) {
      for (const std::uint64_t bit : faults.activation_bits) {
        memory.flip(bit);
      }
    };
    Pass pass;
    pass.hook = faults.activation_bits.empty() ? nullptr : &flip;
    const Tensor result = layer_->forward(pointers, pass);
    std::ranges::copy(result.values(), to.values.begin());
    to.begin = 0;
    to.end = y.size();
  }

 private:
  const AnyLayer* layer_;
  std::vector<Shape> shapes_;
};

}  // namespace detail

/// Faults in one node.
struct FaultyNode {
  std::size_t node = 0;
  NodeFaults faults;
  bool is_whole =
      false;  ///< parameters differ in a way only `forward` of the refreshed layer knows
};

/// Computes outputs under faults from fault-free values kept for some pictures at a time.
///
/// Owned by one thread, and refers to its network, whose layers stay where they are.
/// - cost: memory for every node's value, once and for each picture kept
class Propagation {
 public:
  explicit Propagation(const Network& network) : network_(&network) {
    const auto nodes = network.nodes();
    last_reader_.assign(nodes.size(), 0);
    last_reader_.back() = nodes.size();
    changes_.resize(nodes.size());
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      std::vector<Shape> shapes;
      for (const std::size_t from : nodes[n].inputs) {
        shapes.push_back(from == Network::input ? network.input_shape() : nodes[from].shape);
        if (from != Network::input) {
          last_reader_[from] = n;
        }
      }
      const AnyLayer& layer = nodes[n].layer;
      rules_.push_back(layer.change_rule(shapes[0]));
      if (rules_.back() == nullptr) {
        if (ValueFunction function = layer.value_function()) {
          rules_.back() = std::make_unique<ValueChange>(std::move(function));
        }
      }
      wholes_.push_back(std::make_unique<detail::WholeChange>(layer, std::move(shapes)));
      changes_[n].values.resize(nodes[n].shape.size());
    }
  }

  [[nodiscard]] const Network& network() const { return *network_; }

  /// Computes the fault-free values of a picture [1, input_shape] and keeps them in `slot`.
  void keep(std::size_t slot, Tensor x) {
    if (slots_.size() <= slot) {
      slots_.resize(slot + 1);
    }
    slots_[slot].values = network_->forward_all(x);
    slots_[slot].x = std::move(x);
    const auto nodes = network_->nodes();
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      if (rules_[n] != nullptr) {
        rules_[n]->keep(slot, golden(slot, nodes[n].inputs[0]), golden(slot, n));
      }
    }
  }

  /// Fault-free value of a node for the picture in `slot`.
  [[nodiscard]] std::span<const float> golden(std::size_t slot, std::size_t node) const {
    return node == Network::input ? slots_[slot].x.values() : slots_[slot].values[node].values();
  }
  [[nodiscard]] std::span<const float> golden_output(std::size_t slot) const {
    return golden(slot, rules_.size() - 1);
  }
  [[nodiscard]] const Tensor& picture(std::size_t slot) const { return slots_[slot].x; }
  [[nodiscard]] std::span<const Tensor> golden_values(std::size_t slot) const {
    return slots_[slot].values;
  }

  /// What flips in the parameters of a node do, see `ChangeRule::effect`.
  [[nodiscard]] std::optional<WeightEffect> effect(std::size_t node) const {
    return rules_[node] == nullptr ? std::nullopt : rules_[node]->effect();
  }

  /// The change of the output under faults, which are given in the order of nodes. Stops where
  /// nothing differs any more if `early_exit`. Valid until the next call.
  [[nodiscard]] const Change& run(std::size_t slot, std::span<const FaultyNode> faults,
                                  bool early_exit = true) {
    const auto nodes = network_->nodes();
    Change& output = changes_.back();
    output.set_none();
    if (faults.empty()) {
      return output;
    }
    bool is_suspect = false;
    bool is_exact = true;
    const std::size_t start = faults.front().node;
    std::size_t reach = start;  // the last node that reads something changed
    std::size_t next = 0;       // of the faults
    for (std::size_t n = start; n < nodes.size(); ++n) {
      const FaultyNode* const fault =
          next < faults.size() && faults[next].node == n ? &faults[next++] : nullptr;
      if (early_exit && fault == nullptr && n > reach && next == faults.size()) {
        break;
      }
      Change& change = changes_[n];
      inputs_.clear();
      bool is_touched = fault != nullptr;
      for (const std::size_t from : nodes[n].inputs) {
        // values before the first fault may be left over from another run
        const bool is_new = from != Network::input && from >= start;
        inputs_.push_back({golden(slot, from), is_new ? &changes_[from] : nullptr});
        is_touched = is_touched || !inputs_.back().is_none();
      }
      if (!is_touched) {
        change.set_none();
        continue;
      }
      ChangeRule& rule =
          rules_[n] == nullptr || (fault != nullptr && fault->is_whole) ? *wholes_[n] : *rules_[n];
      rule.propagate(slot, inputs_, golden(slot, n),
                     fault == nullptr ? NodeFaults{} : fault->faults, change);
      is_suspect = is_suspect || change.is_suspect;
      is_exact = is_exact && change.is_exact;
      change.trim(golden(slot, n));
      if (!change.is_none()) {
        reach = std::max(reach, last_reader_[n]);
      }
    }
    output.is_suspect = is_suspect;
    output.is_exact = is_exact;
    return output;
  }

 private:
  struct Slot {
    Tensor x;
    std::vector<Tensor> values;
  };

  const Network* network_;
  std::vector<std::unique_ptr<ChangeRule>> rules_;  // null: as a whole
  std::vector<std::unique_ptr<ChangeRule>> wholes_;
  std::vector<std::size_t> last_reader_;
  std::vector<Slot> slots_;
  std::vector<Change> changes_;
  std::vector<ChangedInput> inputs_;
};

}  // namespace upset
