// SPDX-License-Identifier: BSL-1.0
/// Convolution by its definition: seven loops, in double.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <upset/kernel/window.hpp>
#include <upset/tensor/tensor.hpp>

namespace upset::test {

/// A result and, for its error bound, the same sum over magnitudes.
struct NaiveConv {
  Shape shape;
  std::vector<double> values;
  std::vector<double> magnitudes;
};

/// Extent of the output along one axis, by counting the places where the window fits.
[[nodiscard]] inline std::size_t naive_extent(std::size_t extent, std::size_t kernel,
                                              std::size_t before, std::size_t after,
                                              const WindowGeometry& g, std::size_t Steps::*axis) {
  std::size_t places = 0;
  const std::size_t spread = (extent - 1) * g.input_dilation.*axis + 1 + before + after;
  for (std::size_t start = 0; start + (kernel - 1) * g.dilation.*axis < spread;
       start += g.stride.*axis) {
    ++places;
  }
  return places;
}

/// x [B, H, W, C], kernel [O, Ky, Kx, C / groups], bias [O]
[[nodiscard]] inline NaiveConv naive_conv(const Tensor& x, const Tensor& kernel, const Tensor& bias,
                                          const WindowGeometry& g) {
  const Shape& in = x.shape();
  const Shape& k = kernel.shape();
  const std::size_t inner = k[3];
  const std::size_t outer = k[0] / g.groups;
  NaiveConv y;
  y.shape = {in[0], naive_extent(in[1], k[1], g.pad_top, g.pad_bottom, g, &Steps::rows),
             naive_extent(in[2], k[2], g.pad_left, g.pad_right, g, &Steps::columns), k[0]};
  // the input pixel that a tap reads, or `nowhere` for padding and for the zeros between pixels
  const std::size_t nowhere = static_cast<std::size_t>(-1);
  const auto pixel = [&](std::size_t Steps::*axis, std::size_t out, std::size_t tap,
                         std::size_t before, std::size_t extent) {
    const std::size_t spread = out * g.stride.*axis + tap * g.dilation.*axis;
    if (spread < before || (spread - before) % g.input_dilation.*axis != 0) {
      return nowhere;
    }
    const std::size_t at = (spread - before) / g.input_dilation.*axis;
    return at < extent ? at : nowhere;
  };
  for (std::size_t b = 0; b < in[0]; ++b) {
    for (std::size_t oy = 0; oy < y.shape[1]; ++oy) {
      for (std::size_t ox = 0; ox < y.shape[2]; ++ox) {
        for (std::size_t o = 0; o < k[0]; ++o) {
          auto sum = static_cast<double>(bias[o]);
          double magnitude = std::abs(sum);
          for (std::size_t ky = 0; ky < k[1]; ++ky) {
            for (std::size_t kx = 0; kx < k[2]; ++kx) {
              const std::size_t iy = pixel(&Steps::rows, oy, ky, g.pad_top, in[1]);
              const std::size_t ix = pixel(&Steps::columns, ox, kx, g.pad_left, in[2]);
              for (std::size_t i = 0; i < inner && iy != nowhere && ix != nowhere; ++i) {
                const std::size_t channel = o / outer * inner + i;
                const double term =
                    static_cast<double>(x[((b * in[1] + iy) * in[2] + ix) * in[3] + channel]) *
                    static_cast<double>(kernel[((o * k[1] + ky) * k[2] + kx) * inner + i]);
                sum += term;
                magnitude += std::abs(term);
              }
            }
          }
          y.values.push_back(sum);
          y.magnitudes.push_back(magnitude);
        }
      }
    }
  }
  return y;
}

/// Values of y further from the reference than a float sum of `depth` products and a bias may be:
/// each of its `depth` + 1 steps rounds by at most 2^-24 of a partial sum, which the magnitudes
/// bound, and each product before it once more.
[[nodiscard]] inline std::size_t beyond_rounding(const Tensor& y, const NaiveConv& reference,
                                                 std::size_t depth) {
  if (y.shape() != reference.shape) {
    return y.size() + 1;
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double bound =
        (static_cast<double>(depth) + 2) * 0x1p-24 * reference.magnitudes[i] + 0x1p-149;
    count += std::abs(static_cast<double>(y[i]) - reference.values[i]) <= bound ? 0U : 1U;
  }
  return count;
}

}  // namespace upset::test
