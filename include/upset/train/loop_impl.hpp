// SPDX-License-Identifier: BSL-1.0
/// How `train` works; included by loop.hpp only.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include <upset/core/parallel.hpp>
#include <upset/train/initialize.hpp>
#include <upset/train/loop.hpp>
#include <upset/train/plan.hpp>

namespace upset {

namespace detail {

inline constexpr std::uint64_t held_out_stream = initial_stream + 1;
inline constexpr std::uint64_t order_stream = initial_stream + 2;

/// Where part `part` of `parts` nearly equal parts of `size` things begins.
[[nodiscard]] constexpr std::size_t part_begin(std::size_t size, std::size_t parts,
                                               std::size_t part) {
  return size / parts * part + std::min(part, size % parts);
}
[[nodiscard]] constexpr std::size_t parts_of(std::size_t size, std::size_t largest) {
  return size / largest + (size % largest != 0 ? 1 : 0);
}

class Training {
 public:
  Training(Network& network, const Dataset& data, const TrainOptions& options)
      : network_(network),
        data_(data),
        options_(options),
        parameters_(network.parameters()),
        optimizer_(options.optimizer, options.scale_rate) {
    check_options(options);
    if (data.size() == 0) {
      throw Error("There is nothing to train on: the data set has no pictures");
    }
    divide_pictures();
    for (std::size_t channel = 0; channel < data_.shape()[2]; ++channel) {
      outside_.push_back(options_.normalisation(0, channel));
    }
    steps_ = parts_of(pictures_.size(), options_.batch);
    const std::size_t shards = parts_of(std::min(options_.batch, pictures_.size()), options_.shard);
    gradients_.resize(shards);
    for (const Parameter& parameter : parameters_) {
      sums_.emplace_back(parameter.value->shape());
      for (std::vector<Tensor>& shard : gradients_) {
        shard.emplace_back(parameter.value->shape());
      }
    }
  }

  TrainResult run() {
    keep_memory();
    const bool saves = !options_.checkpoint.empty();
    const TrainingPlan plan = saves ? plan_of(network_, data_, options_, rates()) : TrainingPlan{};
    if (saves && std::filesystem::exists(options_.checkpoint)) {
      load_checkpoint(options_.checkpoint, plan, state_, parameters_, optimizer_);
    }
    network_.encode();
    while (!finished()) {
      train_epoch(state_.epochs.size());
      if (saves) {
        save_checkpoint(options_.checkpoint, plan, state_, parameters_, optimizer_);
      }
    }
    if (!state_.best.empty()) {
      for (std::size_t p = 0; p < parameters_.size(); ++p) {
        *parameters_[p].value = state_.best[p];
      }
      network_.encode();
    }
    return {state_.epochs, state_.best_epoch};
  }

 private:
  // -- before the first step

  // glibc gives freed memory back beyond a limit that it learns from the largest block ever freed.
  // Without this block every step pages its activations in anew, a fifth of the whole time.
  static void keep_memory() {
    char* volatile block = new char[std::size_t{31} << 20];
    delete[] block;
  }

  void divide_pictures() {
    pictures_ = data_.indices(data_.size());
    Random(options_.seed, held_out_stream).shuffle(std::span(pictures_));
    const auto kept = data_.size() - static_cast<std::size_t>(options_.held_out *
                                                              static_cast<double>(data_.size()));
    if (options_.held_out > 0 && kept == data_.size()) {
      throw Error("TrainOptions::held_out = " + std::to_string(options_.held_out) + " of " +
                  std::to_string(kept) + " pictures holds out none; give a larger share, or 0");
    }
    held_out_.assign(pictures_.begin() + static_cast<std::ptrdiff_t>(kept), pictures_.end());
    pictures_.resize(kept);
  }

  // -- epochs

  [[nodiscard]] bool finished() const {
    const std::size_t done = state_.epochs.size();
    return done >= options_.epochs ||
           (options_.patience > 0 && done > state_.best_epoch + options_.patience);
  }

  void train_epoch(std::size_t epoch) {
    std::vector<std::size_t> order = pictures_;
    Random(options_.seed, order_stream, epoch).shuffle(std::span(order));
    LossPart total;
    for (std::size_t step = 0; step < steps_; ++step) {
      const std::size_t first = part_begin(order.size(), steps_, step);
      const std::size_t last = part_begin(order.size(), steps_, step + 1);
      const double rate = rate_at(epoch, step);
      total += train_batch(std::span(order).subspan(first, last - first), epoch, rate);
      if (!std::isfinite(total.sum)) {
        throw Error("Training diverged in epoch " + std::to_string(epoch) + ", step " +
                    std::to_string(step) + ": the loss is not finite; lower the learning rate");
      }
      if (options_.progress) {
        options_.progress(
            {epoch, options_.epochs, step + 1, steps_, total.mean(), total.accuracy(), rate});
      }
    }
    EpochResult result{total.mean(), total.accuracy(), 0, 0};
    if (!held_out_.empty()) {
      const LossPart judged = judge_held_out();
      result.held_out_loss = judged.mean();
      result.held_out_accuracy = judged.accuracy();
    }
    state_.epochs.push_back(result);
    keep_if_best(epoch);
  }

  [[nodiscard]] double rate_at(std::size_t epoch, std::size_t step) const {
    const auto done = static_cast<double>(epoch * steps_ + step);
    return options_.schedule(done / static_cast<double>(options_.epochs * steps_));
  }

