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

#include <upset/campaign/golden_outputs.hpp>
#include <upset/campaign/judge.hpp>
#include <upset/campaign/outcome.hpp>
#include <upset/campaign/parked_runs.hpp>
#include <upset/campaign/plain_pictures.hpp>
#include <upset/campaign/propagation.hpp>
#include <upset/campaign/sweep.hpp>
#include <upset/campaign/trial.hpp>
#include <upset/fault/fault_space.hpp>
#include <upset/fault/injection.hpp>

namespace upset {

namespace detail {

class TrialWorker {
 public:
  TrialWorker(const Network& network, const LabelledImages& test, EngineLevel level,
              const OutputBound* bound, GoldenOutputs& golden)
      : network_(network),
        images_(network_.images()),
        activation_bits_(network_.activation_bits()),
        test_(&test),
        golden_(&golden),
        level_(level),
        propagation_(network_, bound),
        classes_(network_.output_shape()[network_.output_shape().rank() - 1]) {
    for (std::size_t n = 0; n < network_.size(); ++n) {
      node_of_.insert(node_of_.end(), network_.layer(n).images().size(), n);
    }
  }
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
    PreparedTrial prepared{.faults = &trial};
    std::vector<PreparedTrial::Node>& nodes = prepared.nodes;
    for (const FaultSpace::Address& at : trial.weights) {
      check(at);
      const std::size_t node = node_of_[at.image];
      if (nodes.empty() || nodes.back().node != node) {
        nodes.push_back({.node = node, .is_hit = true});
      }
    }
    for (const ActivationFlip& flip : trial.activations) {
      check(flip);
      auto at = std::ranges::lower_bound(nodes, flip.node, {}, &PreparedTrial::Node::node);
      if (at == nodes.end() || at->node != flip.node) {
        at = nodes.insert(at, {.node = flip.node});
      }
      at->activation_bits.push_back(flip.bit);
    }
    flip_weights(trial);
    for (const FaultSpace::Address& at : trial.weights) {
      prepared.check = std::max(prepared.check, images_[at.image].image->check(at.bit));
    }
    // what more than a few flips do is not worth listing
    const bool lists =
        trial.weights.size() <= 64 && (level_ == EngineLevel::o2 || level_ == EngineLevel::o3);
    std::size_t hit = 0;
    for (PreparedTrial::Node& node : nodes) {
      node.is_whole = node.is_hit;
      if (node.is_hit && lists) {
        std::optional<WeightEffect> effect = propagation_.effect(node.node);
        node.is_whole = !effect;
        node.effect = effect ? std::move(*effect) : WeightEffect{};
      }
      prepared.needs_refresh = prepared.needs_refresh || node.is_whole;
      hit += node.is_hit ? 1U : 0U;
    }
    prepared.needs_refresh =
        prepared.needs_refresh || hit > 1 || (hit > 0 && trial.activation_rate > 0);
    flip_weights(trial);
    refresh(prepared);
    return prepared;
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
      plain_.expect(network_, start);
    } else if (!std::exchange(is_kept_, true)) {
      for (std::size_t slot = 0; slot < count_; ++slot) {
        propagation_.keep(slot, test_->images.rows(first_ + slot, 1));
      }
    }
    const bool is_hit = trial.needs_refresh && !trial.faults->weights.empty();
    if (is_hit) {
      finish();  // those parked go on with fault-free weights
      flip_weights(*trial.faults);
      refresh(trial);
      is_flipped_ = true;
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
      flip_weights(*trial.faults);
      refresh(trial);
      is_flipped_ = false;
    }
    to.detected += trial.check == Check::masked ? count_ : 0;
    to.corrected += trial.check == Check::corrected ? count_ : 0;
  }

  /// Computes what runs have left to be computed together.
  void finish() {
    parked_.finish(network_, [this](const ParkedRun& run, std::span<const float> output) {
      conclude(run, output);
    });
  }

  /// Computes one picture of a trial plainly as well; throws `Error` where the outcomes differ.
  void verify(const PreparedTrial& trial, std::size_t image) {
    if (level_ == EngineLevel::o0) {
      return;
    }
    const std::size_t first = first_;
    const std::size_t count = count_;
    take(image, 1);
    Outcomes fast;
    run(trial, fast);
    finish();
    const bool is_exact = is_exact_;
    const Tensor x = test_->images.rows(image, 1);
    Outcomes plain;
    judge(network_.forward(x).values(), plain_output(trial, image, 0, x, {}).values(), classes_,
          test_->labels[image], plain);
    if (!is_exact) {  // float sums in another order: masked and changed may not be told apart
      fast.changed += std::exchange(fast.masked, 0);
      plain.changed += std::exchange(plain.masked, 0);
    }
    plain.detected = fast.detected;
    plain.corrected = fast.corrected;
    if (fast != plain) {
      throw Error("Trial " + std::to_string(trial.faults->key) + " on picture " +
                  std::to_string(image) + " differs from plain inference: " +
                  differences(fast, plain) + "; please report it, and run at level O0");
    }
    first_ = first + 1;  // anything else than what is asked for
    take(first, count);
  }

