// SPDX-License-Identifier: BSL-1.0
/// Batch normalisation, its four parameter sets stored in any format.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/format/float32.hpp>
#include <upset/format/straight_through.hpp>
#include <upset/kernel/channels.hpp>
#include <upset/nn/layer.hpp>
#include <upset/tensor/memory.hpp>

namespace upset {

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, for each channel (the last extent).
///
/// In training mean and variance are those of the tensor given, over batch and pixels: where a
/// batch is cut into parts, each part is normalised by itself ("ghost batches"). Otherwise they are
/// the moving averages in memory; a fault can make the variance there so negative that y is NaN.
///
/// gamma, beta, mean and variance each have a memory image in `P`, with a scale fitted whenever
/// they are encoded.
///
/// - shape:  x [B, ..., C]; gamma, beta, mean, variance [C] -> y [B, ..., C]
/// - cost:   statistics in double; y and d_x in float
/// - source: Ioffe and Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing
///           Internal Covariate Shift, 2015, algorithms 1 and 2
template <Format P = Float32>
class BatchNorm {
 public:
  using ParameterFormat = P;
  static constexpr float epsilon = 1e-5F;

  // -- making one

  /// Normalises and nothing else: gamma 1, beta 0, mean 0, variance 1.
  explicit BatchNorm(std::size_t channels)
      : BatchNorm(Tensor({channels}, 1.0F), Tensor({channels}), Tensor({channels}),
                  Tensor({channels}, 1.0F)) {}
  /// Throws `Error` unless all four have one shape [C].
  BatchNorm(Tensor gamma, Tensor beta, Tensor mean, Tensor variance)
      : values_{std::move(gamma), std::move(beta), std::move(mean), std::move(variance)} {
    for (std::size_t set = 0; set < values_.size(); ++set) {
      const Shape& shape = values_[set].shape();
      if (shape.rank() != 1 || shape != values_[0].shape()) {
        throw Error("BatchNorm takes gamma, beta, mean and variance of one shape [C]; its " +
                    std::string(names[set]) + " has shape " + to_string(shape) + ", its gamma " +
                    to_string(values_[0].shape()));
      }
    }
    encode();
  }

  // -- reading one
  [[nodiscard]] static std::string kind() { return "BatchNorm"; }
  [[nodiscard]] std::size_t channels() const { return gamma().size(); }
  [[nodiscard]] const Tensor& gamma() const { return values_[0]; }
  [[nodiscard]] const Tensor& beta() const { return values_[1]; }
  [[nodiscard]] const Tensor& mean() const { return values_[2]; }
  [[nodiscard]] const Tensor& variance() const { return values_[3]; }

