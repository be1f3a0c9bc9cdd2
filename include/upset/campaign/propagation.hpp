// SPDX-License-Identifier: BSL-1.0
/// What faults make of the output of a network, by computing what they change and nothing else.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <upset/campaign/jumps.hpp>
#include <upset/campaign/output_bound.hpp>
#include <upset/campaign/tails.hpp>
#include <upset/core/aligned_allocator.hpp>
#include <upset/nn/change_rules.hpp>
#include <upset/nn/network.hpp>

namespace upset {

/// Faults in one node.
struct FaultyNode {
  std::size_t node = 0;
  NodeFaults faults;
  bool is_whole = false;  ///< only `forward` of the refreshed layer knows what they do
};

/// Computes outputs under faults from fault-free values kept for some pictures at a time.
///
/// Owned by one thread, and refers to its network, whose layers stay where they are.
/// - cost: memory for every node's value for each picture kept, and once for those of a run that
/// are
///         needed at the same time
class Propagation {
 public:
  /// With `bound`, which may be null, runs end where it shows that the class stays the same.
  explicit Propagation(const Network& network, const OutputBound* bound = nullptr)
      : network_(&network),
        bound_(bound),
        rules_(make_rules(network)),
        last_reader_(network.last_readers()),
        jumps_(network),
        tails_(network, rules_, jumps_) {
    const auto nodes = network.nodes();
    last_reader_.back() = nodes.size();
    share_changes();
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      std::vector<Shape> shapes;
      for (const std::size_t from : nodes[n].inputs) {
        shapes.push_back(from == Network::input ? network.input_shape() : nodes[from].shape);
      }
      const AnyLayer& layer = nodes[n].layer;
      is_product_.push_back(layer.kind() == "Conv2d" || layer.kind() == "Dense");
      wholes_.push_back(std::make_unique<WholeChange<AnyLayer>>(layer, std::move(shapes)));
      AlignedVector<float>& values = change(n).values;
      values.resize(std::max(values.size(), nodes[n].shape.size()));
    }
  }

  Propagation(const Propagation&) = delete;  // its functions refer to it
  Propagation& operator=(const Propagation&) = delete;
  ~Propagation() = default;

  [[nodiscard]] const Network& network() const { return *network_; }

