// SPDX-License-Identifier: BSL-1.0
/// Chains of nodes that are applied to a convolution's value while that is being computed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <upset/campaign/jumps.hpp>
#include <upset/kernel/sum_writer.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/change.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/tail.hpp>

namespace upset::detail {

/// For each node whose rule takes a tail, the nodes after it of which each alone reads the one
/// before and is a function of one value, or adds the value of a node before the first.
///
/// Refers to its network and jumps. One tail at a time is in use: the last one prepared.
class Tails {
 public:
  /// - rules: of each node, null or not
  Tails(const Network& network, std::span<const std::unique_ptr<ChangeRule>> rules,
        const Jumps& jumps)
      : network_(&network), jumps_(&jumps), added_(network.size()) {
    const auto nodes = network.nodes();
    std::vector<std::size_t> readers(nodes.size(), 0);
    for (const Network::Node& node : nodes) {
      functions_.push_back(node.layer.value_function());
      for (const std::size_t from : node.inputs) {
        if (from != Network::input) {
          ++readers[from];
        }
      }
    }
    tails_.resize(nodes.size());
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      std::size_t last = n;
      while (rules[n] != nullptr && rules[n]->takes_tail() && last + 1 < nodes.size() &&
             readers[last] == 1 && continues(n, last + 1)) {
        ++last;
      }
      tails_[n].end = last;
      std::size_t next = n + 1;  // what rules can do themselves, as they write
      tails_[n].adds = next <= last && !functions_[next];
      next += tails_[n].adds ? 1U : 0U;
      if (next <= last && nodes[next].layer.target<ReLU>() != nullptr) {
        tails_[n].least = 0;
        ++next;
      }
      if (next <= last) {
        tails_[n].function = [this, next, last](std::size_t first, std::span<float> values) {
          apply(next, last, values, [=](const ChangedInput& added) { added.add(first, values); });
        };
      }
      tails_[n].of_channel = [this, n, last](std::size_t channel, std::span<float> values) {
        apply(n + 1, last, values, [=](const ChangedInput& added) {  // fault-free
          const std::size_t channels = added.golden.size() / values.size();
          for (std::size_t pixel = 0; pixel < values.size(); ++pixel) {
            values[pixel] += added.golden[pixel * channels + channel];
          }
        });
      };
      for (std::size_t m = n + 1; m <= last; ++m) {
        tails_[n].mixes_channels =
            tails_[n].mixes_channels || (functions_[m] && !nodes[m].layer.is_of_one_value());
      }
    }
  }
  Tails(const Tails&) = delete;  // its functions refer to it
  Tails& operator=(const Tails&) = delete;
  ~Tails() = default;

  /// The last node of the tail of node n; n itself where there is none.
  [[nodiscard]] std::size_t end(std::size_t n) const { return tails_[n].end; }

  /// The tail of node n, where `value_of(node)` is the `ChangedInput` that a node before n, or
  /// `Network::input`, has become.
  template <class ValueOf>
  [[nodiscard]] Tail prepare(std::size_t n, ValueOf value_of) {
    is_near_jump_ = false;
    const NodeTail& kept = tails_[n];
    Tail tail{.least = kept.least, .begin = network_->nodes()[n].shape.size()};
    tail.added = kept.adds ? &added_[n + 1] : nullptr;
    tail.function = kept.function ? &kept.function : nullptr;
    for (std::size_t m = n + 1; m <= end(n); ++m) {
      if (functions_[m]) {
        continue;
      }
      const auto& inputs = network_->nodes()[m].inputs;
      added_[m] = value_of(inputs[0] == m - 1 ? inputs[1] : inputs[0]);
      if (!added_[m].is_none()) {
        const Shape& shape = network_->nodes()[m].shape;
        const std::size_t pixel = shape[shape.rank() - 1];
        tail.begin = std::min(tail.begin, added_[m].change->begin / pixel * pixel);
        tail.end = std::max(tail.end, (added_[m].change->end + pixel - 1) / pixel * pixel);
      }
    }
    if (!tails_[n].mixes_channels && tail.begin >= tail.end) {
      tail.of_channel = &tails_[n].of_channel;
    }
    return tail;
  }
  /// Lets `to` be no better than what the tail of node n, as prepared, has added, and suspect where
  /// rounding may have become a jump.
  void inherit(std::size_t n, Change& to) const {
    for (std::size_t m = n + 1; m <= end(n); ++m) {
      if (!functions_[m] && !added_[m].is_none()) {
        to.is_exact = to.is_exact && added_[m].change->is_exact;
        to.is_suspect = to.is_suspect || added_[m].change->is_suspect;
      }
    }
    to.is_suspect = to.is_suspect || (!to.is_exact && is_near_jump_);
  }

 private:
  struct NodeTail {
    std::size_t end = 0;
    bool adds = false;       // to begin with
    float least = no_least;  // then
    BandFunction function;   // then; empty where nothing is left
    ChannelFunction of_channel;
    bool mixes_channels = false;
  };

  /// Whether node m is a function of each value of node m - 1 and of nodes before n.
  [[nodiscard]] bool continues(std::size_t n, std::size_t m) const {
    const Network::Node& node = network_->nodes()[m];
    const auto is_before = [n](std::size_t from) { return from < n || from == Network::input; };
    if (node.layer.target<Add>() != nullptr) {
      return node.inputs.size() == 2 && ((node.inputs[0] == m - 1 && is_before(node.inputs[1])) ||
                                         (node.inputs[1] == m - 1 && is_before(node.inputs[0])));
    }
    return node.inputs.size() == 1 && node.inputs[0] == m - 1 && static_cast<bool>(functions_[m]);
  }

  // Nodes `first` to `last` of a tail, where `add` adds a value of a node before it to `values`.
  template <class Add>
  void apply(std::size_t first, std::size_t last, std::span<float> values, Add add) {
    for (std::size_t m = first; m <= last; ++m) {
      is_near_jump_ = is_near_jump_ || jumps_->are_near(m, values);
      if (functions_[m]) {
        functions_[m](values);
      } else {
        add(added_[m]);
      }
    }
  }

  const Network* network_;
  const Jumps* jumps_;
  std::vector<ValueFunction> functions_;  // per node; empty where it is none
  std::vector<NodeTail> tails_;           // per node
  std::vector<ChangedInput> added_;       // per node of a tail that adds: what it adds
  bool is_near_jump_ = false;             // of the tail in use, what it was applied to
};

}  // namespace upset::detail
