// SPDX-License-Identifier: BSL-1.0
/// Backward passes against central differences.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/layers.hpp"
#include "support/values.hpp"

#include <upset/nn/network.hpp>

namespace upset::test {

/// How derivatives are taken.
struct Differences {
  /// Distance of the two points from the middle; a power of two.
  float step = 0x1p-5F;
  /// Bound on the rounding error of one output value of the forward pass. 0 says that all of it is
  /// exact and the output linear within `step`: then the gradient must be equal, not just close.
  double rounding = 0;
  std::uint32_t seed = 1;
};

/// What a comparison found.
struct GradientReport {
  std::size_t compared = 0;
  std::size_t wrong = 0;
  std::string first;  ///< the first that is wrong

  void add(bool right, const std::string& sentence) {
    ++compared;
    if (!right && ++wrong == 1) {
      first = sentence;
    }
  }
};

namespace gradient_parts {

// The loss is L = sum of w y in double, so L has no rounding beside that of y, and the error of a
// difference quotient over 2h has two parts:
// - truncation h^2 L''' / 6. Quotients D(h) and D(h/2) differ by 3/4 of it, and D(h/2) is off by
//   1/4 of it: so |D(h) - D(h/2)| bounds the truncation of D(h/2) three times over;
// - rounding: each L is off by E = rounding * sum |w|, so D(h/2) by 2 E / h, and D(h) - D(h/2),
//   when it comes out too small, by 3 E / h.
// Rounding in the backward pass itself is of the order of E. Together: |D(h) - D(h/2)| + 6 E / h.
// A tolerance above 2 % of the largest gradient would let real mistakes pass, and counts as wrong.
template <class Loss>
void compare_gradient(const std::string& name, std::span<float> values,
                      std::span<const float> gradient, Loss loss, double loss_error,
                      const Differences& how, GradientReport& report) {
  float largest = 0;
  for (const float g : gradient) {
    largest = std::max(largest, std::abs(g));
  }
  report.add(largest > 0, name + " has no gradient at all");
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float middle = values[i];
    const auto quotient = [&](float h) {
      values[i] = middle + h;
      const double above = loss();
      const double right = static_cast<double>(values[i]);
      values[i] = middle - h;
      const double below = loss();
      const double left = static_cast<double>(values[i]);
      values[i] = middle;
      return (above - below) / (right - left);
    };
    const double wide = quotient(how.step);
    const double narrow = quotient(how.step / 2);
    const double truncation = std::abs(wide - narrow);
    const double tolerance = truncation + 6 * loss_error / static_cast<double>(how.step);
    const auto analytic = static_cast<double>(gradient[i]);
    const bool sharp =
        how.rounding > 0 ? tolerance <= 0.02 * static_cast<double>(largest) : truncation == 0;
    report.add(sharp && std::abs(narrow - analytic) <= tolerance,
               name + "[" + std::to_string(i) + "]: backward says " + std::to_string(analytic) +
                   ", differences " + std::to_string(wide) + " and " + std::to_string(narrow) +
                   ", tolerance " + std::to_string(tolerance));
  }
}

struct WeightedSum {
  Tensor weights;

  WeightedSum(const Shape& shape, const Differences& how)
      // halves, so that the weighted sum of exact values is exact
      : weights(Values(how.seed).steps(shape, 4, 0.5F)) {}

  [[nodiscard]] double operator()(const Tensor& y) const {
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      sum += static_cast<double>(weights[i]) * static_cast<double>(y[i]);
    }
    return sum;
  }
  [[nodiscard]] double error(const Differences& how) const {
    double sum = 0;
    for (const float weight : weights.values()) {
      sum += static_cast<double>(std::abs(weight)) * how.rounding;
    }
    return sum;
  }
};

/// Tensors shaped as the parameters', holding what a backward pass must add to, not overwrite.
inline constexpr float already_there = 1.0F;

[[nodiscard]] inline std::vector<Tensor> sinks(const std::vector<Parameter>& parameters) {
  std::vector<Tensor> result;
  for (const Parameter& parameter : parameters) {
    result.emplace_back(parameter.value->shape(), already_there);
  }
  return result;
}
inline void take_away_what_was_there(std::vector<Tensor>& gradients) {
  for (Tensor& gradient : gradients) {
    for (float& value : gradient.values()) {
      value -= already_there;
    }
  }
}

}  // namespace gradient_parts

