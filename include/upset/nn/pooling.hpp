// SPDX-License-Identifier: BSL-1.0
/// Layers that summarise windows of a picture, each channel by itself.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/op.hpp>
#include <upset/nn/change.hpp>
#include <upset/nn/pool_window.hpp>

namespace upset {

/// The largest value of each window. Padding takes no part; a NaN is larger than any number, so a
/// fault that made one is not hidden.
///
/// - shape: x [B, H, W, C] -> y [B, H', W', C]
class MaxPool : public detail::WindowPool {
 public:
  using WindowPool::WindowPool;

  [[nodiscard]] static std::string kind() { return "MaxPool"; }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    return pooled_shape(shapes, kind());
  }

  // First down the rows of a window, in whole rows of the picture, then along its columns.
  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& /*pass*/) const {
    const Tensor& x = *inputs[0];
    Tensor y = Tensor::uninitialized(pooled_batch(x.shape(), kind()));
    const Taps from_rows = row_taps(x.shape(), y.shape());
    const Taps from_columns = column_taps(x.shape(), y.shape());
    const std::size_t channels = y.shape()[3];
    const std::size_t row_size = x.shape()[2] * channels;
    AlignedVector<float> row(row_size + lanes, 0.0F);
    std::size_t to = 0;
    for (std::size_t b = 0; b < x.batch(); ++b) {
      const float* const picture = x.row(b).data();
      for (const auto& taps : from_rows) {
        std::copy_n(picture + taps[0], row_size, row.data());
        for (std::size_t tap = 1; tap < taps.size(); ++tap) {
          keep_larger(row.data(), picture + taps[tap], row_size);
        }
        for (const auto& columns : from_columns) {
          for (std::size_t c = 0; c < channels; c += lanes) {
            Channels largest = load(row.data() + columns[0] + c, lanes);
            for (std::size_t tap = 1; tap < columns.size(); ++tap) {
              largest = larger(largest, load(row.data() + columns[tap] + c, lanes));
            }
            // what is stored beyond the channels belongs to the next pixel, which comes later
            const bool whole = to + c + lanes <= y.size();
            store(y.data() + to + c, whole ? lanes : std::min(lanes, channels - c), largest);
          }
          to += channels;
        }
      }
    }
    return y;
  }

  // d_x += d_y at the first pixel of each window, in row order, that holds its largest value
  void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) const {
    const Tensor& x = *inputs[0];
    Tensor* d_x = gradients.sum(0, x.shape());
    if (d_x == nullptr) {
      return;
    }
    // Without branches: what a window has left to give goes to the first pixel that takes it, and
    // the others get zero.
    const std::size_t channels = y.shape()[3];
    const Channels none{};
    walk(x.shape(), y.shape(), [&](std::size_t to, std::span<const std::size_t> taps) {
      for (std::size_t c = 0; c < channels; c += lanes) {
        // A whole vector even where fewer channels follow c, unless nothing follows them: the other
        // lanes have no gradient to give.
        const bool whole = to + c + lanes <= y.size() && taps.back() + c + lanes <= x.size();
        const std::size_t own = std::min(lanes, channels - c);
        const std::size_t count = whole ? lanes : own;
        const Channels largest = load(y.data() + to + c, count);
        Channels left = load(d_y.data() + to + c, own);
        for (const std::size_t tap : taps) {
          const Channels values = load(x.data() + tap + c, count);
          float* const d_values = d_x->data() + tap + c;
          const auto takes = (values == largest) | (values != values);
          store(d_values, count, load(d_values, count) + (takes ? left : none));
          left = takes ? none : left;
        }
      }
    });
  }

 private:
  static constexpr std::size_t lanes =
      std::min<std::size_t>(8, detail::vector_bytes / sizeof(float));
  using Channels = detail::Lanes<float, lanes>::type;

  [[nodiscard]] static Channels larger(Channels a, Channels b) {
    return ((b <= a) | (a != a)) ? a : b;
  }
  static void keep_larger(float* largest, const float* values, std::size_t count) {
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
      store(largest + i, lanes, larger(load(largest + i, lanes), load(values + i, lanes)));
    }
    const std::size_t rest = count - i;
    store(largest + i, rest, larger(load(largest + i, rest), load(values + i, rest)));
  }

  [[nodiscard]] static Channels load(const float* from, std::size_t count) {
    if (count == lanes) [[likely]] {
      return *reinterpret_cast<const Channels*>(from);
    }
    Channels values{};
    std::memcpy(&values, from, count * sizeof(float));
    return values;
  }
  static void store(float* to, std::size_t count, Channels values) {
    if (count == lanes) [[likely]] {
      *reinterpret_cast<Channels*>(to) = values;
    } else {
      std::memcpy(to, &values, count * sizeof(float));
    }
  }
};

namespace detail {

/// The mean, rounded once; infinite where a float cannot hold the sum, though it could the mean.
/// Devices that add floats overflow there, and so did published outcomes of faults (PyTorch's).
[[nodiscard]] inline float mean_of(double sum, std::size_t count) {
  const auto held = static_cast<float>(sum);
  return std::isfinite(held) ? static_cast<float>(sum / static_cast<double>(count)) : held;
}

/// The means of channels of a picture that comes in stretches, in order.
class ChannelMeans {
 public:
  explicit ChannelMeans(std::size_t channels) : sums_(channels) {}

