// SPDX-License-Identifier: BSL-1.0
/// One thread's share of the trials of an engine; included by engine.hpp only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/campaign/faulty_network.hpp>
#include <upset/campaign/golden_outputs.hpp>
#include <upset/campaign/judge.hpp>
#include <upset/campaign/outcome.hpp>
#include <upset/campaign/parked_runs.hpp>
#include <upset/campaign/plain_pictures.hpp>
#include <upset/campaign/propagation.hpp>
#include <upset/campaign/sweep.hpp>
#include <upset/campaign/trial.hpp>
#include <upset/campaign/watched_pairs.hpp>

namespace upset {

namespace detail {

class TrialWorker {
 public:
  TrialWorker(const Network& network, const LabelledImages& test, EngineLevel level,
              const OutputBound* bound, GoldenOutputs& golden)
      : network_(network),
        test_(&test),
        golden_(&golden),
        level_(level),
        propagation_(*network_, bound),
        classes_(network_->output_shape()[network_->output_shape().rank() - 1]),
        largest_error_(largest_error(*network_)) {}
  TrialWorker(const TrialWorker&) = delete;
  TrialWorker& operator=(const TrialWorker&) = delete;
  ~TrialWorker() = default;

  /// Pictures worth keeping at a time: one, where a trial needs no set-up; else enough to share it.
  [[nodiscard]] static std::size_t block_of(EngineLevel level,
                                            std::span<const TrialFaults> trials) {
    if (level == EngineLevel::o0 || level == EngineLevel::o1) {
      return sweep_batch;
    }
    return std::ranges::any_of(trials, is_set) ? sweep_batch : 1;
  }

  [[nodiscard]] PreparedTrial prepare(const TrialFaults& trial) {
    // what more than a few flips do is not worth listing
    const bool lists =
        trial.weights.size() <= 64 && (level_ == EngineLevel::o2 || level_ == EngineLevel::o3);
    return network_.prepare(
        trial, [&](std::size_t node) { return lists ? propagation_.effect(node) : std::nullopt; });
  }

  /// Makes pictures `first` to `first + count - 1` those of the runs to come.
  void take(std::size_t first, std::size_t count) {
    if (first_ == first && count_ == count) {
      return;
    }
    finish();
    first_ = first;
    count_ = count;
    plain_.clear();
    is_kept_ = false;
  }

  /// Adds the outcomes of a trial on the pictures taken, `to` at the latest when `finish` is
  /// called.
  void run(const PreparedTrial& trial, Outcomes& to) {
    const bool plainly = is_plain(trial);
    const std::size_t start = plain_start(trial);
    if (plainly) {
      take_plainly();
      plain_.expect(*network_, start);
    } else if (!std::exchange(is_kept_, true)) {
      for (std::size_t slot = 0; slot < count_; ++slot) {
        propagation_.keep(slot, test_->images.rows(first_ + slot, 1));
      }
    }
    const bool is_hit = trial.needs_refresh && !trial.faults->weights.empty();
    if (is_hit) {
      finish();  // those parked go on with fault-free weights
      network_.hit(trial);
    }
    if (plainly) {
      run_plainly(trial, start, to);
    } else {
      for (std::size_t slot = 0; slot < count_; ++slot) {
        run_picture(trial, slot, to);
      }
    }
    if (is_hit) {
      finish();
      network_.undo(trial);
    }
    for (std::size_t slot = 0; slot < count_ && trial.check != Check::intact; ++slot) {
      Outcomes& sum = watched_.place(trial, first_ + slot, to);
      sum.detected += trial.check == Check::masked ? 1U : 0U;
      sum.corrected += trial.check == Check::corrected ? 1U : 0U;
    }
  }

  /// Computes what runs have left to be computed together.
  void finish() {
    parked_.finish(*network_, [this](const ParkedRun& run, std::span<const float> output) {
      conclude(run, output);
    });
  }

  /// Outcomes to be verified are kept here by `run`, until they are released to the sums.
  [[nodiscard]] WatchedPairs& watched() { return watched_; }

  /// Infers a picture of a trial plainly; throws `Error` where that differs from what was found of
  /// `model`, which is watched: a trial with the same effect, or the trial itself.
  void verify(const PreparedTrial& trial, const PreparedTrial& model, std::size_t image) {
    WatchedPairs::Found found = watched_.found(model, image);
    const Tensor x = test_->images.rows(image, 1);
    Outcomes plain;
    judge(network_->forward(x).values(), network_.output(trial, image, 0, x, {}).values(), classes_,
          test_->labels[image], plain);
    plain.detected = trial.check == Check::masked ? 1 : 0;
    plain.corrected = trial.check == Check::corrected ? 1 : 0;
    if (!found.is_exact) {  // float sums in another order: masked and changed may not be told apart
      found.outcomes.changed += std::exchange(found.outcomes.masked, 0);
      plain.changed += std::exchange(plain.masked, 0);
    }
    if (found.outcomes != plain) {
      throw Error("Trial " + std::to_string(trial.faults->key) + " on picture " +
                  std::to_string(image) + " differs from plain inference: " +
                  differences(found.outcomes, plain) + "; please report it, and run at level O0");
    }
  }

