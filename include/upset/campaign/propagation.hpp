// SPDX-License-Identifier: BSL-1.0
/// What faults make of the output of a network, by computing what they change and nothing else.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <upset/campaign/output_bound.hpp>
#include <upset/nn/change_rules.hpp>
#include <upset/nn/merge.hpp>
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
  /// With `bound`, which may be null, runs end where it shows that the class stays the same.
  explicit Propagation(const Network& network, const OutputBound* bound = nullptr)
      : network_(&network), bound_(bound) {
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
      functions_.push_back(layer.value_function());
      is_product_.push_back(layer.kind() == "Conv2d" || layer.kind() == "Dense");
      if (rules_.back() == nullptr && functions_.back()) {
        rules_.back() = std::make_unique<ValueChange>(functions_.back());
      }
      wholes_.push_back(std::make_unique<detail::WholeChange>(layer, std::move(shapes)));
      changes_[n].values.resize(nodes[n].shape.size());
    }
    tail_inputs_.resize(nodes.size());
    find_tails();
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
  ///
  /// Where `may_park` and so much has changed that the rest had better be computed with other
  /// pictures, `parked()` is the node to go on with, and the result means nothing. By then only
  /// weights are left to be hit, if any, of layers that have been refreshed.
  [[nodiscard]] const Change& run(std::size_t slot, std::span<const FaultyNode> faults,
                                  bool early_exit = true, bool may_park = false) {
    const auto nodes = network_->nodes();
    Change& output = changes_.back();
    output.set_none();
    parked_ = nodes.size();
    is_settled_ = false;
    if (faults.empty()) {
      return output;
    }
    bool is_suspect = false;
    bool is_exact = true;
    const std::size_t start = faults.front().node;
    start_ = start;
    std::size_t reach = start;  // the last node that reads something changed
    std::size_t next = 0;       // of the faults
    for (std::size_t n = start; n < nodes.size(); ++n) {
      const FaultyNode* const fault =
          next < faults.size() && faults[next].node == n ? &faults[next++] : nullptr;
      if (early_exit && fault == nullptr && n > reach && next == faults.size()) {
        break;
      }
      if (early_exit && next == faults.size() && fault == nullptr && is_product_[n] &&
          slots_[slot].room > 0 && !is_suspect && keeps_class(slot, n)) {
        is_settled_ = true;
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
      NodeFaults node_faults = fault == nullptr ? NodeFaults{} : fault->faults;
      node_faults.may_decline =
          may_park && node_faults.activation_bits.empty() &&
          (fault == nullptr || node_faults.is_refreshed) &&
          std::ranges::all_of(faults.subspan(next), [](const FaultyNode& left) {
            return left.faults.is_refreshed && left.faults.activation_bits.empty();
          });
      if (node_faults.may_decline && is_product_[n] && &rule != rules_[n].get()) {
        parked_ = n;
        break;
      }
      // a tail that reads nothing else can be computed at once
      std::size_t end = n;
      Change* result = &change;
      if (tails_[n].length > 0 && &rule == rules_[n].get()) {
        result = propagate_with_tail(slot, n, start, node_faults, rule);
        end = n + (result == nullptr ? 0 : tails_[n].length);
      } else {
        rule.propagate(slot, inputs_, golden(slot, n), node_faults, change);
      }
      if (result != nullptr && result->is_declined) {
        parked_ = n;
        break;
      }
      if (result == nullptr) {
        change.set_none();
        continue;
      }
      is_suspect = is_suspect || result->is_suspect;
      is_exact = is_exact && result->is_exact;
      result->trim(golden(slot, end));
      if (!result->is_none()) {
        reach = std::max(reach, last_reader_[end]);
      }
      n = end;
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
  /// Writes the value that a node before `parked()` had in the last run.
  void write(std::size_t slot, std::size_t node, std::span<float> to) const {
    ChangedInput{golden(slot, node), node >= start_ ? &changes_[node] : nullptr}.write(to);
  }

 private:
  /// Nodes n + 1 to n + length, of which each alone reads the one before.
  struct ChainTail {
    std::size_t length = 0;
    BandFunction function;
  };

  /// Whether all changes that nodes from n on read are too small to change the class.
  [[nodiscard]] bool keeps_class(std::size_t slot, std::size_t n) const {
    double distance = 0;
    for (std::size_t m = start_; m < n; ++m) {
      const Change& change = changes_[m];
      if (change.is_none() || last_reader_[m] < n) {
        continue;
      }
      const double gain = bound_->gain(m, n);
      if (!std::isfinite(gain)) {
        return false;
      }
      distance +=
          gain * detail::distance(change.values.data() + change.begin,
                                  golden(slot, m).data() + change.begin, change.end - change.begin);
    }
    return distance < slots_[slot].room;
  }

  void find_tails() {
    const auto nodes = network_->nodes();
    std::vector<std::size_t> readers(nodes.size(), 0);
    for (const Network::Node& node : nodes) {
      for (const std::size_t from : node.inputs) {
        if (from != Network::input) {
          ++readers[from];
        }
      }
    }
    tails_.resize(nodes.size());
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      if (rules_[n] == nullptr || !rules_[n]->takes_tail()) {
        continue;
      }
      std::size_t last = n;
      while (last + 1 < nodes.size() && readers[last] == 1 && is_of_tail(n, last + 1)) {
        ++last;
      }
      tails_[n].length = last - n;
      tails_[n].function = [this, n](std::size_t first, std::span<float> values) {
        apply_tail(n, first, values);
      };
    }
  }
  /// Whether node m is a function of each value of node m - 1 and of nodes before n.
  [[nodiscard]] bool is_of_tail(std::size_t n, std::size_t m) const {
    const Network::Node& node = network_->nodes()[m];
    if (node.layer.target<Add>() != nullptr) {
      return node.inputs.size() == 2 &&
             ((node.inputs[0] == m - 1 &&
               (node.inputs[1] < n || node.inputs[1] == Network::input)) ||
              (node.inputs[1] == m - 1 &&
               (node.inputs[0] < n || node.inputs[0] == Network::input)));
    }
    return node.inputs.size() == 1 && node.inputs[0] == m - 1 &&
           static_cast<bool>(node.layer.value_function());
  }

  /// The change of the last node of the tail, or null where the layer changes nothing.
  [[nodiscard]] Change* propagate_with_tail(std::size_t slot, std::size_t n, std::size_t start,
                                            const NodeFaults& faults, ChangeRule& rule) {
    const std::size_t end = n + tails_[n].length;
    Change& change = changes_[end];
    Tail tail{&tails_[n].function, golden(slot, end).size(), 0};
    bool is_exact = true;
    bool is_suspect = false;
    for (std::size_t m = n + 1; m <= end; ++m) {
      for (const std::size_t from : network_->nodes()[m].inputs) {
        if (from != m - 1) {
          const bool is_new = from != Network::input && from >= start;
          tail_inputs_[m] = {golden(slot, from), is_new ? &changes_[from] : nullptr};
          if (!tail_inputs_[m].is_none()) {
            const Change& other = *tail_inputs_[m].change;
            tail.begin = std::min(tail.begin, other.begin);
            tail.end = std::max(tail.end, other.end);
            is_exact = is_exact && other.is_exact;
            is_suspect = is_suspect || other.is_suspect;
          }
        }
      }
    }
    rule.propagate(slot, inputs_, golden(slot, n), faults, tail, change);
    if (change.is_declined) {
      return &change;
    }
    if (change.is_none()) {
      return nullptr;
    }
    change.is_exact = change.is_exact && is_exact;
    change.is_suspect = change.is_suspect || is_suspect;
    for (std::size_t m = n; m < end; ++m) {
      changes_[m].set_none();
    }
    return &change;
  }

  void apply_tail(std::size_t n, std::size_t first, std::span<float> values) const {
    for (std::size_t m = n + 1; m <= n + tails_[n].length; ++m) {
      if (functions_[m]) {
        functions_[m](values);
      } else {
        tail_inputs_[m].add(first, values);
      }
    }
  }

  struct Slot {
    Tensor x;
    std::vector<Tensor> values;
    double room = 0;
  };

  const Network* network_;
  const OutputBound* bound_;
  std::vector<std::unique_ptr<ChangeRule>> rules_;  // null: as a whole
  std::vector<std::unique_ptr<ChangeRule>> wholes_;
  std::vector<std::size_t> last_reader_;
  std::vector<Slot> slots_;
  std::vector<Change> changes_;
  std::vector<ChangedInput> inputs_;
  std::vector<ChainTail> tails_;           // per node; of length 0 where there is none
  std::vector<ValueFunction> functions_;   // per node; empty where it is none
  std::vector<ChangedInput> tail_inputs_;  // per node of a tail that adds: what it adds
  std::vector<bool> is_product_;           // per node: has weights to be multiplied
  std::size_t start_ = 0;                  // of the last run
  std::size_t parked_ = 0;
  bool is_settled_ = false;
};

}  // namespace upset
