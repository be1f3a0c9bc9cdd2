// SPDX-License-Identifier: BSL-1.0
/// Pictures enlarged or made smaller.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <upset/nn/layer.hpp>

namespace upset {

/// Whether an output pixel is the nearest input pixel, or the four around it, weighted.
enum class Interpolation : std::uint8_t { nearest, bilinear };

/// Where output pixel i of n', of a picture of n pixels enlarged s times, lies on that picture:
///
/// | name               | position |
/// | half_pixel         | (i + 0.5) / s - 0.5 |
/// | pytorch_half_pixel | the same; 0 where n' = 1 |
/// | align_corners      | i (n - 1) / (n' - 1); 0 where n' = 1 |
/// | asymmetric         | i / s |
enum class Coordinates : std::uint8_t { half_pixel, pytorch_half_pixel, align_corners, asymmetric };

/// Which pixel is nearest: ties to the lower or to the higher one, always the lower or the higher.
enum class Nearest : std::uint8_t { ties_down, ties_up, down, up };

/// How `Resize` reads its input.
struct Sampling {
  Interpolation interpolation = Interpolation::nearest;
  Coordinates coordinates = Coordinates::half_pixel;
  Nearest nearest = Nearest::ties_down;
  /// How many times it enlarges, n' = n s without rounding; where 0, the ratio of the extents.
  double scale_height = 0;
  double scale_width = 0;
};

/// A picture of another size. Nothing is averaged: pixels between those sampled are lost.
///
/// - shape:  x [B, H, W, C] -> y [B, height, width, C]
/// - source: the operator Resize of ONNX 13, modes nearest and linear, whose names these are
class Resize : public Stateless {
 public:
  Resize(std::size_t height, std::size_t width, const Sampling& sampling = {})
      : height_(height), width_(width), sampling_(sampling) {}

  [[nodiscard]] static std::string kind() { return "Resize"; }
  [[nodiscard]] const Sampling& sampling() const { return sampling_; }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    const Shape& x = single_input(shapes, kind());
    if (x.rank() != 3 || x.size() == 0) {
      throw Error("Resize takes pictures [H, W, C] of one pixel at least, not " + to_string(x));
    }
    return {height_, width_, x[2]};
  }

  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& /*pass*/) const {
    const Tensor& x = *inputs[0];
    Tensor y({x.batch(), height_, width_, x.shape()[3]});
    for_each_sample(x.shape(), [channels = x.shape()[3], from_x = x.data(), to_y = y.data()](
                                   std::size_t to, std::size_t from, float weight) {
      for (std::size_t c = 0; c < channels; ++c) {
        to_y[to + c] += weight * from_x[from + c];
      }
    });
    return y;
  }
  // d_x[from] += weight d_y[to]
  void backward(Inputs inputs, const Tensor& /*y*/, const Tensor& d_y, Gradients& gradients) const {
    const Shape& x = inputs[0]->shape();
    if (Tensor* d_x = gradients.sum(0, x)) {
      for_each_sample(x, [&](std::size_t to, std::size_t from, float weight) {
        for (std::size_t c = 0; c < x[3]; ++c) {
          (*d_x)[from + c] += weight * d_y[to + c];
        }
      });
    }
  }

 private:
  /// What an output index reads along one axis, and how much of it.
  struct Sample {
    std::size_t at;
    double weight;
  };

  [[nodiscard]] double position(std::size_t i, std::size_t n, std::size_t resized,
                                double scale) const {
    const auto index = static_cast<double>(i);
    const auto extent = static_cast<double>(n);
    const bool by_scale = scale > 0;
    // 1 / s as a fraction: of two extents the quotient is rounded once, so pixels are hit exactly
    const double over = by_scale ? 1 : extent;
    const double under = by_scale ? scale : static_cast<double>(resized);
    const double length = by_scale ? scale * extent : under;
    switch (sampling_.coordinates) {
      case Coordinates::asymmetric:
        return index * over / under;
      case Coordinates::align_corners:
        return resized == 1 ? 0 : index * (extent - 1) / (length - 1);
      case Coordinates::pytorch_half_pixel:
        return resized == 1 ? 0 : (index + 0.5) * over / under - 0.5;
      default:
        return (index + 0.5) * over / under - 0.5;
    }
  }
  [[nodiscard]] double nearest(double at) const {
    switch (sampling_.nearest) {
      case Nearest::down:
        return std::floor(at);
      case Nearest::up:
        return std::ceil(at);
      case Nearest::ties_up:
        return std::floor(at + 0.5);
      default:
        return std::ceil(at - 0.5);
    }
  }
  [[nodiscard]] std::vector<std::vector<Sample>> samples(std::size_t n, std::size_t resized,
                                                         double scale) const {
    const auto last = static_cast<double>(n - 1);
    std::vector<std::vector<Sample>> all(resized);
    for (std::size_t i = 0; i < resized; ++i) {
      const double at = position(i, n, resized, scale);
      if (sampling_.interpolation == Interpolation::nearest) {
        all[i] = {{static_cast<std::size_t>(std::clamp(nearest(at), 0.0, last)), 1.0}};
        continue;
      }
      const double inside = std::clamp(at, 0.0, last);
      const double lower = std::floor(inside);
      all[i] = {{static_cast<std::size_t>(lower), 1 - (inside - lower)}};
      if (inside > lower) {  // pixels without weight are not read: they may be NaN
        all[i].push_back({static_cast<std::size_t>(lower) + 1, inside - lower});
      }
    }
    return all;
  }
  /// Calls `use(to, from, weight)` with where the channels of an output pixel start, and those of a
  /// pixel that it reads. x [B, H, W, C]
  template <class Use>
  void for_each_sample(const Shape& x, Use use) const {
    const auto rows = samples(x[1], height_, sampling_.scale_height);
    const auto columns = samples(x[2], width_, sampling_.scale_width);
    std::size_t to = 0;
    for (std::size_t b = 0; b < x[0]; ++b) {
      for (const std::vector<Sample>& row : rows) {
        for (const std::vector<Sample>& column : columns) {
          for (const Sample& down : row) {
            for (const Sample& across : column) {
              use(to, ((b * x[1] + down.at) * x[2] + across.at) * x[3],
                  static_cast<float>(down.weight * across.weight));
            }
          }
          to += x[3];
        }
      }
    }
  }

  std::size_t height_;
  std::size_t width_;
  Sampling sampling_;
};

static_assert(Layer<Resize>);

}  // namespace upset