  void clear() { std::ranges::fill(sums_, 0.0); }
  /// Adds values `begin` to `end - 1` of a picture at `picture`.
  void add(const float* picture, std::size_t begin, std::size_t end) {
    while (begin < end) {  // the rest of a pixel
      const std::size_t channel = begin % sums_.size();
      const std::size_t count = std::min(sums_.size() - channel, end - begin);
      for (std::size_t c = 0; c < count; ++c) {
        sums_[channel + c] += static_cast<double>(picture[begin + c]);
      }
      begin += count;
    }
  }
  void write(std::size_t pixels, std::span<float> to) const {
    for (std::size_t c = 0; c < sums_.size(); ++c) {
      to[c] = mean_of(sums_[c], pixels);
    }
  }

 private:
  AlignedVector<double> sums_;
};

}  // namespace detail

/// The rule of `GlobalAveragePool`: the sums anew, of values where they lie.
class GlobalAverageChange final : public ChangeRule {
 public:
  explicit GlobalAverageChange(std::size_t channels) : means_(channels) {}

  void propagate(std::size_t /*slot*/, std::span<const ChangedInput> inputs,
                 std::span<const float> y, const NodeFaults& /*faults*/, Change& to) override {
    inherit(inputs, to);
    const ChangedInput& x = inputs[0];
    means_.clear();
    x.for_each_stretch([&](const float* picture, std::size_t begin, std::size_t end) {
      means_.add(picture, begin, end);
    });
    means_.write(x.golden.size() / y.size(), to.values);
    to.begin = 0;
    to.end = y.size();
  }

 private:
  detail::ChannelMeans means_;
};

/// What the sum over a window is divided by: the number of its real pixels, or of all its taps, as
/// if padding were zeros.
enum class Divisor : std::uint8_t { pixels, taps };

/// The mean of each window over its real pixels: padding takes no part and, unless asked for, is
/// not counted.
///
/// - shape: x [B, H, W, C] -> y [B, H', W', C]
/// - cost:  sums in double, in row order; see `mean_of`
class AveragePool : public detail::WindowPool {
 public:
  using WindowPool::WindowPool;
  AveragePool(const WindowGeometry& geometry, Divisor divisor)
      : WindowPool(geometry), divisor_(divisor) {}

  [[nodiscard]] static std::string kind() { return "AveragePool"; }
  [[nodiscard]] Divisor divides_by() const { return divisor_; }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    return pooled_shape(shapes, kind());
  }

  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& /*pass*/) const {
    const Tensor& x = *inputs[0];
    Tensor y(pooled_batch(x.shape(), kind()));
    AlignedVector<double> sums(y.shape()[3]);
    walk(x.shape(), y.shape(), [&](std::size_t to, std::span<const std::size_t> taps) {
      std::ranges::fill(sums, 0.0);
      for (const std::size_t tap : taps) {
        for (std::size_t c = 0; c < sums.size(); ++c) {
          sums[c] += static_cast<double>(x[tap + c]);
        }
      }
      for (std::size_t c = 0; c < sums.size(); ++c) {
        y[to + c] = detail::mean_of(sums[c], divisor(taps));
      }
    });
    return y;
  }

  // d_x += d_y / divisor at each real pixel of a window
  void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) const {
    Tensor* d_x = gradients.sum(0, inputs[0]->shape());
    if (d_x == nullptr) {
      return;
    }
    walk(inputs[0]->shape(), y.shape(), [&](std::size_t to, std::span<const std::size_t> taps) {
      for (const std::size_t tap : taps) {
        for (std::size_t c = 0; c < y.shape()[3]; ++c) {
          (*d_x)[tap + c] += d_y[to + c] / static_cast<float>(divisor(taps));
        }
      }
    });
  }

 private:
  [[nodiscard]] std::size_t divisor(std::span<const std::size_t> pixels) const {
    return divisor_ == Divisor::taps ? geometry().taps() : pixels.size();
  }

  Divisor divisor_ = Divisor::pixels;
};

/// The mean of each channel over the whole picture.
///
/// - shape: x [B, ..., C] with one extent or more between -> y [B, C]
/// - cost:  sums in double, in row order; see `mean_of`
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
    detail::ChannelMeans means(channels);
    for (std::size_t b = 0; b < x.batch(); ++b) {
      means.clear();
      means.add(x.row(b).data(), 0, x.row(b).size());
      means.write(x.row(b).size() / channels, y.row(b));
    }
    return y;
  }
  [[nodiscard]] static std::unique_ptr<ChangeRule> change_rule(const Shape& input) {
    return std::make_unique<GlobalAverageChange>(input[input.rank() - 1]);
  }

  // d_x[b, pixel, c] += d_y[b, c] / pixels
  static void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) {
    Tensor* d_x = gradients.sum(0, inputs[0]->shape());
    if (d_x == nullptr) {
      return;
    }
    const std::size_t channels = y.shape()[1];
    for (std::size_t b = 0; b < y.batch(); ++b) {
      const auto picture = d_x->row(b);
      const auto pixels = static_cast<float>(picture.size() / channels);
      for (std::size_t first = 0; first < picture.size(); first += channels) {
        for (std::size_t c = 0; c < channels; ++c) {
          picture[first + c] += d_y[b * channels + c] / pixels;
        }
      }
    }
  }
};

static_assert(Layer<MaxPool> && Layer<AveragePool> && Layer<GlobalAveragePool>);

}  // namespace upset
