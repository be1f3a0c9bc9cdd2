// SPDX-License-Identifier: BSL-1.0
/// Pictures whose trials are plain inferences; included by trial_worker.hpp only.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <upset/nn/network.hpp>

namespace upset::detail {

/// A batch of pictures, and what a network without faults makes of them.
class PlainPictures {
 public:
  /// - shape: `pictures` [B, input shape of the network], `golden_output` [B, output shape]
  void take(Tensor pictures, Tensor golden_output) {
    pictures_ = std::move(pictures);
    golden_output_ = std::move(golden_output);
    values_.clear();
  }
  void clear() { take({}, {}); }
  [[nodiscard]] bool is_empty() const { return pictures_.size() == 0; }
  [[nodiscard]] const Tensor& golden_output() const { return golden_output_; }

  /// Prepares for a trial that hits nothing before node `start`, of a network that has no faults
  /// yet. Values of all nodes cost more than an inference, so trials that begin in the first half
  /// do without: sets of many flips, nearly all of them.
  void expect(const Network& network, std::size_t start) {
    if (values_.empty() && start < network.size() && start >= (network.size() + 1) / 2) {
      values_ = network.forward_all(pictures_);
    }
  }
  /// The output of that trial, of the network with its faults.
  [[nodiscard]] Tensor output(const Network& network, std::size_t start, const Pass& pass) const {
    return start == network.size()
               ? golden_output_
               : network.forward_from(values_.empty() ? 0 : start, pictures_, values_, pass);
  }

 private:
  Tensor pictures_;
  Tensor golden_output_;
  std::vector<Tensor> values_;  // of each node, or none
};

}  // namespace upset::detail
