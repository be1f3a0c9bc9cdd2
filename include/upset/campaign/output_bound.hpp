// SPDX-License-Identifier: BSL-1.0
/// Which changes of values inside a network cannot change the class it predicts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <span>
#include <vector>

#include <upset/campaign/judge.hpp>
#include <upset/metric/accuracy.hpp>
#include <upset/nn/lipschitz.hpp>
#include <upset/nn/network.hpp>

namespace upset {

/// Bounds of what a change of each node's value does to the logits, from the weights alone; of use
/// for networks of floats, whose layers are continuous.
///
/// - cost: `lipschitz_bound` once of every layer behind which all have one
class OutputBound {
 public:
  explicit OutputBound(const Network& network)
      : readers_(network.size()), largest_error_(largest_error(network)) {
    const auto nodes = network.nodes();
    std::vector<double> to_output(nodes.size(), 0.0);
    const auto* const last = nodes.back().layer.target<Dense<>>();
    last_weight_ = last == nullptr ? Tensor() : last->weight();
    to_output.back() = 1;
    for (std::size_t n = nodes.size(); n-- > 0;) {
      for (const Reader& reader : readers_[n]) {
        to_output[n] += reader.gain;
      }
      for (const std::size_t from : nodes[n].inputs) {
        if (from != Network::input) {
          // behind the last layer distances between classes are known, see `room`
          const bool is_last_dense = n + 1 == nodes.size() && last != nullptr;
          const double own = is_last_dense || !std::isfinite(to_output[n])
                                 ? 1
                                 : lipschitz_bound(nodes[n].layer, nodes[from].shape);
          readers_[from].push_back({n, own * to_output[n]});
        }
      }
    }
    classes_ = network.output_shape()[network.output_shape().rank() - 1];
  }

  /// How much further a change of the value of node `node` can be, measured where `room` is, by way
  /// of the nodes from `next` on: a factor of its Euclidean norm.
  [[nodiscard]] double gain(std::size_t node, std::size_t next) const {
    double sum = 0;
    for (const Reader& reader : readers_[node]) {
      sum += reader.node >= next ? reader.gain : 0;
    }
    return sum;
  }

  /// The distance the input of the last dense layer, or else the output, can go with the class
  /// staying the same, whatever rounding adds: that may move logits by `largest_error` of the
  /// largest. 0 where a logit is not finite.
  [[nodiscard]] double room(std::span<const float> logits) const {
    double room = std::numeric_limits<double>::infinity();
    for (std::size_t first = 0; first < logits.size(); first += classes_) {
      const auto row = logits.subspan(first, classes_);
      const std::size_t best = predicted_class(row);
      double largest = 0;
      for (const float logit : row) {
        if (!std::isfinite(logit)) {
          return 0;
        }
        largest = std::max(largest, std::abs(static_cast<double>(logit)));
      }
      for (std::size_t k = 0; k < classes_; ++k) {
        if (k != best) {
          const double margin = static_cast<double>(row[best]) - static_cast<double>(row[k]) -
                                largest_error_ * largest;
          room = std::min(room, margin / distance(best, k));
        }
      }
    }
    return std::isfinite(room) ? room : 0;
  }

 private:
  struct Reader {
    std::size_t node = 0;
    double gain = 0;  // from the input of that node to where `room` is
  };

  /// How fast the difference of two logits can change.
  [[nodiscard]] double distance(std::size_t a, std::size_t b) const {
    if (last_weight_.size() == 0) {
      return std::numbers::sqrt2;
    }
    const auto weight_a = last_weight_.row(a);
    const auto weight_b = last_weight_.row(b);
    double squares = 0;
    for (std::size_t i = 0; i < weight_a.size(); ++i) {
      const double difference = static_cast<double>(weight_a[i]) - static_cast<double>(weight_b[i]);
      squares += difference * difference;
    }
    return std::sqrt(squares);
  }

  std::vector<std::vector<Reader>> readers_;  // per node
  Tensor last_weight_;  // [classes, I]; empty where the last layer is not dense
  std::size_t classes_ = 0;
  double largest_error_;  // of logits
};

}  // namespace upset