/// Compares the gradients of `layer` for every input and every parameter that has one, in a
/// training pass. Also: gradients are added to what is there; where nothing is, those of inputs
/// equal what is added to zeros; and those of parameters do not depend on whether anybody asks for
/// those of inputs.
template <Layer L>
[[nodiscard]] GradientReport check_gradients(L layer, std::vector<Tensor> inputs,
                                             const Differences& how = {}) {
  const Pass pass{.training = true};
  const auto compute = [&] { return forward(layer, inputs, pass); };
  const Tensor y = compute();
  const gradient_parts::WeightedSum loss(y.shape(), how);
  const auto loss_now = [&] {
    layer.encode();
    return loss(compute());
  };

  std::vector<Tensor> d_inputs;
  for (const Tensor& input : inputs) {
    d_inputs.emplace_back(input.shape(), gradient_parts::already_there);
  }
  std::vector<Tensor> d_parameters = gradient_parts::sinks(layer.parameters());
  std::vector<Tensor> d_parameters_alone = d_parameters;
  std::vector<Tensor*> asked;
  for (Tensor& d_input : d_inputs) {
    asked.push_back(&d_input);
  }
  Gradients gradients{d_parameters, asked};
  layer.backward(pointers(inputs), y, loss.weights, gradients);
  const std::vector<Tensor*> nobody(inputs.size(), nullptr);
  Gradients alone{d_parameters_alone, nobody};
  layer.backward(pointers(inputs), y, loss.weights, alone);

  const auto input_gradients = [&](bool from_zeros) {
    std::vector<Tensor> d(inputs.size());
    std::vector<Tensor*> to;
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      d[n] = from_zeros ? Tensor(inputs[n].shape()) : Tensor();
      to.push_back(&d[n]);
    }
    std::vector<Tensor> unused = d_parameters;
    Gradients fresh{unused, to};
    layer.backward(pointers(inputs), y, loss.weights, fresh);
    return d;
  };

  GradientReport report;
  report.add(input_gradients(true) == input_gradients(false),
             "an input gradient handed over differs from one added to zeros");
  for (std::size_t p = 0; p < d_parameters.size(); ++p) {
    report.add(different_bits(d_parameters[p], d_parameters_alone[p]) == 0,
               "parameter gradients depend on who asks for input gradients");
  }
  gradient_parts::take_away_what_was_there(d_inputs);
  gradient_parts::take_away_what_was_there(d_parameters);
  for (std::size_t n = 0; n < inputs.size(); ++n) {
    gradient_parts::compare_gradient("input " + std::to_string(n), inputs[n].values(),
                                     d_inputs[n].values(), loss_now, loss.error(how), how, report);
  }
  const std::vector<Parameter> parameters = layer.parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    if (parameters[p].update == Update::gradient) {
      gradient_parts::compare_gradient(parameters[p].name, parameters[p].value->values(),
                                       d_parameters[p].values(), loss_now, loss.error(how), how,
                                       report);
    }
  }
  return report;
}

template <Layer L>
[[nodiscard]] GradientReport check_gradients(L layer, Tensor x, const Differences& how = {}) {
  return check_gradients(std::move(layer), std::vector<Tensor>{std::move(x)}, how);
}

/// Compares the gradients of every parameter of a network that has one, in a training pass.
[[nodiscard]] inline GradientReport check_gradients(Network network, const Tensor& x,
                                                    const Differences& how = {}) {
  const Pass pass{.training = true};
  const std::vector<Tensor> values = network.forward_all(x, pass);
  const gradient_parts::WeightedSum loss(values.back().shape(), how);
  const std::vector<Parameter> parameters = network.parameters();
  std::vector<Tensor> gradients = gradient_parts::sinks(parameters);
  network.backward(x, values, loss.weights, gradients);
  gradient_parts::take_away_what_was_there(gradients);
  GradientReport report;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    if (parameters[p].update == Update::gradient) {
      gradient_parts::compare_gradient(
          parameters[p].name, parameters[p].value->values(), gradients[p].values(),
          [&] {
            network.encode();
            return loss(network.forward(x, pass));
          },
          loss.error(how), how, report);
    }
  }
  return report;
}

}  // namespace upset::test
