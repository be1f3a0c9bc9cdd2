// SPDX-License-Identifier: BSL-1.0
/// Training: batches in, a better network out, the same one for any number of threads.
#pragma once

#include <cstddef>
#include <vector>

#include <upset/nn/network.hpp>
#include <upset/train/checkpoint.hpp>
#include <upset/train/options.hpp>

namespace upset {

struct TrainResult {
  std::vector<EpochResult> epochs;
  /// The epoch whose parameters the network has: the last, or the best on what is held out (the
  /// most accurate, of equals the one with the least loss).
  std::size_t best_epoch = 0;
};

/// Trains `network` on `data`, and leaves it encoded.
///
/// Where `options.checkpoint` exists the training goes on from there; the result is the same to
/// the last bit as without the interruption. A finished checkpoint is simply loaded.
///
/// - rounding: the gradient of a batch is the sum of those of its shards, in order, in double
/// - errors:   throws `Error` for options that make no sense, pictures that do not fit the network,
///             a checkpoint of another training, and a loss that is no longer finite
/// - cost:     one set of gradients per shard of a batch
TrainResult train(Network& network, const Dataset& data, const TrainOptions& options);

}  // namespace upset

#include <upset/train/loop_impl.hpp>
