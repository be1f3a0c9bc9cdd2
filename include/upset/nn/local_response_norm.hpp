// SPDX-License-Identifier: BSL-1.0
/// Channels damped by the activity of their neighbours, as AlexNet has them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include <upset/nn/layer.hpp>

namespace upset {

/// y_c = x_c / s_c^beta, s_c = bias + alpha / size times the sum of x_i^2 over the `size` channels
/// around c: from (size - 1) / 2 before to size / 2 behind, those that exist.
///
/// - shape:  x [B, ..., C] -> y [B, ..., C]
/// - cost:   C size multiply-adds a pixel and one power a value, in double
/// - source: Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural
///           Networks, 2012, section 3.3; alpha is divided by size as in Caffe, ONNX and PyTorch
class LocalResponseNorm : public Stateless {
 public:
  /// Throws `Error` for a size of zero.
  explicit LocalResponseNorm(std::size_t size, float alpha = 1e-4F, float beta = 0.75F,
                             float bias = 1)
      : size_(size), alpha_(alpha), beta_(beta), bias_(bias) {
    if (size == 0) {
      throw Error("LocalResponseNorm looks at one channel at least");
    }
  }

  [[nodiscard]] static std::string kind() { return "LocalResponseNorm"; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] float alpha() const { return alpha_; }
  [[nodiscard]] float beta() const { return beta_; }
  [[nodiscard]] float bias() const { return bias_; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) {
    const Shape& x = single_input(shapes, kind());
    if (x.rank() == 0 || x.size() == 0) {
      throw Error("LocalResponseNorm takes one channel at least in the last extent, not " +
                  to_string(x));
    }
    return x;
  }

  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& /*pass*/) const {
    const Tensor& x = *inputs[0];
    Tensor y = Tensor::uninitialized(x.shape());
    const std::size_t channels = x.shape()[x.shape().rank() - 1];
    for (std::size_t first = 0; first < x.size(); first += channels) {
      for (std::size_t c = 0; c < channels; ++c) {
        y[first + c] = static_cast<float>(static_cast<double>(x[first + c]) *
                                          std::pow(damping(x, first, c, channels), -exponent()));
      }
    }
    return y;
  }

  // d_x_i = d_y_i / s_i^beta - 2 alpha beta / size x_i sum of d_y_c y_c / s_c over the c that look
  // at i
  void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) const {
    const Tensor& x = *inputs[0];
    const std::size_t channels = x.shape()[x.shape().rank() - 1];
    const double factor = -2 * share() * exponent();
    Tensor* const d_x = gradients.sum(0, x.shape());
    if (d_x == nullptr) {
      return;
    }
    for (std::size_t first = 0; first < x.size(); first += channels) {
      for (std::size_t c = 0; c < channels; ++c) {
        const double s = damping(x, first, c, channels);
        const auto d = static_cast<double>(d_y[first + c]);
        (*d_x)[first + c] += static_cast<float>(d * std::pow(s, -exponent()));
        const double pull = factor * d * static_cast<double>(y[first + c]) / s;
        for (std::size_t i = begin(c); i < end(c, channels); ++i) {
          (*d_x)[first + i] += static_cast<float>(pull * static_cast<double>(x[first + i]));
        }
      }
    }
  }

 private:
  [[nodiscard]] double share() const {
    return static_cast<double>(alpha_) / static_cast<double>(size_);
  }
  [[nodiscard]] double exponent() const { return static_cast<double>(beta_); }
  [[nodiscard]] std::size_t begin(std::size_t c) const { return c - std::min(c, (size_ - 1) / 2); }
  [[nodiscard]] std::size_t end(std::size_t c, std::size_t channels) const {
    return std::min(c + size_ / 2 + 1, channels);
  }
  /// s of channel c of the pixel that begins at `first`.
  [[nodiscard]] double damping(const Tensor& x, std::size_t first, std::size_t c,
                               std::size_t channels) const {
    double squares = 0;
    for (std::size_t i = begin(c); i < end(c, channels); ++i) {
      squares += static_cast<double>(x[first + i]) * static_cast<double>(x[first + i]);
    }
    return static_cast<double>(bias_) + share() * squares;
  }

  std::size_t size_;
  float alpha_;
  float beta_;
  float bias_;
};

static_assert(Layer<LocalResponseNorm>);

}  // namespace upset
