// SPDX-License-Identifier: BSL-1.0
/// Runs of which so much has changed that their rests are computed together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <upset/campaign/outcome.hpp>
#include <upset/campaign/propagation.hpp>
#include <upset/campaign/trial.hpp>

namespace upset::detail {

/// A picture of a trial, and where its outcome goes.
struct ParkedRun {
  const PreparedTrial* trial = nullptr;
  std::size_t slot = 0;
  std::size_t start = 0;  ///< the first node with faults
  bool is_exact = true;
  Outcomes* to = nullptr;
};

/// Waits at each node for enough runs to make a batch, whose rows are at least twice as fast as a
/// picture by itself.
class ParkedRuns {
 public:
  static constexpr std::size_t batch = 16;

  /// Takes the run that `propagation` has just given up; calls `conclude(run, output)` for all of a
  /// batch when there is one.
  template <class Conclude>
  void add(const Network& network, const Propagation& propagation, const ParkedRun& run,
           Conclude conclude) {
    const std::size_t node = propagation.parked();
    lots_.resize(network.size());
    Lot& lot = lots_[node];
    if (lot.x.size() == 0) {
      lot.live = propagation.live(node);
      lot.known.resize(node);
      for (const std::size_t n : lot.live) {
        lot.known[n] = Tensor(network.nodes()[n].shape.with_batch(batch));
      }
      lot.x = Tensor(network.input_shape().with_batch(batch));
    }
    const std::size_t row = lot.runs.size();
    if (propagation.reads_input(node)) {
      std::ranges::copy(propagation.picture(run.slot).values(), lot.x.row(row).begin());
    }
    for (const std::size_t n : lot.live) {
      propagation.write(run.slot, n, lot.known[n].row(row));
    }
    lot.runs.push_back(run);
    if (lot.runs.size() == batch) {
      compute(network, node, conclude);
    }
  }

  /// Computes all that wait.
  template <class Conclude>
  void finish(const Network& network, Conclude conclude) {
    for (std::size_t node = 0; node < lots_.size(); ++node) {
      compute(network, node, conclude);
    }
  }

 private:
  struct Lot {
    std::vector<std::size_t> live;
    std::vector<Tensor> known;  // per node before: rows of those that are live
    Tensor x;
    std::vector<ParkedRun> runs;
  };

  template <class Conclude>
  void compute(const Network& network, std::size_t node, Conclude conclude) {
    Lot& lot = lots_[node];
    const std::size_t count = lot.runs.size();
    if (count == 0) {
      return;
    }
    Tensor output;
    if (count == batch) {
      output = network.forward_from(node, lot.x, lot.known);
    } else {
      std::vector<Tensor> known(node);
      for (const std::size_t n : lot.live) {
        known[n] = lot.known[n].rows(0, count);
      }
      output = network.forward_from(node, lot.x.rows(0, count), known);
    }
    for (std::size_t row = 0; row < count; ++row) {
      conclude(lot.runs[row], output.row(row));
    }
    lot.runs.clear();
  }

  std::vector<Lot> lots_;  // per node
};

}  // namespace upset::detail
