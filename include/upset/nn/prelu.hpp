// SPDX-License-Identifier: BSL-1.0
/// A rectified unit whose negative slope is learned.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/format/float32.hpp>
#include <upset/nn/layer.hpp>
#include <upset/nn/weights.hpp>

namespace upset {

/// x for x >= 0, else a part of it that each channel, or the whole layer, has learned. The slopes
/// lie in memory in `P`.
///
/// - shape:  x [B, ..., C]; slope [C] or [1] -> y [B, ..., C]
/// - source: He, Zhang, Ren, Sun, Delving Deep into Rectifiers, 2015, section 2.1
template <Format P = Float32>
class PReLU {
 public:
  /// Throws `Error` unless there is one slope at least, in one row.
  explicit PReLU(Tensor slopes) : slopes_(check(std::move(slopes))), stored_(count()) { read(); }

  [[nodiscard]] static std::string kind() { return "PReLU"; }
  [[nodiscard]] const Tensor& slopes() const { return slopes_.values(); }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    const Shape& x = single_input(shapes, kind());
    if (count() != 1 && (x.rank() == 0 || x[x.rank() - 1] != count())) {
      throw Error("PReLU takes " + std::to_string(count()) + " channels in the last extent, not " +
                  to_string(x));
    }
    return x;
  }

  // y[m, c] = x[m, c] >= 0 ? x[m, c] : slope[c] x[m, c]
  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& pass) const {
    return transform(*inputs[0], {}, pass);
  }
  [[nodiscard]] Tensor transform(Tensor x, Inputs /*others*/, const Pass& /*pass*/) const {
    apply(x.values());
    return x;
  }
  void apply(std::span<float> values) const {
    for_each(values.size(), [v = values.data()](std::size_t i, std::size_t /*c*/, float slope) {
      v[i] = v[i] < 0 ? slope * v[i] : v[i];
    });
  }

  // d_x = d_y or slope d_y; d_slope[c] = sum of d_y x over all negative x of the channel. Where x
  // is 0 the slope is taken.
  void backward(Inputs inputs, const Tensor& /*y*/, Tensor d_y, Gradients& gradients) const {
    std::vector<double> d_slopes(count(), 0.0);
    for_each(d_y.size(),
             [&, x = inputs[0]->data(), d = d_y.data()](std::size_t i, std::size_t c, float slope) {
               if (!(x[i] > 0)) {
                 d_slopes[c] += static_cast<double>(d[i]) * static_cast<double>(x[i]);
                 d[i] *= slope;
               }
             });
    Tensor d_stored({count()});
    for (std::size_t c = 0; c < count(); ++c) {
      d_stored[c] = static_cast<float>(d_slopes[c]);
    }
    slopes_.backward(d_stored, gradients.parameters);
    gradients.add(0, std::move(d_y));
  }

  [[nodiscard]] std::vector<Parameter> parameters() {
    std::vector<Parameter> all;
    slopes_.add_parameters("slope", all);
    return all;
  }
  [[nodiscard]] std::vector<NamedImage> images() { return {{"slope", &slopes_.image()}}; }
  void encode() {
    slopes_.encode();
    read();
  }
  void refresh() {
    read();
    slopes_.image().forget_touched();
  }

 private:
  [[nodiscard]] static Tensor check(Tensor slopes) {
    if (slopes.shape().rank() != 1 || slopes.size() == 0) {
      throw Error("PReLU takes slopes [C] or [1], not " + to_string(slopes.shape()));
    }
    return slopes;
  }
  [[nodiscard]] std::size_t count() const { return slopes_.values().size(); }
  void read() { slopes_.image().decode(stored_); }
  /// Calls `use(i, c, slope of c)` for `size` values, whole pixels.
  template <class Use>
  void for_each(std::size_t size, Use use) const {
    const std::size_t channels = count();
    for (std::size_t first = 0; first < size; first += channels) {
      for (std::size_t c = 0; c < channels; ++c) {
        use(first + c, c, stored_[c]);
      }
    }
  }

  StoredTensor<P> slopes_;
  std::vector<float> stored_;  // what the image holds, as reals
};

static_assert(Layer<PReLU<>>);

}  // namespace upset
