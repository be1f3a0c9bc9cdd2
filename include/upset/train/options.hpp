// SPDX-License-Identifier: BSL-1.0
/// What a training can be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

#include <upset/core/error.hpp>
#include <upset/io/batch.hpp>
#include <upset/train/augment.hpp>
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
  /// Multiplies the rate of learnable scales. One scale moves all codes of a tensor, and the rates
  /// that suit weights are of the size of the scales themselves: on seven-segment digits Mono<8>
  /// fine-tuned with 1, 0.1, 0.01 misses 6, 0.8, 0.6 % of the pictures; on Fashion-MNIST Mono<5>
  /// reaches 86.9 % with 0.01 and 87.4 % with 0.1.
  double scale_rate = 0.1;
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

/// Throws `Error` naming the first option that makes no sense.
inline void check_options(const TrainOptions& options) {
  const auto require = [](bool holds, const char* sentence) {
    if (!holds) {
      throw Error(sentence);
    }
  };
  require(options.epochs > 0, "TrainOptions::epochs is 0; train for one epoch at least");
  require(options.batch > 0, "TrainOptions::batch is 0; put one picture in a batch at least");
  require(options.shard > 0, "TrainOptions::shard is 0; put one picture in a shard at least");
  require(static_cast<bool>(options.schedule), "TrainOptions::schedule is empty; give a rate");
  require(0 <= options.held_out && options.held_out < 1,
          "TrainOptions::held_out is a share of the pictures: it lies in [0, 1)");
  require(0 <= options.loss.smoothing && options.loss.smoothing < 1,
          "CrossEntropy::smoothing is a share of the target: it lies in [0, 1)");
  require(options.patience == 0 || options.held_out > 0,
          "TrainOptions::patience needs pictures to judge by; set TrainOptions::held_out");
}

}  // namespace upset
