// SPDX-License-Identifier: BSL-1.0
/// Functions of one value applied to every value of a tensor.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include <upset/core/transform.hpp>
#include <upset/nn/jump.hpp>
#include <upset/nn/layer.hpp>

namespace upset {

namespace detail {

/// A layer made of `value(x)` and its derivative `slope(x, y)`, with y = value(x).
template <class Function>
struct Elementwise : Stateless {
  [[nodiscard]] static Shape output_shape(InputShapes shapes) {
    return single_input(shapes, Function::kind());
  }

  // y[i] = value(x[i])
  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& /*pass*/) const {
    Tensor y = Tensor::uninitialized(inputs[0]->shape());
    map(inputs[0]->values(), y.values());
    return y;
  }
  [[nodiscard]] Tensor transform(Tensor x, Inputs /*others*/, const Pass& /*pass*/) const {
    apply(x.values());
    return x;
  }
  void apply(std::span<float> values) const { map(values, values); }

  // d_x[i] += d_y[i] slope(x[i])
  void backward(Inputs inputs, const Tensor& y, Tensor d_y, Gradients& gradients) const {
    const Function function = self();
    const float* const from_x = inputs[0]->data();
    const float* const from_y = y.data();
    float* const d = d_y.data();
    const std::size_t size = d_y.size();
    for (std::size_t i = 0; i < size; ++i) {
      d[i] *= function.slope(from_x[i], from_y[i]);
    }
    gradients.add(0, std::move(d_y));
  }

 private:
  [[nodiscard]] const Function& self() const { return static_cast<const Function&>(*this); }
  void map(std::span<const float> from, std::span<float> to) const {
    // a copy of the function, or every float stored might change it
    detail::transform(from.data(), from.size(), to.data(),
                      [function = self()](float value) { return function.value(value); });
  }
};

}  // namespace detail

// Where a function has a kink, its slope there is the one of smaller magnitude.

/// max(0, x); a NaN stays one, so that a fault that made it is seen.
struct ReLU : detail::Elementwise<ReLU> {
  [[nodiscard]] static std::string kind() { return "ReLU"; }
  [[nodiscard]] static float value(float x) { return x < 0 ? 0.0F : x; }
  [[nodiscard]] static float slope(float x, float /*y*/) { return x > 0 ? 1.0F : 0.0F; }
};

/// max(0, x) - offset: a ReLU whose output lies on both sides of zero, for formats of signs. The
/// layer behind it takes the offset back in its bias; see `centre_activations`.
struct CentredReLU : detail::Elementwise<CentredReLU> {
  float offset;

  explicit CentredReLU(float taken_off) : offset(taken_off) {}
  [[nodiscard]] static std::string kind() { return "CentredReLU"; }
  [[nodiscard]] float value(float x) const { return ReLU::value(x) - offset; }
  [[nodiscard]] static float slope(float x, float y) { return ReLU::slope(x, y); }
};

/// x for 0 <= x <= threshold, else 0: what is too large is taken for a fault and silenced, not
/// saturated. NaN gives 0.
///
/// - source: Hoang, Hanif and Shafique, FT-ClipAct: Resilience Analysis of Deep Neural Networks and
///           Improving their Fault Tolerance using Clipped Activation, DATE 2020
struct ClippedReLU : detail::Elementwise<ClippedReLU> {
  float threshold;

  /// Throws `Error` unless `largest` is positive; infinity clips NaN and infinities only.
  explicit ClippedReLU(float largest) : threshold(largest) {
    if (!(largest > 0)) {
      throw Error("ClippedReLU takes a positive threshold, not " + std::to_string(largest));
    }
  }
  [[nodiscard]] static std::string kind() { return "ClippedReLU"; }
  [[nodiscard]] float value(float x) const { return 0 <= x && x <= threshold ? x : 0.0F; }
  [[nodiscard]] bool is_near_jump(std::span<const float> values) const {
    return detail::any_near(values, threshold);
  }
  [[nodiscard]] float slope(float x, float /*y*/) const {
    return 0 < x && x <= threshold ? 1.0F : 0.0F;
  }
};

/// x for x >= 0, else a small part of it.
struct LeakyReLU : detail::Elementwise<LeakyReLU> {
  float leak;

  explicit LeakyReLU(float negative_slope = 0.01F) : leak(negative_slope) {}
  [[nodiscard]] static std::string kind() { return "LeakyReLU"; }
  [[nodiscard]] float value(float x) const { return x < 0 ? leak * x : x; }
  [[nodiscard]] float slope(float x, float /*y*/) const { return x > 0 ? 1.0F : leak; }
};

