// SPDX-License-Identifier: BSL-1.0
/// Calling a layer by itself, without a network around it.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <upset/nn/layer.hpp>

namespace upset::test {

[[nodiscard]] inline std::vector<const Tensor*> pointers(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> result;
  for (const Tensor& tensor : tensors) {
    result.push_back(&tensor);
  }
  return result;
}

template <Layer L>
[[nodiscard]] Tensor forward(const L& layer, const std::vector<Tensor>& inputs, Pass pass = {}) {
  return layer.forward(pointers(inputs), pass);
}
template <Layer L>
[[nodiscard]] Tensor forward(const L& layer, const Tensor& x, Pass pass = {}) {
  const Tensor* const only = &x;
  return layer.forward({&only, 1}, pass);
}

/// Shape of the output for inputs of `shapes`, batch omitted.
template <Layer L>
[[nodiscard]] Shape output_shape(const L& layer, const std::vector<Shape>& shapes) {
  return layer.output_shape(shapes);
}

/// The sentence with which `layer` refuses inputs of `shapes`; empty if it takes them.
template <Layer L>
[[nodiscard]] std::string refusal(const L& layer, const std::vector<Shape>& shapes) {
  try {
    (void)layer.output_shape(shapes);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

/// The sentence of the `Error` that `action` throws; empty if it throws none.
template <class Action>
[[nodiscard]] std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace upset::test