 private:
  [[nodiscard]] static bool is_set(const TrialFaults& trial) { return trial.weights.size() > 1; }
  /// So much changes under a set of faults that differences are not worth looking for, and nothing
  /// under none.
  [[nodiscard]] bool is_plain(const PreparedTrial& trial) const {
    return level_ == EngineLevel::o0 || level_ == EngineLevel::o1 ||
           plain_start(trial) == network_->size() ||
           (trial.needs_refresh && is_set(*trial.faults) && !trial.hits_activations());
  }
  void take_plainly() {
    if (plain_.is_empty()) {
      Tensor pictures = test_->images.rows(first_, count_);
      Tensor output = golden_->get(first_, count_, [&] { return network_->forward(pictures); });
      plain_.take(std::move(pictures), std::move(output));
    }
  }
  /// The node before which plain inference needs nothing of the trial; `size()` where it hits none.
  [[nodiscard]] std::size_t plain_start(const PreparedTrial& trial) const {
    if (level_ == EngineLevel::o0 || trial.faults->activation_rate > 0) {
      return 0;
    }
    return trial.nodes.empty() ? network_->size() : trial.nodes.front().node;
  }

  // Weights are flipped and refreshed.
  void run_plainly(const PreparedTrial& trial, std::size_t start, Outcomes& to) {
    const ActivationHook flip = network_.activation_hook(trial);
    Pass pass;
    pass.first_image = first_;
    pass.hook = trial.hits_activations() ? &flip : nullptr;
    const Tensor output = plain_.output(*network_, start, pass);
    for (std::size_t b = 0; b < count_; ++b) {
      judge(plain_.golden_output().row(b), output.row(b), classes_, test_->labels[first_ + b],
            watched_.place(trial, first_ + b, to));
    }
  }

  void run_picture(const PreparedTrial& trial, std::size_t slot, Outcomes& to) {
    const std::size_t image = first_ + slot;
    faults_.clear();
    const bool draws = trial.faults->activation_rate > 0;
    auto next = trial.nodes.begin();
    drawn_.resize(network_->size());
    for (std::size_t n = 0; draws && n < network_->size(); ++n) {
      drawn_[n] = network_.activation_flips(trial, n, image);
      const bool is_listed = next != trial.nodes.end() && next->node == n;
      if (is_listed || !drawn_[n].empty()) {
        add_fault(trial, n, is_listed ? &*next : nullptr, drawn_[n]);
      }
      next += is_listed ? 1 : 0;
    }
    for (; !draws && next != trial.nodes.end(); ++next) {
      add_fault(trial, next->node, &*next, next->activation_bits);
    }
    const Change& change = propagation_.run(slot, faults_, level_ == EngineLevel::o3, true);
    const ParkedRun run{&trial, slot, faults_.empty() ? 0 : faults_.front().node, change.is_exact,
                        &to};
    if (propagation_.parked() < network_->size()) {
      parked_.add(
          *network_, propagation_, run,
          [this](const ParkedRun& each, std::span<const float> output) { conclude(each, output); });
      return;
    }
    const auto golden = propagation_.golden_output(slot);
    if (propagation_.is_settled()) {
      Outcomes outcomes;
      judge(golden, golden, classes_, test_->labels[image], outcomes);
      outcomes.changed += std::exchange(outcomes.masked, 0);
      watched_.place(trial, image, to, false) += outcomes;
      return;
    }
    output_.assign(golden.begin(), golden.end());
    std::copy(change.values.begin() + static_cast<std::ptrdiff_t>(change.begin),
              change.values.begin() + static_cast<std::ptrdiff_t>(change.end),
              output_.begin() + static_cast<std::ptrdiff_t>(change.begin));
    conclude(run, output_, change.is_suspect);
  }

  void conclude(const ParkedRun& run, std::span<const float> output, bool is_suspect = false) {
    const auto golden = propagation_.golden_output(run.slot);
    const std::size_t image = first_ + run.slot;
    Outcomes& to = watched_.place(*run.trial, image, *run.to, run.is_exact);
    if (is_suspect || (!run.is_exact && !is_certain(golden, output, classes_, largest_error_))) {
      const Tensor exact =
          network_.output(*run.trial, image, run.start, propagation_.picture(run.slot),
                          propagation_.golden_values(run.slot));
      judge(golden, exact.values(), classes_, test_->labels[image], to);
    } else {
      judge(golden, output, classes_, test_->labels[image], to);
    }
  }

  void add_fault(const PreparedTrial& trial, std::size_t n, const PreparedTrial::Node* node,
                 std::span<const std::uint64_t> bits) {
    const bool is_hit = node != nullptr && node->is_hit;
    faults_.push_back({n,
                       {bits, is_hit ? &node->effect : nullptr, trial.needs_refresh},
                       is_hit && node->is_whole});
  }

  FaultyNetwork network_;
  const LabelledImages* test_;
  GoldenOutputs* golden_;
  EngineLevel level_;
  Propagation propagation_;
  std::size_t classes_;
  double largest_error_;  // of logits
  // the pictures taken
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  PlainPictures plain_;   // or none yet
  bool is_kept_ = false;  // by `propagation_`
  // the picture being computed
  std::vector<std::vector<std::uint64_t>> drawn_;  // per node
  std::vector<FaultyNode> faults_;
  std::vector<float> output_;
  ParkedRuns parked_;
  WatchedPairs watched_;
};

}  // namespace detail

}  // namespace upset
