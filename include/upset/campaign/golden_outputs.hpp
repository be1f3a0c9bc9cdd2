// SPDX-License-Identifier: BSL-1.0
/// Fault-free outputs, kept from one call of an engine to the next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <vector>

#include <upset/nn/network.hpp>

namespace upset::detail {

/// What a network without faults makes of pictures, for all threads of an engine: of the first
/// pictures, as many as fit. The network and the pictures must stay as they are.
class GoldenOutputs {
 public:
  /// Scores of a million pictures in ten classes, or masks of a few large pictures.
  static constexpr std::size_t most_bytes = std::size_t{64} << 20U;

  GoldenOutputs(const Shape& output, std::size_t pictures, std::size_t bytes = most_bytes)
      : outputs_(Tensor::uninitialized(
            output.with_batch(std::min(pictures, bytes / sizeof(float) / output.size())))),
        is_known_(outputs_.batch(), false) {}

  /// The outputs of pictures `first` to `first + count - 1`: those kept, or else `compute()`.
  template <class Compute>
  [[nodiscard]] Tensor get(std::size_t first, std::size_t count, Compute compute) {
    if (first + count > is_known_.size()) {
      return compute();
    }
    const auto begin = is_known_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = begin + static_cast<std::ptrdiff_t>(count);
    {
      const std::lock_guard lock(mutex_);
      if (std::find(begin, end, false) == end) {
        return outputs_.rows(first, count);
      }
    }
    Tensor outputs = compute();
    const std::lock_guard lock(mutex_);
    std::ranges::copy(outputs.values(), outputs_.row(first).begin());
    std::fill(begin, end, true);
    return outputs;
  }

 private:
  std::mutex mutex_{};
  Tensor outputs_;
  std::vector<bool> is_known_;  // per picture
};

}  // namespace upset::detail
