// SPDX-License-Identifier: BSL-1.0
/// Where in a network the rounding of a float sum may become a whole step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <upset/nn/change.hpp>
#include <upset/nn/network.hpp>

namespace upset::detail {

/// The layers of a network that jump, see `JumpTest`. Refers to the network.
class Jumps {
 public:
  explicit Jumps(const Network& network) : network_(&network) {
    for (const Network::Node& node : network.nodes()) {
      tests_.push_back(node.layer.jump_test());
      last_ = tests_.back() ? tests_.size() - 1 : last_;
    }
  }

  /// The last node that jumps; 0 where none does but one that reads the picture, which is exact.
  [[nodiscard]] std::size_t last() const { return last_; }
  /// Whether values that node n reads, inexact ones, may lie on the other side of a jump.
  [[nodiscard]] bool are_near(std::size_t n, std::span<const float> values) const {
    return tests_[n] && tests_[n](values);
  }
  /// The same of those among its inputs that are changed.
  [[nodiscard]] bool are_near(std::size_t n, std::span<const ChangedInput> inputs) const {
    return tests_[n] && std::ranges::any_of(inputs, [&](const ChangedInput& x) {
             return !x.is_none() &&
                    are_near(n, std::span<const float>(x.change->values)
                                    .subspan(x.change->begin, x.change->end - x.change->begin));
           });
  }
  /// The last node of which the fault-free input, `golden(node)`, lies near a jump; 0 where none
  /// does. What rounding leaves as it is may lie on the other side there.
  template <class Golden>
  [[nodiscard]] std::size_t last_near(Golden golden) const {
    std::size_t n = last_;
    while (n > 0 && !are_near(n, golden(network_->nodes()[n].inputs[0]))) {
      --n;
    }
    return n;
  }

 private:
  const Network* network_;
  std::vector<JumpTest> tests_;  // per node; empty where it is continuous
  std::size_t last_ = 0;
};

}  // namespace upset::detail