  /// At the beginning and in the middle of each epoch: what tells one schedule from another.
  [[nodiscard]] std::vector<double> rates() const {
    std::vector<double> all;
    for (std::size_t epoch = 0; epoch < options_.epochs; ++epoch) {
      all.push_back(rate_at(epoch, 0));
      all.push_back(rate_at(epoch, steps_ / 2));
    }
    return all;
  }

  void keep_if_best(std::size_t epoch) {
    const EpochResult& now = state_.epochs[epoch];
    const EpochResult& best = state_.epochs[state_.best_epoch];
    const bool better =
        now.held_out_accuracy > best.held_out_accuracy ||
        (now.held_out_accuracy == best.held_out_accuracy && now.held_out_loss < best.held_out_loss);
    if (epoch == 0 || held_out_.empty() || better) {
      state_.best_epoch = epoch;
      state_.best.clear();
      for (std::size_t p = 0; p < parameters_.size() && !held_out_.empty(); ++p) {
        state_.best.push_back(*parameters_[p].value);
      }
    }
  }

  // -- steps

  LossPart train_batch(std::span<const std::size_t> pictures, std::size_t epoch, double rate) {
    const std::size_t shards = parts_of(pictures.size(), options_.shard);
    std::vector<LossPart> parts(shards);
    parallel_for(workers(shards), shards, [&](std::size_t /*worker*/, std::size_t shard) {
      const std::size_t first = part_begin(pictures.size(), shards, shard);
      const std::size_t last = part_begin(pictures.size(), shards, shard + 1);
      parts[shard] = differentiate(pictures.subspan(first, last - first), epoch, pictures.size(),
                                   gradients_[shard]);
    });
    parallel_for(workers(parameters_.size()), parameters_.size(),
                 [&](std::size_t /*worker*/, std::size_t p) { add_shards(p, parts); });
    optimizer_.step(parameters_, sums_, rate, workers(parameters_.size()));
    const std::size_t layers = network_.size();
    parallel_for(workers(layers), layers, [&](std::size_t /*worker*/, std::size_t layer) {
      network_.layer(layer).encode();
    });
    LossPart total;
    for (const LossPart& part : parts) {
      total += part;
    }
    return total;
  }

  LossPart differentiate(std::span<const std::size_t> pictures, std::size_t epoch,
                         std::size_t batch, std::vector<Tensor>& gradients) const {
    for (Tensor& gradient : gradients) {
      gradient.fill(0.0F);
    }
    Tensor x = batch_of(data_, pictures, options_.normalisation);
    if (options_.augmentation.any()) {
      for (std::size_t b = 0; b < pictures.size(); ++b) {
        augment(x.row(b), data_.shape(), options_.augmentation, outside_, options_.seed, epoch,
                pictures[b]);
      }
    }
    const std::vector<Tensor> values = network_.forward_all(x, {.training = true});
    Tensor d_logits;
    const LossPart part =
        options_.loss(values.back(), labels_of(data_, pictures), batch, &d_logits);
    network_.backward(x, values, std::move(d_logits), gradients);
    return part;
  }

  /// Gradients of a batch are sums; its statistics are means over the pictures.
  void add_shards(std::size_t p, std::span<const LossPart> parts) {
    std::size_t rows = 0;
    for (const LossPart& part : parts) {
      rows += part.rows;
    }
    const bool mean = parameters_[p].update == Update::average;
    Tensor& sums = sums_[p];
    for (std::size_t i = 0; i < sums.size(); ++i) {
      double sum = 0;
      for (std::size_t shard = 0; shard < parts.size(); ++shard) {
        const double weight =
            mean ? static_cast<double>(parts[shard].rows) / static_cast<double>(rows) : 1.0;
        sum += weight * static_cast<double>(gradients_[shard][p][i]);
      }
      sums[i] = static_cast<float>(sum);
    }
  }

  [[nodiscard]] LossPart judge_held_out() const {
    const std::size_t shards = parts_of(held_out_.size(), options_.shard);
    std::vector<LossPart> parts(shards);
    parallel_for(workers(shards), shards, [&](std::size_t /*worker*/, std::size_t shard) {
      const std::size_t first = part_begin(held_out_.size(), shards, shard);
      const std::size_t last = part_begin(held_out_.size(), shards, shard + 1);
      const std::span<const std::size_t> some = std::span(held_out_).subspan(first, last - first);
      const Tensor logits = network_.forward(batch_of(data_, some, options_.normalisation));
      parts[shard] = CrossEntropy{}(logits, labels_of(data_, some), some.size());
    });
    LossPart total;
    for (const LossPart& part : parts) {
      total += part;
    }
    return total;
  }

  [[nodiscard]] std::size_t workers(std::size_t tasks) const {
    return worker_count(options_.threads, tasks);
  }

  Network& network_;
  const Dataset& data_;
  const TrainOptions& options_;
  std::vector<Parameter> parameters_;
  Optimizer optimizer_;
  std::vector<std::size_t> pictures_;
  std::vector<std::size_t> held_out_;
  std::vector<float> outside_;
  std::size_t steps_ = 0;
  std::vector<std::vector<Tensor>> gradients_;  // per shard, per parameter
  std::vector<Tensor> sums_;                    // per parameter
  TrainingState state_;
};

}  // namespace detail

inline TrainResult train(Network& network, const Dataset& data, const TrainOptions& options) {
  return detail::Training(network, data, options).run();
}

}  // namespace upset
