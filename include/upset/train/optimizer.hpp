// SPDX-License-Identifier: BSL-1.0
/// How gradients change parameters: SGD and Adam, and what is special about scales and averages.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <upset/core/parallel.hpp>
#include <upset/nn/layer.hpp>

namespace upset {

/// Stochastic gradient descent.
///
///     g = gradient + weight_decay value,  m = momentum m + g,
///     value -= rate m;  with nesterov  value -= rate (g + momentum m)
///
/// - source: Sutskever et al., On the importance of initialization and momentum, 2013, in the form
///           where the rate multiplies the whole step
struct Sgd {
  double momentum = 0.9;
  double weight_decay = 0;
  bool nesterov = false;

  static constexpr std::size_t memories = 1;
  void operator()(std::span<float> values, std::span<const float> gradients,
                  std::span<Tensor> memory, double rate, double decay,
                  std::uint64_t /*step*/) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double value = static_cast<double>(values[i]);
      const double g = static_cast<double>(gradients[i]) + decay * value;
      const double m = momentum * static_cast<double>(memory[0][i]) + g;
      memory[0][i] = static_cast<float>(m);
      values[i] = static_cast<float>(value - rate * (nesterov ? g + momentum * m : m));
    }
  }
};

/// Adam, with weight decay beside the gradient step, not inside its averages.
///
///     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
///     value -= rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay value)
///
/// - source: Kingma, Ba, Adam, 2015, algorithm 1; Loshchilov, Hutter, Decoupled Weight Decay
///           Regularization, 2019, algorithm 2
struct Adam {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;

  static constexpr std::size_t memories = 2;
  void operator()(std::span<float> values, std::span<const float> gradients,
                  std::span<Tensor> memory, double rate, double decay, std::uint64_t step) const {
    const double t = static_cast<double>(step);
    const double correction1 = 1 / (1 - std::pow(beta1, t));
    const double correction2 = 1 / (1 - std::pow(beta2, t));
    float* const first = memory[0].data();
    float* const second = memory[1].data();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double value = static_cast<double>(values[i]);
      const double g = static_cast<double>(gradients[i]);
      const double m = beta1 * static_cast<double>(first[i]) + (1 - beta1) * g;
      const double v = beta2 * static_cast<double>(second[i]) + (1 - beta2) * g * g;
      first[i] = static_cast<float>(m);
      second[i] = static_cast<float>(v);
      const double direction = m * correction1 / (std::sqrt(v * correction2) + epsilon);
      values[i] = static_cast<float>(value - rate * (direction + decay * value));
    }
  }
};

/// One of the update rules.
using UpdateRule = std::variant<Adam, Sgd>;

/// True for the learnable factors of a scale: "conv1.kernel_scale", "dense2.input_scale".
[[nodiscard]] inline bool is_scale(std::string_view parameter) {
  return parameter.ends_with("_scale");
}

/// Changes the parameters of a network, and remembers what its rule has to.
///
/// - factors of scales stay at `least_scale` or above, the smallest that memory can hold; their
///   rate is multiplied by `scale_rate`
/// - weight decay acts on kernels (two extents or more): biases, norms and scales have no excess
///   size to lose
/// - parameters that are averages become `0.9 value + 0.1 statistic`, whatever the rate
class Optimizer {
 public:
  static constexpr float least_scale = 0x1p-14F;
  static constexpr double new_share = 0.1;  ///< of the batch's statistic in a moving average

  explicit Optimizer(UpdateRule rule = Adam{}, double scale_rate = 1)
      : rule_(rule), scale_rate_(scale_rate) {}

  /// One step against `gradients`, which belong to `parameters` one by one. The first step fixes
  /// the shapes.
  ///
  /// - rounding: each element in double, stored as float; on `workers` threads, each parameter on
  ///             one of them, so their number changes nothing
  void step(std::span<const Parameter> parameters, std::span<const Tensor> gradients, double rate,
            std::size_t workers = 1) {
    if (memory_.empty()) {
      prepare(parameters);
    }
    ++steps_;
    parallel_for(std::min(workers, parameters.size()), parameters.size(),
                 [&](std::size_t /*worker*/, std::size_t p) {
                   update(parameters[p], gradients[p], memory_[p], rate);
                 });
  }

  // -- what a checkpoint keeps
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  /// Per parameter the tensors of the rule, none for averages.
  [[nodiscard]] std::vector<std::vector<Tensor>>& memory() { return memory_; }
  [[nodiscard]] const std::vector<std::vector<Tensor>>& memory() const { return memory_; }
  /// As after `steps` steps, with all of `memory()` zero and to be filled in.
  void restore(std::span<const Parameter> parameters, std::uint64_t steps) {
    prepare(parameters);
    steps_ = steps;
  }

 private:
  void prepare(std::span<const Parameter> parameters) {
    const std::size_t memories =
        std::visit([](const auto& rule) { return std::size_t{rule.memories}; }, rule_);
    memory_.clear();
    for (const Parameter& parameter : parameters) {
      memory_.emplace_back(parameter.update == Update::average ? 0 : memories,
                           Tensor(parameter.value->shape()));
    }
  }

  void update(const Parameter& parameter, const Tensor& gradient, std::span<Tensor> memory,
              double rate) const {
    const std::span<float> values = parameter.value->values();
    if (parameter.update == Update::average) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>((1 - new_share) * static_cast<double>(values[i]) +
                                       new_share * static_cast<double>(gradient[i]));
      }
      return;
    }
    const bool scale = is_scale(parameter.name);
    const bool decays = parameter.value->shape().rank() > 1;
    std::visit(
        [&](const auto& rule) {
          rule(values, gradient.values(), memory, rate * (scale ? scale_rate_ : 1.0),
               decays ? rule.weight_decay : 0.0, steps_);
        },
        rule_);
    if (scale) {
      for (float& value : values) {
        value = std::max(value, least_scale);
      }
    }
  }

  UpdateRule rule_;
  double scale_rate_ = 1;
  std::uint64_t steps_ = 0;
  std::vector<std::vector<Tensor>> memory_;
};

}  // namespace upset
