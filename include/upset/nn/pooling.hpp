// SPDX-License-Identifier: BSL-1.0
/// Layers that summarise windows of a picture, each channel by itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <upset/kernel/op.hpp>
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
    Tensor y = Tensor::uninitialized(pooled_batch(x.shape(), kind()));
    walk(x.shape(), y.shape(), [&](std::size_t to, std::span<const std::size_t> taps) {
      for_each_channels(x, y, to, taps, [&](std::size_t c, std::size_t count) {
        Channels largest = load(x, taps[0] + c, count);
        for (const std::size_t tap : taps.subspan(1)) {
          const Channels values = load(x, tap + c, count);
          const auto keep = (values <= largest) | (largest != largest);
          largest = keep ? largest : values;
        }
        store(y, to + c, count, largest);
      });
    });
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
    const Channels none{};
    walk(x.shape(), y.shape(), [&](std::size_t to, std::span<const std::size_t> taps) {
      for_each_channels(x, y, to, taps, [&](std::size_t c, std::size_t count) {
        const Channels largest = load(y, to + c, count);
        Channels left = load(d_y, to + c, std::min(count, channels - c));
        for (const std::size_t tap : taps) {
          const Channels values = load(x, tap + c, count);
          const auto takes = (values == largest) | (values != values);
          store(*d_x, tap + c, count, load(*d_x, tap + c, count) + (takes ? left : none));
          left = takes ? none : left;
        }
      });
    });
  }

 private:
  static constexpr std::size_t lanes = 8;
  using Channels = detail::Lanes<float, lanes>::type;

  /// Calls `use(c, count)` for the channels of a window, `lanes` at a time. `count` is `lanes`, a
  /// whole vector, even where fewer channels follow c: what is stored beyond them belongs to the
  /// next pixel, which comes later. Only where nothing follows in x or in y is it less.
  template <class Use>
  static void for_each_channels(const Tensor& x, const Tensor& y, std::size_t to,
                                std::span<const std::size_t> taps, Use use) {
    const std::size_t channels = y.shape()[3];
    for (std::size_t c = 0; c < channels; c += lanes) {
      if (to + c + lanes <= y.size() && taps.back() + c + lanes <= x.size()) {
        use(c, lanes);
      } else {
        use(c, std::min(lanes, channels - c));
      }
    }
  }

  [[nodiscard]] static Channels load(const Tensor& from, std::size_t at, std::size_t count) {
    if (count == lanes) [[likely]] {
      return *reinterpret_cast<const Channels*>(from.data() + at);
    }
    Channels values{};
    std::memcpy(&values, from.data() + at, count * sizeof(float));
    return values;
  }
  static void store(Tensor& to, std::size_t at, std::size_t count, Channels values) {
    if (count == lanes) [[likely]] {
      *reinterpret_cast<Channels*>(to.data() + at) = values;
    } else {
      std::memcpy(to.data() + at, &values, count * sizeof(float));
    }
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
    walk(x.shape(), y.shape(), [&](std::size_t to, std::span<const std::size_t> taps) {
      std::ranges::fill(sums, 0.0);
      for (const std::size_t tap : taps) {
        for (std::size_t c = 0; c < sums.size(); ++c) {
          sums[c] += static_cast<double>(x[tap + c]);
        }
      }
      for (std::size_t c = 0; c < sums.size(); ++c) {
        y[to + c] = static_cast<float>(sums[c] / static_cast<double>(taps.size()));
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
    walk(inputs[0]->shape(), y.shape(), [&](std::size_t to, std::span<const std::size_t> taps) {
      for (const std::size_t tap : taps) {
        for (std::size_t c = 0; c < y.shape()[3]; ++c) {
          (*d_x)[tap + c] += d_y[to + c] / static_cast<float>(taps.size());
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