  /// Computes the fault-free values of a picture [1, input_shape] and keeps them in `slot`.
  void keep(std::size_t slot, Tensor x) {
    if (slots_.size() <= slot) {
      slots_.resize(slot + 1);
    }
    slots_[slot].values = network_->forward_all(x);
    slots_[slot].x = std::move(x);
    slots_[slot].room = bound_ == nullptr ? 0 : bound_->room(golden_output(slot));
    slots_[slot].is_known.assign(rules_.size(), false);
    slots_[slot].last_near = jumps_.last_near([&](std::size_t node) { return golden(slot, node); });
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
  ///
  /// Stops as well, and the result is suspect and means nothing, where rounding may decide what
  /// becomes of it, see `JumpTest`, or bits are flipped of what is off by rounding.
  ///
  /// Where `may_park` and so much has changed that the rest had better be computed with other
  /// pictures, `parked()` is the node to go on with, and the result means nothing. By then only
  /// weights are left to be hit, if any, of layers that have been refreshed.
  [[nodiscard]] const Change& run(std::size_t slot, std::span<const FaultyNode> faults,
                                  bool early_exit = true, bool may_park = false) {
    const auto nodes = network_->nodes();
    Change& output = change(nodes.size() - 1);
    output.set_none();
    parked_ = nodes.size();
    is_settled_ = false;
    if (faults.empty()) {
      return output;
    }
    const auto is_refreshed = [](const FaultyNode& each) {
      return each.faults.is_refreshed && each.faults.activation_bits.empty();
    };
    bool is_suspect = false;
    bool is_exact = true;
    const std::size_t start = faults.front().node;
    start_ = start;
    std::size_t reach = start;  // the last node that reads something changed
    std::size_t next = 0;       // of the faults
    for (std::size_t n = start; n < nodes.size() && !is_suspect; ++n) {
      const FaultyNode* const fault =
          next < faults.size() && faults[next].node == n ? &faults[next++] : nullptr;
      const bool may_end = early_exit && fault == nullptr && next == faults.size();
      if (may_end && n > reach) {
        break;
      }
      if (may_end && is_product_[n] && slots_[slot].room > 0 && keeps_class(slot, n)) {
        is_settled_ = true;
        break;
      }
      Change& change = this->change(n);
      inputs_.clear();
      bool is_touched = fault != nullptr;
      for (const std::size_t from : nodes[n].inputs) {
        inputs_.push_back(value(slot, from));
        is_touched = is_touched || !inputs_.back().is_none();
      }
      if (!is_touched) {
        change.set_none();
        continue;
      }
      NodeFaults node_faults = fault == nullptr ? NodeFaults{} : fault->faults;
      // a flip is a jump as well, where rounding carries into the bit
      is_suspect =
          !is_exact && (!node_faults.activation_bits.empty() || jumps_.are_near(n, inputs_));
      if (is_suspect) {
        break;
      }
      ChangeRule& rule =
          rules_[n] == nullptr || (fault != nullptr && fault->is_whole) ? *wholes_[n] : *rules_[n];
      const auto left = faults.subspan(fault == nullptr ? next : next - 1);
      node_faults.may_decline = may_park && std::ranges::all_of(left, is_refreshed);
      if (node_faults.may_decline && is_product_[n] && &rule != rules_[n].get()) {
        parked_ = n;
        break;
      }
      if (&rule == rules_[n].get() && !slots_[slot].is_known[n]) {
        rule.keep(slot, golden(slot, nodes[n].inputs[0]), golden(slot, n));
        slots_[slot].is_known[n] = true;
      }
      // a tail that reads nothing else can be computed at once
      std::size_t end = n;
      Change* result = &change;
      if (tails_.end(n) > n && &rule == rules_[n].get() &&
          (next == faults.size() || faults[next].node > tails_.end(n))) {
        result = propagate_with_tail(slot, n, node_faults, rule);
        end = result == nullptr ? n : tails_.end(n);
      } else {
        rule.propagate(slot, inputs_, golden(slot, n), node_faults, change);
      }
      if (result == nullptr) {
        change.set_none();
        continue;
      }
      if (result->is_declined) {
        parked_ = n;
        break;
      }
      is_exact = is_exact && result->is_exact;
      // what rounding left as it was may lie on the other side of a jump, too
      is_suspect = result->is_suspect || (!is_exact && slots_[slot].last_near > n);
      result->trim(golden(slot, end));
      if (!result->is_none()) {
        reach = std::max(reach, last_reader_[end]);
      }
      n = end;
    }
    if (parked_ < nodes.size() && !is_exact && jumps_.last() >= parked_) {
      is_suspect = true;  // nobody would look at what goes into a jump
      parked_ = nodes.size();
    }
    output.is_declined = false;
    output.is_suspect = is_suspect;
    output.is_exact = is_exact;
    return output;
  }

  /// Whether the last run ended because the class stays the same, though values differ.
  [[nodiscard]] bool is_settled() const { return is_settled_; }
  /// Where the last run was given up; the number of nodes if it was not.
  [[nodiscard]] std::size_t parked() const { return parked_; }
  /// Values that nodes from `node` on read and nodes before it have, `Network::input` left out.
  [[nodiscard]] std::vector<std::size_t> live(std::size_t node) const {
    std::vector<std::size_t> found;
    for (std::size_t n = 0; n < node; ++n) {
      if (last_reader_[n] >= node) {
        found.push_back(n);
      }
    }
    return found;
  }
  /// Whether any node from `node` on reads the picture.
  [[nodiscard]] bool reads_input(std::size_t node) const {
    return std::ranges::any_of(network_->nodes().subspan(node), [](const Network::Node& each) {
      return std::ranges::find(each.inputs, Network::input) != each.inputs.end();
    });
  }
  /// Writes the value that a node before `parked()` had in the last run.
  void write(std::size_t slot, std::size_t node, std::span<float> to) const {
    value(slot, node).write(to);
  }

 private:
  /// Null for a node that only `forward` knows.
  [[nodiscard]] static std::vector<std::unique_ptr<ChangeRule>> make_rules(const Network& network) {
    std::vector<std::unique_ptr<ChangeRule>> rules;
    for (const Network::Node& node : network.nodes()) {
      const std::size_t from = node.inputs[0];
      rules.push_back(node.layer.change_rule(from == Network::input ? network.input_shape()
                                                                    : network.nodes()[from].shape));
      if (ValueFunction function = node.layer.value_function();
          rules.back() == nullptr && function) {
        rules.back() =
            std::make_unique<ValueChange>(std::move(function), node.shape[node.shape.rank() - 1]);
      }
    }
    return rules;
  }

  /// Lets nodes whose values are not needed at the same time share one: less memory is in use.
  void share_changes() {
    const std::size_t nodes = rules_.size();
    std::vector<std::size_t> first(nodes);  // node at which a value may be written
    std::iota(first.begin(), first.end(), std::size_t{0});
    for (std::size_t n = 0; n < nodes; ++n) {
      first[tails_.end(n)] = std::min(first[tails_.end(n)], n);
    }
    std::vector<std::size_t> last_use;  // of each place
    for (std::size_t n = 0; n < nodes; ++n) {
      const auto is_free = [&](std::size_t last) { return last < first[n] && n + 1 < nodes; };
      const auto place = std::ranges::find_if(last_use, is_free) - last_use.begin();
      places_.push_back(static_cast<std::size_t>(place));
      last_use.resize(std::max(last_use.size(), places_.back() + 1));
      last_use[places_.back()] = std::max(last_reader_[n], n);
    }
    changes_.resize(last_use.size());
  }
  [[nodiscard]] Change& change(std::size_t node) { return changes_[places_[node]]; }

  /// Whether all changes that nodes from n on read are too small to change the class.
  [[nodiscard]] bool keeps_class(std::size_t slot, std::size_t n) const {
    double left = slots_[slot].room;
    for (std::size_t m = start_; m < n; ++m) {
      const Change& change = changes_[places_[m]];
      if (change.is_none() || last_reader_[m] < n) {
        continue;
      }
      const double gain = bound_->gain(m, n);
      if (!std::isfinite(gain)) {
        return false;
      }
      // the sum of n squares in float is short by n 2^-24 at most
      const double factor = 1.01 * gain;
      left -= factor * change.distance(golden(slot, m), left / factor);
      if (!(left > 0)) {
        return false;
      }
    }
    return true;
  }

  /// The value of a node in the run being computed. Values before its first fault may be left over
  /// from another run.
  [[nodiscard]] ChangedInput value(std::size_t slot, std::size_t node) const {
    const bool is_new = node != Network::input && node >= start_;
    return {golden(slot, node), is_new ? &changes_[places_[node]] : nullptr};
  }

  /// The change of the last node of the tail, or null where the layer changes nothing.
  [[nodiscard]] Change* propagate_with_tail(std::size_t slot, std::size_t n,
                                            const NodeFaults& faults, ChangeRule& rule) {
    const std::size_t end = tails_.end(n);
    Change& change = this->change(end);
    Tail tail = tails_.prepare(n, [this, slot](std::size_t node) { return value(slot, node); });
    tail.golden = golden(slot, end);
    rule.propagate(slot, inputs_, golden(slot, n), faults, tail, change);
    if (change.is_declined) {
      return &change;
    }
    if (change.is_none() && change.is_exact) {
      return nullptr;  // else rounding may have become a jump
    }
    tails_.inherit(n, change);
    return &change;
  }

  struct Slot {
    Tensor x;
    std::vector<Tensor> values;
    double room = 0;
    std::size_t last_near = 0;   // of `Jumps`
    std::vector<bool> is_known;  // per node: its rule has taken the values
  };

  const Network* network_;
  const OutputBound* bound_;
  std::vector<std::unique_ptr<ChangeRule>> rules_;  // null: as a whole
  std::vector<std::unique_ptr<ChangeRule>> wholes_;
  AlignedVector<std::size_t> last_reader_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> places_;  // per node: of its change
  std::vector<Change> changes_;
  std::vector<ChangedInput> inputs_;
  detail::Jumps jumps_;
  detail::Tails tails_;
  std::vector<bool> is_product_;  // per node: has weights to be multiplied
  std::size_t start_ = 0;         // of the last run
  std::size_t parked_ = 0;
  bool is_settled_ = false;
};

}  // namespace upset
