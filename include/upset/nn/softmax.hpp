// SPDX-License-Identifier: BSL-1.0
/// Scores to probabilities.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include <upset/nn/layer.hpp>

namespace upset {

/// y_c = e^(x_c) / sum over j of e^(x_j) over the last extent, the channels of each pixel.
///
/// The largest score is subtracted first, so no finite score overflows. A NaN or +infinity among
/// the scores makes all of their probabilities NaN.
///
/// - shape: x [B, ..., C] -> y [B, ..., C]
/// - cost:  one exponential a value; sums in double, in order
struct Softmax : Stateless {
  [[nodiscard]] static std::string kind() { return "Softmax"; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) {
    const Shape& x = single_input(shapes, kind());
    if (x.rank() == 0 || x.size() == 0) {
      throw Error("Softmax takes one score at least in the last extent, not " + to_string(x));
    }
    return x;
  }

  [[nodiscard]] static Tensor forward(Inputs inputs, const Pass& /*pass*/) {
    const Tensor& x = *inputs[0];
    Tensor y(x.shape());
    const std::size_t channels = x.shape()[x.shape().rank() - 1];
    for (std::size_t first = 0; first < x.size(); first += channels) {
      const auto scores = x.values().subspan(first, channels);
      const auto shares = y.values().subspan(first, channels);
      const float largest = *std::max_element(scores.begin(), scores.end());
      double sum = 0;
      for (std::size_t c = 0; c < channels; ++c) {
        shares[c] = std::exp(scores[c] - largest);
        sum += static_cast<double>(shares[c]);
      }
      for (float& share : shares) {
        share = static_cast<float>(static_cast<double>(share) / sum);
      }
    }
    return y;
  }

  // d_x_c = y_c (d_y_c - sum over j of d_y_j y_j)
  static void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) {
    const Tensor& x = *inputs[0];
    Tensor* d_x = gradients.sum(0, x.shape());
    if (d_x == nullptr) {
      return;
    }
    const std::size_t channels = x.shape()[x.shape().rank() - 1];
    for (std::size_t first = 0; first < x.size(); first += channels) {
      double mean = 0;
      for (std::size_t i = first; i < first + channels; ++i) {
        mean += static_cast<double>(d_y[i]) * static_cast<double>(y[i]);
      }
      for (std::size_t i = first; i < first + channels; ++i) {
        (*d_x)[i] +=
            static_cast<float>(static_cast<double>(y[i]) * (static_cast<double>(d_y[i]) - mean));
      }
    }
  }
};

static_assert(Layer<Softmax>);

}  // namespace upset