 private:
  void check(const FaultSpace::Address& at) const {
    if (at.image >= images_.size()) {
      throw Error("Memory image " + std::to_string(at.image) + " does not exist: the network has " +
                  std::to_string(images_.size()));
    }
    if (at.bit >= images_[at.image].image->bit_count()) {
      (void)images_[at.image].image->locate(at.bit);  // throws
    }
  }
  void check(const ActivationFlip& flip) const {
    const std::uint64_t bits = flip.node < network_.size() ? activation_bits_[flip.node] : 0;
    if (flip.bit >= bits) {
      throw Error("Bit " + std::to_string(flip.bit) + " of what node " + std::to_string(flip.node) +
                  " reads does not exist: it has " + std::to_string(bits));
    }
  }

  void flip_weights(const TrialFaults& trial) {
    for (const FaultSpace::Address& at : trial.weights) {
      images_[at.image].image->flip(at.bit);
    }
  }
  void refresh(const PreparedTrial& trial) {
    for (const PreparedTrial::Node& node : trial.nodes) {
      if (node.is_hit) {
        network_.layer(node.node).refresh();
      }
    }
  }

  /// Bits flipped in what a node reads of a picture: those of the trial, and those drawn for the
  /// picture.
  [[nodiscard]] std::vector<std::uint64_t> activation_flips(const PreparedTrial& trial,
                                                            std::size_t node,
                                                            std::size_t image) const {
    const auto listed = std::ranges::lower_bound(trial.nodes, node, {}, &PreparedTrial::Node::node);
    std::vector<std::uint64_t> flips;
    if (listed != trial.nodes.end() && listed->node == node) {
      flips = listed->activation_bits;
    }
    if (trial.faults->activation_rate > 0 && activation_bits_[node] > 0) {
      Random random = activation_random(trial.faults->seed, trial.faults->key, node, image);
      const auto drawn = sample_ber(activation_bits_[node], trial.faults->activation_rate, random);
      flips.insert(flips.end(), drawn.begin(), drawn.end());
      std::ranges::sort(flips);
    }
    return flips;
  }
  /// Makes these flips in an inference.
  [[nodiscard]] ActivationHook activation_hook(const PreparedTrial& trial) const {
    return [this, &trial](std::size_t node, std::uint64_t image, MemoryImage& memory) {
      for (const std::uint64_t bit : activation_flips(trial, node, image)) {
        memory.flip(bit);
      }
    };
  }
  [[nodiscard]] static bool hits_activations(const PreparedTrial& trial) {
    return trial.faults->activation_rate > 0 || !trial.faults->activations.empty();
  }

  [[nodiscard]] static bool is_set(const TrialFaults& trial) { return trial.weights.size() > 1; }
  /// So much changes under a set of faults that differences are not worth looking for, and nothing
  /// under none.
  [[nodiscard]] bool is_plain(const PreparedTrial& trial) const {
    return level_ == EngineLevel::o0 || level_ == EngineLevel::o1 ||
           plain_start(trial) == network_.size() ||
           (trial.needs_refresh && is_set(*trial.faults) && !hits_activations(trial));
  }
  void take_plainly() {
    if (plain_.is_empty()) {
      Tensor pictures = test_->images.rows(first_, count_);
      Tensor output = golden_->get(first_, count_, [&] { return network_.forward(pictures); });
      plain_.take(std::move(pictures), std::move(output));
    }
  }
  /// The node before which plain inference needs nothing of the trial; `size()` where it hits none.
  [[nodiscard]] std::size_t plain_start(const PreparedTrial& trial) const {
    if (level_ == EngineLevel::o0 || trial.faults->activation_rate > 0) {
      return 0;
    }
    return trial.nodes.empty() ? network_.size() : trial.nodes.front().node;
  }

  // Weights are flipped and refreshed.
  void run_plainly(const PreparedTrial& trial, std::size_t start, Outcomes& to) {
    const ActivationHook flip = activation_hook(trial);
    Pass pass;
    pass.first_image = first_;
    pass.hook = hits_activations(trial) ? &flip : nullptr;
    const Tensor output = plain_.output(network_, start, pass);
    is_exact_ = true;
    for (std::size_t b = 0; b < count_; ++b) {
      judge(plain_.golden_output().row(b), output.row(b), classes_, test_->labels[first_ + b], to);
    }
  }

