// SPDX-License-Identifier: BSL-1.0
/// A clipped activation whose bounds differ between channels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include <upset/kernel/op.hpp>
#include <upset/nn/layer.hpp>

namespace upset {

/// x, kept within the bounds of its channel; a NaN stays one. What becomes of a `Clip` where its
/// channels are scaled: see `equalize`. The bounds lie in no memory: no fault hits them.
///
/// - shape: x [B, ..., C]; low and high [C] -> y [B, ..., C]
class ChannelClip : public Stateless {
 public:
  /// Throws `Error` unless there is one channel at least, and low <= high in each; bounds may be
  /// infinite.
  ChannelClip(Tensor low, Tensor high) : low_(std::move(low)), high_(std::move(high)) {
    if (low_.shape().rank() != 1 || low_.size() == 0 || high_.shape() != low_.shape()) {
      throw Error("ChannelClip takes lower and upper bounds [C], not " + to_string(low_.shape()) +
                  " and " + to_string(high_.shape()));
    }
    for (std::size_t c = 0; c < low_.size(); ++c) {
      if (!(low_[c] <= high_[c])) {
        throw Error("ChannelClip takes lower bounds that are no larger than the upper ones, not " +
                    std::to_string(low_[c]) + " and " + std::to_string(high_[c]));
      }
    }
  }

  [[nodiscard]] static std::string kind() { return "ChannelClip"; }
  [[nodiscard]] const Tensor& low() const { return low_; }
  [[nodiscard]] const Tensor& high() const { return high_; }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    const Shape& x = single_input(shapes, kind());
    if (x.rank() == 0 || x[x.rank() - 1] != low_.size()) {
      throw Error("ChannelClip takes " + std::to_string(low_.size()) +
                  " channels in the last extent, not " + to_string(x));
    }
    return x;
  }

  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& pass) const {
    return transform(*inputs[0], {}, pass);
  }
  [[nodiscard]] Tensor transform(Tensor x, Inputs /*others*/, const Pass& /*pass*/) const {
    apply(x.values());
    return x;
  }
  // In vectors by name: bounds might be among the values, as far as GCC knows. The last one of a
  // pixel clips some channels twice, which changes nothing.
  void apply(std::span<float> values) const {
    const std::size_t channels = low_.size();
    const std::size_t last = channels < lanes ? 0 : channels - lanes;
    const float* const lows = low_.data();
    const float* const highs = high_.data();
    for (std::size_t first = 0; first < values.size(); first += channels) {
      float* const pixel = values.data() + first;
      if (channels < lanes) {
        for (std::size_t c = 0; c < channels; ++c) {
          pixel[c] = pixel[c] < lows[c] ? lows[c] : pixel[c] > highs[c] ? highs[c] : pixel[c];
        }
        continue;
      }
      for (std::size_t c = 0;; c = std::min(c + lanes, last)) {
        const Floats low = *reinterpret_cast<const Floats*>(lows + c);
        const Floats high = *reinterpret_cast<const Floats*>(highs + c);
        Floats& x = *reinterpret_cast<Floats*>(pixel + c);
        const Floats raised = x < low ? low : x;
        x = raised > high ? high : raised;
        if (c == last) {
          break;
        }
      }
    }
  }

  // d_x = d_y within the bounds, where there is a kink the smaller slope
  void backward(Inputs inputs, const Tensor& /*y*/, Tensor d_y, Gradients& gradients) const {
    const Tensor& x = *inputs[0];
    const std::size_t channels = low_.size();
    for (std::size_t i = 0; i < d_y.size(); ++i) {
      const std::size_t c = i % channels;
      d_y[i] *= low_[c] < x[i] && x[i] < high_[c] ? 1.0F : 0.0F;
    }
    gradients.add(0, std::move(d_y));
  }

 private:
  static constexpr std::size_t lanes = detail::vector_bytes / sizeof(float);
  using Floats = detail::Lanes<float, lanes>::type;

  Tensor low_;
  Tensor high_;
};

static_assert(Layer<ChannelClip>);

}  // namespace upset