/// 1 / (1 + e^-x)
struct Sigmoid : detail::Elementwise<Sigmoid> {
  [[nodiscard]] static std::string kind() { return "Sigmoid"; }
  [[nodiscard]] static float value(float x) { return 1.0F / (1.0F + std::exp(-x)); }
  [[nodiscard]] static float slope(float /*x*/, float y) { return y * (1.0F - y); }
};

/// factor x + offset, kept within 0 to 1; by default 0.2 x + 0.5, as in ONNX and in TensorFlow 2
/// (PyTorch has x / 6 + 0.5). A NaN stays one.
struct HardSigmoid : detail::Elementwise<HardSigmoid> {
  float factor;
  float offset;

  explicit HardSigmoid(float times = 0.2F, float plus = 0.5F) : factor(times), offset(plus) {}
  [[nodiscard]] static std::string kind() { return "HardSigmoid"; }
  [[nodiscard]] float value(float x) const {
    const float line = factor * x + offset;
    return line < 0 ? 0.0F : line > 1 ? 1.0F : line;
  }
  [[nodiscard]] float slope(float /*x*/, float y) const { return 0 < y && y < 1 ? factor : 0.0F; }
};

/// x times x / 6 + 0.5 kept within 0 to 1: 0 for x <= -3, x for x >= 3.
///
/// - source: Howard et al., Searching for MobileNetV3, 2019, section 5.2
struct HardSwish : detail::Elementwise<HardSwish> {
  [[nodiscard]] static std::string kind() { return "HardSwish"; }
  [[nodiscard]] static float value(float x) {
    const float line = x * (1.0F / 6.0F) + 0.5F;
    return x * (line < 0 ? 0.0F : line > 1 ? 1.0F : line);
  }
  [[nodiscard]] static float slope(float x, float /*y*/) {
    return x <= -3 ? 0.0F : x < 3 ? x * (1.0F / 3.0F) + 0.5F : 1.0F;
  }
};

/// The hyperbolic tangent.
struct Tanh : detail::Elementwise<Tanh> {
  [[nodiscard]] static std::string kind() { return "Tanh"; }
  [[nodiscard]] static float value(float x) { return std::tanh(x); }
  [[nodiscard]] static float slope(float /*x*/, float y) { return 1.0F - y * y; }
};

/// x, kept within `low` to `high`; `Clip(0, 6)` is what is called ReLU6. A NaN stays one.
struct Clip : detail::Elementwise<Clip> {
  float low;
  float high;

  /// Throws `Error` unless low <= high; either may be infinite.
  Clip(float smallest, float largest) : low(smallest), high(largest) {
    if (!(smallest <= largest)) {
      throw Error("Clip takes a lower bound that is no larger than the upper one, not " +
                  std::to_string(smallest) + " and " + std::to_string(largest));
    }
  }
  [[nodiscard]] static std::string kind() { return "Clip"; }
  [[nodiscard]] float value(float x) const { return x < low ? low : x > high ? high : x; }
  [[nodiscard]] float slope(float x, float /*y*/) const {
    return low < x && x < high ? 1.0F : 0.0F;
  }
};

/// x, kept within -1 to 1. A NaN stays one.
struct HardTanh : detail::Elementwise<HardTanh> {
  [[nodiscard]] static std::string kind() { return "HardTanh"; }
  [[nodiscard]] static float value(float x) { return x < -1 ? -1.0F : x > 1 ? 1.0F : x; }
  [[nodiscard]] static float slope(float x, float /*y*/) { return -1 < x && x < 1 ? 1.0F : 0.0F; }
};

/// +1 for x >= 0 and for NaN, as `Binary` encodes them, else -1.
///
/// The gradient passes straight through where |x| <= 1: that of `HardTanh`, whose kinks count as
/// inside.
/// - source: Hubara et al., Binarized Neural Networks, 2016, eq. 4
struct Sign : detail::Elementwise<Sign> {
  [[nodiscard]] static std::string kind() { return "Sign"; }
  [[nodiscard]] static float value(float x) { return x < 0 ? -1.0F : 1.0F; }
  [[nodiscard]] static bool is_near_jump(std::span<const float> /*values*/) { return true; }
  [[nodiscard]] static float slope(float x, float /*y*/) { return -1 <= x && x <= 1 ? 1.0F : 0.0F; }
};

static_assert(Layer<ReLU> && Layer<CentredReLU> && Layer<ClippedReLU> && Layer<LeakyReLU> &&
              Layer<Sigmoid> && Layer<HardSigmoid> && Layer<HardSwish> && Layer<Tanh> &&
              Layer<Clip> && Layer<HardTanh> && Layer<Sign>);

}  // namespace upset
