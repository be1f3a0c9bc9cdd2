// SPDX-License-Identifier: BSL-1.0
/// A clipped activation whose bounds differ between channels.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

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
  void apply(std::span<float> values) const {
    for_each(values.size(), [v = values.data()](std::size_t i, float low, float high) {
      v[i] = v[i] < low ? low : v[i] > high ? high : v[i];
    });
  }

  // d_x = d_y within the bounds, where there is a kink the smaller slope
  void backward(Inputs inputs, const Tensor& /*y*/, Tensor d_y, Gradients& gradients) const {
    for_each(d_y.size(),
             [x = inputs[0]->data(), d = d_y.data()](std::size_t i, float low, float high) {
               d[i] *= low < x[i] && x[i] < high ? 1.0F : 0.0F;
             });
    gradients.add(0, std::move(d_y));
  }

 private:
  /// Calls `use(i, low, high)` for `size` values, whole pixels.
  template <class Use>
  void for_each(std::size_t size, Use use) const {
    const std::size_t channels = low_.size();
    for (std::size_t first = 0; first < size; first += channels) {
      for (std::size_t c = 0; c < channels; ++c) {
        use(first + c, low_[c], high_[c]);
      }
    }
  }

  Tensor low_;
  Tensor high_;
};

static_assert(Layer<ChannelClip>);

}  // namespace upset
