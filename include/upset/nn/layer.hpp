// SPDX-License-Identifier: BSL-1.0
/// What a layer is: values in, values out, gradients back, and the memory it occupies.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/tensor/memory_image.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset {

/// How training changes a parameter.
enum class Update : std::uint8_t {
  gradient,  ///< `backward` accumulates its gradient
  average,   ///< `backward` accumulates the batch's statistic; training keeps a moving average
};

/// A tensor that training changes, and the name of its parameter set ("kernel", "bias", ...).
struct Parameter {
  std::string name;
  Tensor* value = nullptr;
  Update update = Update::gradient;
};

/// Called with each activation memory image after it was written and before it is read: `layer` is
/// the node that reads it, `image` the index of the picture in the data set. Faults in activations
/// are flips made here, and last for one picture. The scale is not one of the activations: it stays
/// in the layer's "input_scale" image, and is hit there.
using ActivationHook =
    std::function<void(std::size_t layer, std::uint64_t image, MemoryImage& memory)>;

/// A function of one value, or of the values of one pixel, applied to all of `values`: whole
/// pixels.
using ValueFunction = std::function<void(std::span<float> values)>;

/// Whether rounding errors of float sums in any of these inputs, values of which some lie next to a
/// jump, may change the output by more than rounding does.
using JumpTest = std::function<bool(std::span<const float> values)>;

/// What a forward pass carries along.
struct Pass {
  bool training = false;          ///< batch norm uses the batch's own statistics
  std::uint64_t first_image = 0;  ///< data-set index of the first picture of the batch
  std::size_t layer = 0;          ///< node being computed; `Network` sets it
  const ActivationHook* hook = nullptr;
  /// What a `Fusing` layer's values become that are below it, as behind a `ReLU`.
  float least = -std::numeric_limits<float>::infinity();
  /// What a `Fusing` layer then applies to its output, whole pixels at a time while they are in the
  /// cache.
  const ValueFunction* then = nullptr;
};

/// The inputs of a layer, each [B, ...]; most layers have one.
using Inputs = std::span<const Tensor* const>;
/// Shapes of the inputs, batch omitted.
using InputShapes = std::span<const Shape>;

/// Where `backward` adds its gradients.
struct Gradients {
  std::span<Tensor> parameters;  ///< one per `parameters()`, in that order
  /// One per input: null where nobody asks, an empty tensor where nothing has been added yet, so
  /// that the first gradient is handed over instead of being added to zeros.
  std::span<Tensor* const> inputs;

  /// Adds `d` to the gradient of input `n`, if anybody asks.
  void add(std::size_t n, Tensor&& d) const {
    if (inputs[n] != nullptr && inputs[n]->size() == 0) {
      *inputs[n] = std::move(d);
    } else {
      add(n, std::as_const(d));
    }
  }
  void add(std::size_t n, const Tensor& d) const {
    if (inputs[n] == nullptr) {
      return;
    }
    if (inputs[n]->size() == 0) {
      *inputs[n] = d;
      return;
    }
    float* const sum = inputs[n]->data();
    const float* const term = d.data();
    const std::size_t size = d.size();
    for (std::size_t i = 0; i < size; ++i) {
      sum[i] += term[i];
    }
  }
  /// The gradient of input `n`, which has `shape`, to be added to; null where nobody asks.
  [[nodiscard]] Tensor* sum(std::size_t n, const Shape& shape) const {
    if (inputs[n] != nullptr && inputs[n]->size() == 0) {
      *inputs[n] = Tensor(shape);
    }
    return inputs[n];
  }
};

/// A layer: a regular value.
///
/// - `output_shape(shapes)` throws `Error` when the inputs do not fit, saying what was expected
/// - `forward(x, pass)`: y [B, output_shape]
/// - `backward(x, y, d_y, gradients)` adds to every gradient; x and y are those of a training pass;
///   a layer that takes d_y by value may turn it into d_x and hand that over
/// - `parameters()`: real values that training changes
/// - `encode()` writes the memory images from the real values
/// - `images()`: what faults may flip
/// - `refresh()` lets flips made since take effect; O(flips) except after a flipped scale
template <class L>
concept Layer = std::copyable<L> &&
    requires(L layer, const L constant, InputShapes shapes, Inputs x, const Pass& pass,
             const Tensor& y, Gradients& gradients) {
  { constant.kind() } -> std::convertible_to<std::string>;
  { constant.output_shape(shapes) } -> std::same_as<Shape>;
  { constant.forward(x, pass) } -> std::same_as<Tensor>;
  constant.backward(x, y, y, gradients);
  { layer.parameters() } -> std::same_as<std::vector<Parameter>>;
  { layer.images() } -> std::same_as<std::vector<NamedImage>>;
  layer.encode();
  layer.refresh();
};

/// A layer that chooses its activation scale from data it sees before it is used.
template <class L>
concept Calibrated = Layer<L> && requires(L layer, Inputs x) {
  layer.calibrate(x);
};

/// A layer that writes its output over its first input: `transform(x, others, pass)` equals
/// `forward` of x and the others.
template <class L>
concept InPlace = Layer<L> && requires(const L layer, Tensor x, Inputs others, const Pass& pass) {
  { layer.transform(std::move(x), others, pass) } -> std::same_as<Tensor>;
};

/// A layer that heeds `Pass::least` and `Pass::then`.
template <class L>
concept Fusing = Layer<L> && L::fuses;

/// A layer that is a function of one value, or of one pixel: `apply(values)` does to whole pixels
/// what `forward` does in inference.
template <class L>
concept OfOnePixel = Layer<L> && requires(const L layer, std::span<float> values) {
  layer.apply(values);
};

/// A layer that is a function of one value: `value(x)`.
template <class L>
concept OfOneValue = OfOnePixel<L> && requires(const L layer, float x) {
  { layer.value(x) } -> std::same_as<float>;
};

/// A layer that is not continuous, see `JumpTest`.
template <class L>
concept Jumping = Layer<L> && requires(const L layer, std::span<const float> values) {
  { layer.is_near_jump(values) } -> std::same_as<bool>;
};

/// Base of layers without parameters and without memory of their own.
struct Stateless {
  [[nodiscard]] static std::vector<Parameter> parameters() { return {}; }
  [[nodiscard]] static std::vector<NamedImage> images() { return {}; }
  static void encode() {}
  static void refresh() {}
};

/// The only input of a layer that takes one; throws `Error` naming the layer otherwise.
inline const Shape& single_input(InputShapes shapes, const std::string& kind) {
  if (shapes.size() != 1) {
    throw Error(kind + " takes one input, not " + std::to_string(shapes.size()));
  }
  return shapes[0];
}

}  // namespace upset
