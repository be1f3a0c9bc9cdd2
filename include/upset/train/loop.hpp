// SPDX-License-Identifier: BSL-1.0
/// Training: batches in, a better network out, the same one for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include <upset/io/batch.hpp>
#include <upset/nn/network.hpp>
#include <upset/train/augment.hpp>
#include <upset/train/checkpoint.hpp>
#include <upset/train/loss.hpp>
#include <upset/train/optimizer.hpp>
#include <upset/train/schedule.hpp>

namespace upset {

/// Where a training is, after a step.
struct TrainProgress {
  std::size_t epoch = 0;   ///< from 0
  std::size_t epochs = 0;  ///< at most
  std::size_t step = 0;    ///< of this epoch, done
  std::size_t steps = 0;   ///< in an epoch
  double loss = 0;         ///< mean over the epoch so far
  double accuracy = 0;     ///< likewise
  double rate = 0;         ///< of this step
};

/// How to train. `threads` and the callback do not change the result; everything else does.
struct TrainOptions {
  std::size_t epochs = 10;
  std::size_t batch = 64;  ///< pictures per step, at most: the steps of an epoch are equal to one
  /// Pictures one thread takes at a time. Batch norm in training sees these alone, and sums of
  /// gradients are grouped by them, so that threads are not what a result depends on.
  std::size_t shard = 32;
  std::function<double(double)> schedule = CosineRate{1e-3};  ///< any `Schedule`
  UpdateRule optimizer = Adam{};
  double scale_rate = 1;  ///< multiplies the rate of learnable scales
  CrossEntropy loss{};
  Augmentation augmentation{};
  Normalisation normalisation{};
  std::uint64_t seed = 1;
  std::size_t threads = 0;           ///< 0: one per core
  double held_out = 0;               ///< share of the pictures that only choose the best epoch
  std::size_t patience = 0;          ///< stop after so many epochs without a better one; 0: never
  std::filesystem::path checkpoint;  ///< written after each epoch, resumed from; empty: none
  std::function<void(const TrainProgress&)> progress;  ///< may throw, to interrupt
};

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
