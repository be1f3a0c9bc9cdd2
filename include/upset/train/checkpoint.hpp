// SPDX-License-Identifier: BSL-1.0
/// A training on disk: everything needed to go on as if it had never been interrupted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/train/optimizer.hpp>
#include <upset/train/parameter_file.hpp>
#include <upset/train/plan.hpp>

namespace upset {

/// What one epoch came to.
struct EpochResult {
  double loss = 0;               ///< mean over the pictures trained on, each as it was met
  double accuracy = 0;           ///< likewise
  double held_out_loss = 0;      ///< after the epoch; 0 where nothing is held out
  double held_out_accuracy = 0;  ///< likewise

  [[nodiscard]] friend bool operator==(const EpochResult&, const EpochResult&) = default;
};

/// What a training has reached at the end of an epoch. Random draws are keyed by the epoch, so the
/// number of epochs is the position of every random stream as well.
struct TrainingState {
  std::vector<EpochResult> epochs;
  std::size_t best_epoch = 0;  ///< index into `epochs`
  std::vector<Tensor> best;    ///< parameters after it; empty where nothing is held out
};

/// Writes plan, state, parameters and the optimiser's memory to `path`, whole or not at all.
inline void save_checkpoint(const std::filesystem::path& path, const TrainingPlan& plan,
                            const TrainingState& state, std::span<const Parameter> parameters,
                            const Optimizer& optimizer) {
  detail::FileContent content;
  content.add(std::uint64_t{plan.size()});
  for (const auto& [name, value] : plan) {
    content.add(std::string_view(name));
    content.add(std::string_view(value));
  }
  content.add(std::uint64_t{state.epochs.size()});
  for (const EpochResult& epoch : state.epochs) {
    content.add(epoch.loss);
    content.add(epoch.accuracy);
    content.add(epoch.held_out_loss);
    content.add(epoch.held_out_accuracy);
  }
  content.add(std::uint64_t{state.best_epoch});
  detail::add_parameters(content, parameters);
  content.add(std::uint64_t{state.best.size()});
  for (const Tensor& tensor : state.best) {
    content.add(tensor);
  }
  content.add(optimizer.steps());
  for (const std::vector<Tensor>& memory : optimizer.memory()) {
    for (const Tensor& tensor : memory) {
      content.add(tensor);
    }
  }
  detail::write_file(path, "upsetCKP", content);
}

/// Reads what `save_checkpoint` wrote into state, parameters and optimiser.
///
/// - errors: throws `Error` when the file is truncated, damaged, no checkpoint, of another network
///           or of another plan, naming the difference; nothing is then changed
inline void load_checkpoint(const std::filesystem::path& path, const TrainingPlan& plan,
                            TrainingState& state, std::span<const Parameter> parameters,
                            Optimizer& optimizer) {
  detail::FileReader reader = detail::read_file(path, "upsetCKP", "a checkpoint");
  const std::uint64_t entries = reader.number();
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::string name = reader.text();
    const std::string value = reader.text();
    if (i >= plan.size() || plan[i].first != name) {
      throw Error(reader.file() + " belongs to another training: it has " + name + " = " + value +
                  " where this one has " +
                  (i < plan.size() ? plan[i].first + " = " + plan[i].second : "no more"));
    }
    if (plan[i].second != value) {
      throw Error(reader.file() + " belongs to another training: " + name + " was " + value +
                  " and is now " + plan[i].second);
    }
  }
  if (entries < plan.size()) {
    throw Error(reader.file() + " belongs to another training: it lacks " + plan[entries].first);
  }

  TrainingState found;
  found.epochs.resize(reader.number());
  for (EpochResult& epoch : found.epochs) {
    epoch.loss = reader.real();
    epoch.accuracy = reader.real();
    epoch.held_out_loss = reader.real();
    epoch.held_out_accuracy = reader.real();
  }
  found.best_epoch = reader.number();
  std::vector<Tensor> values = detail::read_parameters(reader, parameters);
  found.best.resize(reader.number());
  for (Tensor& tensor : found.best) {
    tensor = reader.tensor();
  }
  Optimizer restored = optimizer;
  restored.restore(parameters, reader.number());
  for (std::vector<Tensor>& memory : restored.memory()) {
    for (Tensor& tensor : memory) {
      tensor = reader.tensor();
    }
  }
  reader.finish();

  for (std::size_t p = 0; p < parameters.size(); ++p) {
    *parameters[p].value = std::move(values[p]);
  }
  optimizer = std::move(restored);
  state = std::move(found);
}

}  // namespace upset
