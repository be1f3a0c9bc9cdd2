// SPDX-License-Identifier: BSL-1.0
/// Layers that summarise windows of a picture, each channel by itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <upset/nn/pool_window.hpp>

namespace upset {

/// The largest value of each window. Padding takes no part; a NaN is larger than any number, so a
/// fault that made one is not hidden.
///
/// - shape: x [B, H, W, C] -> y [B, H', W', C]
class MaxPool : public detail::WindowPool {
 public:
  using WindowPool::WindowPool;
  /// Square windows side by side: H' = H / size, rounded down.
  explicit MaxPool(std::size_t size) : MaxPool(size, size) {}
  MaxPool(std::size_t size, std::size_t stride)
      : WindowPool(WindowGeometry::square(size, stride)) {}

  [[nodiscard]] static std::string kind() { return "MaxPool"; }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    return pooled_shape(shapes, kind());
  }

  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& /*pass*/) const {
    const Tensor& x = *inputs[0];
    Tensor y(pooled_batch(x.shape(), kind()));
    const std::size_t channels = y.shape()[3];
    float* largest = nullptr;
    bool first = true;
    walk(
        x.shape(), y.shape(),
        [&](std::size_t to) {
          largest = y.data() + to;
          first = true;
        },
        [&](std::size_t from) {
          const float* values = x.data() + from;
          for (std::size_t c = 0; c < channels; ++c) {
            const bool keep = !first && (values[c] <= largest[c] || largest[c] != largest[c]);
            largest[c] = keep ? largest[c] : values[c];
          }
          first = false;
        },
        [] {});
    return y;
  }

  // d_x += d_y at the first pixel of each window, in row order, that holds its largest value
  void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) const {
    const Tensor& x = *inputs[0];
    Tensor* d_x = gradients.inputs[0];
    if (d_x == nullptr) {
      return;
    }
    // Without branches: what a window has left to give goes to the first pixel that takes it, and
    // the others get zero.
    const std::size_t channels = y.shape()[3];
    std::vector<float> left(channels);
    const float* largest = nullptr;
    walk(
        x.shape(), y.shape(),
        [&](std::size_t to) {
          largest = y.data() + to;
          std::copy_n(d_y.data() + to, channels, left.begin());
        },
        [&, values = x.data(), d_values = d_x->data(), left = left.data()](std::size_t from) {
          for (std::size_t c = 0; c < channels; ++c) {
            const float value = values[from + c];
            const bool takes = value == largest[c] || value != value;
            d_values[from + c] += takes ? left[c] : 0.0F;
            left[c] = takes ? 0.0F : left[c];
          }
        },
        [] {});
  }
};

/// The mean of each window over its real pixels: padding takes no part and is not counted.
///
/// - shape: x [B, H, W, C] -> y [B, H', W', C]
/// - cost:  sums in double, in row order
class AveragePool : public detail::WindowPool {
 public:
  using WindowPool::WindowPool;
  /// Square windows side by side: H' = H / size, rounded down.
  explicit AveragePool(std::size_t size) : AveragePool(size, size) {}
  AveragePool(std::size_t size, std::size_t stride)
      : WindowPool(WindowGeometry::square(size, stride)) {}

  [[nodiscard]] static std::string kind() { return "AveragePool"; }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    return pooled_shape(shapes, kind());
  }

  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& /*pass*/) const {
    const Tensor& x = *inputs[0];
    Tensor y(pooled_batch(x.shape(), kind()));
    std::vector<double> sums(y.shape()[3]);
    std::size_t at = 0;
    std::size_t count = 0;
    walk(
        x.shape(), y.shape(),
        [&](std::size_t to) {
          at = to;
          count = 0;
          std::ranges::fill(sums, 0.0);
        },
        [&](std::size_t from) {
          for (std::size_t c = 0; c < sums.size(); ++c) {
            sums[c] += static_cast<double>(x[from + c]);
          }
          ++count;
        },
        [&] {
          for (std::size_t c = 0; c < sums.size(); ++c) {
            y[at + c] = static_cast<float>(sums[c] / static_cast<double>(count));
          }
        });
    return y;
  }

  // d_x += d_y / n at each of the n real pixels of a window
  void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) const {
    Tensor* d_x = gradients.inputs[0];
    if (d_x == nullptr) {
      return;
    }
    std::vector<std::size_t> pixels;
    std::size_t at = 0;
    walk(
        inputs[0]->shape(), y.shape(),
        [&](std::size_t to) {
          at = to;
          pixels.clear();
        },
        [&](std::size_t from) { pixels.push_back(from); },
        [&] {
          for (const std::size_t from : pixels) {
            for (std::size_t c = 0; c < y.shape()[3]; ++c) {
              (*d_x)[from + c] += d_y[at + c] / static_cast<float>(pixels.size());
            }
          }
        });
  }
};

/// The mean of each channel over the whole picture.
///
/// - shape: x [B, ..., C] with one extent or more between -> y [B, C]
/// - cost:  sums in double, in row order
struct GlobalAveragePool : Stateless {
  [[nodiscard]] static std::string kind() { return "GlobalAveragePool"; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) {
    const Shape& x = single_input(shapes, kind());
    if (x.rank() < 2 || x.size() == 0) {
      throw Error("GlobalAveragePool takes pictures [H, W, C] of one pixel at least, not " +
                  to_string(x));
    }
    return {x[x.rank() - 1]};
  }

  [[nodiscard]] static Tensor forward(Inputs inputs, const Pass& /*pass*/) {
    const Tensor& x = *inputs[0];
    const std::size_t channels = x.shape()[x.shape().rank() - 1];
    Tensor y({x.batch(), channels});
    std::vector<double> sums(channels);
    for (std::size_t b = 0; b < x.batch(); ++b) {
      const auto picture = x.row(b);
      std::ranges::fill(sums, 0.0);
      for (std::size_t first = 0; first < picture.size(); first += channels) {
        for (std::size_t c = 0; c < channels; ++c) {
          sums[c] += static_cast<double>(picture[first + c]);
        }
      }
      for (std::size_t c = 0; c < channels; ++c) {
        const auto pixels = static_cast<double>(picture.size() / channels);
        y[b * channels + c] = static_cast<float>(sums[c] / pixels);
      }
    }
    return y;
  }

  // d_x[b, pixel, c] += d_y[b, c] / pixels
  static void backward(Inputs /*inputs*/, const Tensor& y, const Tensor& d_y,
                       Gradients& gradients) {
    Tensor* d_x = gradients.inputs[0];
    if (d_x == nullptr) {
      return;
    }
    const std::size_t channels = y.shape()[1];
    for (std::size_t b = 0; b < y.batch(); ++b) {
      const auto picture = d_x->row(b);
      const auto pixels = static_cast<float>(picture.size() / channels);
      for (std::size_t i = 0; i < picture.size(); ++i) {
        picture[i] += d_y[b * channels + i % channels] / pixels;
      }
    }
  }
};

static_assert(Layer<MaxPool> && Layer<AveragePool> && Layer<GlobalAveragePool>);

}  // namespace upset