  // -- Layer
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    const Shape& x = single_input(shapes, kind());
    if (x.rank() == 0 || x[x.rank() - 1] != channels()) {
      throw Error("BatchNorm takes " + std::to_string(channels()) +
                  " channels in the last extent, not " + to_string(x));
    }
    return x;
  }

  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& pass) const {
    return transform(*inputs[0], {}, pass);
  }
  [[nodiscard]] Tensor transform(Tensor x, Inputs /*others*/, const Pass& pass) const {
    if (!pass.training) {
      apply(x.values());
      return x;
    }
    AlignedVector<float> mean(channels());
    AlignedVector<float> factor(channels());
    const auto sums = channel_sums<2>(x.size() / channels(), channels(),
                                      [from = x.data()](auto load, std::size_t m, auto& to) {
                                        const auto shifted = load(from, m) - load(from, 0);
                                        to[0] += shifted;
                                        to[1] += shifted * shifted;
                                      });
    const Statistics batch(x, sums[0], sums[1]);
    for (std::size_t c = 0; c < channels(); ++c) {
      mean[c] = static_cast<float>(batch.mean[c]);
      factor[c] =
          static_cast<float>(static_cast<double>(stored_[0][c]) * batch.inverse_deviation[c]);
    }
    map_channels<3>({mean, factor, stored_[1]}, x.values(), normalise(x.data()));
    return x;
  }
  /// In inference.
  void apply(std::span<float> pixels) const {
    map_channels<3>({stored_[2], factor_, stored_[1]}, pixels, normalise(pixels.data()));
  }

  // With n values x of a channel, u = (x - mean) / sqrt(variance + epsilon), y = gamma u + beta:
  // d_gamma = sum d_y u, d_beta = sum d_y, and as mean and variance depend on every x,
  // d_x = gamma / sqrt(variance + epsilon) (d_y - d_beta / n - u d_gamma / n).
  void backward(Inputs inputs, const Tensor& /*y*/, Tensor d_y, Gradients& gradients) const {
    const Tensor& x = *inputs[0];
    const auto sums =
        channel_sums<4>(x.size() / channels(), channels(),
                        [from = x.data(), d = d_y.data()](auto load, std::size_t m, auto& to) {
                          const auto shifted = load(from, m) - load(from, 0);
                          const auto d_m = load(d, m);
                          to[0] += shifted;
                          to[1] += shifted * shifted;
                          to[2] += d_m;
                          to[3] += d_m * shifted;
                        });
    const Statistics batch(x, sums[0], sums[1]);
    AlignedVector<float> mean(channels());
    AlignedVector<float> factor(channels());
    AlignedVector<float> d_mean(channels());   // d_beta / n
    AlignedVector<float> d_slope(channels());  // d_gamma / n / sqrt(variance + epsilon)
    for (std::size_t c = 0; c < channels(); ++c) {
      const double d_beta = sums[2][c];
      const double shift = batch.mean[c] - static_cast<double>(x[c]);
      const double d_gamma = (sums[3][c] - shift * d_beta) * batch.inverse_deviation[c];
      gradients.parameters[0][c] += through(0, c, d_gamma);
      gradients.parameters[1][c] += through(1, c, d_beta);
      gradients.parameters[2][c] += static_cast<float>(batch.mean[c]);
      gradients.parameters[3][c] += static_cast<float>(batch.unbiased_variance(c));
      mean[c] = static_cast<float>(batch.mean[c]);
      factor[c] =
          static_cast<float>(static_cast<double>(stored_[0][c]) * batch.inverse_deviation[c]);
      d_mean[c] = static_cast<float>(d_beta / batch.count);
      d_slope[c] = static_cast<float>(d_gamma / batch.count * batch.inverse_deviation[c]);
    }
    if (gradients.inputs[0] != nullptr) {
      map_channels<4>(
          {mean, factor, d_mean, d_slope}, d_y.values(),
          [from = x.data(), d = d_y.data()](auto load, auto m, auto f, auto d_m, auto slope) {
            return f * (load(d) - d_m - (load(from) - m) * slope);
          });
      gradients.add(0, std::move(d_y));
    }
  }

  [[nodiscard]] std::vector<Parameter> parameters() {
    std::vector<Parameter> all;
    for (std::size_t set = 0; set < values_.size(); ++set) {
      all.push_back({names[set], &values_[set], set < 2 ? Update::gradient : Update::average});
    }
    return all;
  }
  [[nodiscard]] std::vector<NamedImage> images() {
    std::vector<NamedImage> all;
    for (std::size_t set = 0; set < images_.size(); ++set) {
      all.push_back({names[set], &images_[set]});
    }
    return all;
  }
  void encode() {
    for (std::size_t set = 0; set < values_.size(); ++set) {
      images_[set].encode(values_[set].values(), {P::fit(values_[set].values())});
      read(set);
    }
    set_factor();
  }
  void refresh() {
    for (std::size_t set = 0; set < images_.size(); ++set) {
      if (images_[set].scale_touched() || !images_[set].touched_words().empty()) {
        read(set);
        images_[set].forget_touched();
        set_factor();
      }
    }
  }

 private:
  static constexpr std::array<const char*, 4> names{"gamma", "beta", "mean", "variance"};

  /// Of one batch, per channel.
  struct Statistics {
    double count;
    std::vector<double> mean;
    std::vector<double> variance;           // mean squared deviation, which normalises
    std::vector<double> inverse_deviation;  // 1 / sqrt(variance + epsilon)

    /// From sums of x - x_0 and (x - x_0)^2. As x_0 is one of the n values of its channel, it is at
    /// most sqrt(n) standard deviations away from the mean, so that a large mean costs no digits of
    /// the variance, and a large distance log2(n) at most of the 53.
    /// - source: Chan, Golub, LeVeque, Algorithms for Computing the Sample Variance, 1983, eq. 1.5
    Statistics(const Tensor& x, std::span<const double> sums, std::span<const double> squares) {
      const std::size_t channels = x.shape()[x.shape().rank() - 1];
      count = static_cast<double>(x.size() / channels);
      for (std::size_t c = 0; c < channels; ++c) {
        const double shift = sums[c] / count;
        mean.push_back(static_cast<double>(x[c]) + shift);
        variance.push_back(squares[c] / count - shift * shift);
        inverse_deviation.push_back(1 / std::sqrt(variance[c] + static_cast<double>(epsilon)));
      }
    }
    /// The estimate that the moving average keeps; of a single value, 0.
    [[nodiscard]] double unbiased_variance(std::size_t c) const {
      return count > 1 ? variance[c] * count / (count - 1) : variance[c];
    }
  };

  [[nodiscard]] float through(std::size_t set, std::size_t c, double d_stored) const {
    std::array<double, static_cast<std::size_t>(P::Scale::gammas)> fitted{};  // not learned
    return straight_through<P>(values_[set][c], images_[set].scale_of(c),
                               static_cast<float>(d_stored), fitted);
  }

  /// (x - mean) factor + beta, for `map_channels`.
  [[nodiscard]] static auto normalise(const float* from) {
    return [from](auto load, auto m, auto f, auto b) { return (load(from) - m) * f + b; };
  }

  void set_factor() {
    factor_.resize(channels());
    for (std::size_t c = 0; c < channels(); ++c) {
      factor_[c] = stored_[0][c] / std::sqrt(stored_[3][c] + epsilon);
    }
  }
  void read(std::size_t set) {
    stored_[set].resize(values_[set].size());
    images_[set].decode(stored_[set]);
  }

  std::array<Tensor, 4> values_;
  std::array<Memory<P>, 4> images_;
  std::array<std::vector<float>, 4> stored_;  // what the images hold, as reals
  std::vector<float> factor_;                 // gamma / sqrt(variance + epsilon) of these
};

static_assert(Layer<BatchNorm<>>);

}  // namespace upset