  void run_picture(const PreparedTrial& trial, std::size_t slot, Outcomes& to) {
    const std::size_t image = first_ + slot;
    faults_.clear();
    const bool draws = trial.faults->activation_rate > 0;
    auto next = trial.nodes.begin();
    drawn_.resize(network_.size());
    for (std::size_t n = 0; draws && n < network_.size(); ++n) {
      drawn_[n] = activation_flips(trial, n, image);
      const bool is_listed = next != trial.nodes.end() && next->node == n;
      if (is_listed || !drawn_[n].empty()) {
        add_fault(trial, n, is_listed ? &*next : nullptr, drawn_[n]);
      }
      next += is_listed ? 1 : 0;
    }
    for (; !draws && next != trial.nodes.end(); ++next) {
      add_fault(trial, next->node, &*next, next->activation_bits);
    }
    const auto park = [&](bool is_exact, bool is_suspect) {
      parked_.add(
          network_, propagation_, {&trial, slot, faults_.front().node, is_exact, is_suspect, &to},
          [this](const ParkedRun& run, std::span<const float> output) { conclude(run, output); });
    };
    const Change& change = propagation_.run(slot, faults_, level_ == EngineLevel::o3, true);
    if (propagation_.parked() < network_.size()) {
      park(change.is_exact, change.is_suspect);
      return;
    }
    const auto golden = propagation_.golden_output(slot);
    if (propagation_.is_settled()) {
      is_exact_ = false;
      Outcomes outcomes;
      judge(golden, golden, classes_, test_->labels[image], outcomes);
      outcomes.changed += std::exchange(outcomes.masked, 0);
      to += outcomes;
      return;
    }
    output_.assign(golden.begin(), golden.end());
    std::copy(change.values.begin() + static_cast<std::ptrdiff_t>(change.begin),
              change.values.begin() + static_cast<std::ptrdiff_t>(change.end),
              output_.begin() + static_cast<std::ptrdiff_t>(change.begin));
    conclude({&trial, slot, faults_.empty() ? 0 : faults_.front().node, change.is_exact,
              change.is_suspect, &to},
             output_);
  }

  void conclude(const ParkedRun& run, std::span<const float> output) {
    const auto golden = propagation_.golden_output(run.slot);
    const std::size_t image = first_ + run.slot;
    is_exact_ = run.is_exact;
    if (run.is_suspect || (!run.is_exact && !is_certain(golden, output, classes_))) {
      const Tensor exact =
          plain_output(*run.trial, image, run.start, propagation_.picture(run.slot),
                       propagation_.golden_values(run.slot));
      judge(golden, exact.values(), classes_, test_->labels[image], *run.to);
    } else {
      judge(golden, output, classes_, test_->labels[image], *run.to);
    }
  }

  void add_fault(const PreparedTrial& trial, std::size_t n, const PreparedTrial::Node* node,
                 std::span<const std::uint64_t> bits) {
    const bool is_hit = node != nullptr && node->is_hit;
    faults_.push_back({n,
                       {bits, is_hit ? &node->effect : nullptr, trial.needs_refresh},
                       is_hit && node->is_whole});
  }

  /// The output of plain inference from node `start` on.
  [[nodiscard]] Tensor plain_output(const PreparedTrial& trial, std::size_t image,
                                    std::size_t start, const Tensor& x,
                                    std::span<const Tensor> known) {
    const bool flips = !is_flipped_ && !trial.faults->weights.empty();
    if (flips) {
      flip_weights(*trial.faults);
      refresh(trial);
    }
    const ActivationHook flip = activation_hook(trial);
    Pass pass;
    pass.first_image = image;
    pass.hook = hits_activations(trial) ? &flip : nullptr;
    Tensor output = network_.forward_from(start, x, known, pass);
    if (flips) {
      flip_weights(*trial.faults);
      refresh(trial);
    }
    return output;
  }

  Network network_;
  std::vector<NamedImage> images_;
  std::vector<std::size_t> node_of_;  // per image
  std::vector<std::uint64_t> activation_bits_;
  const LabelledImages* test_;
  GoldenOutputs* golden_;
  EngineLevel level_;
  Propagation propagation_;
  std::size_t classes_;
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
  bool is_exact_ = true;
  bool is_flipped_ = false;  // the weights are hit, and layers refreshed
};

}  // namespace detail

}  // namespace upset
