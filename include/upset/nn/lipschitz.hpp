// SPDX-License-Identifier: BSL-1.0
/// How much a layer can stretch a change of its input, at most.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include <upset/nn/activation.hpp>
#include <upset/nn/any_layer.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/channel_clip.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/nn/subsample.hpp>

namespace upset {

namespace detail {

/// A bound on the largest singular value of a complex matrix [rows, columns], at most 64^(1/32) =
/// 1.14 times as large for 64 columns: with B = A* A, sigma^32 <= trace(B^16).
[[nodiscard]] inline double spectral_norm_bound(const std::vector<double>& real,
                                                const std::vector<double>& imaginary,
                                                std::size_t rows, std::size_t columns) {
  const std::size_t n = columns;
  std::vector<double> re(n * n, 0.0);
  std::vector<double> im(n * n, 0.0);
  for (std::size_t r = 0; r < rows; ++r) {  // conj(A)^T A
    const double* const a = real.data() + r * n;
    const double* const b = imaginary.data() + r * n;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        re[i * n + j] += a[i] * a[j] + b[i] * b[j];
        im[i * n + j] += a[i] * b[j] - b[i] * a[j];
      }
    }
  }
  double log_scale = 0;  // B^power = exp(log_scale) (re + i im)
  const auto normalise = [&] {
    double squares = 0;
    for (std::size_t i = 0; i < n * n; ++i) {
      squares += re[i] * re[i] + im[i] * im[i];
    }
    const double norm = std::sqrt(squares);
    for (std::size_t i = 0; i < n * n && norm > 0; ++i) {
      re[i] /= norm;
      im[i] /= norm;
    }
    log_scale += norm > 0 ? std::log(norm) : -std::numeric_limits<double>::infinity();
  };
  normalise();
  for (int squaring = 0; squaring < 3; ++squaring) {  // B^8
    std::vector<double> next_re(n * n, 0.0);
    std::vector<double> next_im(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < n; ++k) {
        const double a = re[i * n + k];
        const double b = im[i * n + k];
        for (std::size_t j = 0; j < n; ++j) {
          next_re[i * n + j] += a * re[k * n + j] - b * im[k * n + j];
          next_im[i * n + j] += a * im[k * n + j] + b * re[k * n + j];
        }
      }
    }
    re.swap(next_re);
    im.swap(next_im);
    log_scale *= 2;
    normalise();
  }
  return std::exp(log_scale / 16);  // trace(B^16) = |B^8|^2, and its 32nd root
}

/// A bound on the norm of a convolution, as below, from one look at each weight: the root of the
/// largest sum of magnitudes into an output times the largest out of an input.
/// - source: Golub and Van Loan, Matrix Computations, corollary 2.3.2
[[nodiscard]] inline double magnitude_norm_bound(const Tensor& kernel) {
  const std::size_t inputs = kernel.shape()[3];
  const std::size_t row = kernel.size() / kernel.shape()[0];
  std::vector<double> into(kernel.shape()[0], 0.0);
  std::vector<double> out_of(inputs, 0.0);
  for (std::size_t w = 0; w < kernel.size(); ++w) {
    const double magnitude = std::abs(static_cast<double>(kernel[w]));
    into[w / row] += magnitude;
    out_of[w % inputs] += magnitude;
  }
  return std::sqrt(*std::ranges::max_element(into) * *std::ranges::max_element(out_of));
}

/// A bound on the norm of a convolution [O, Ky, Kx, I] without groups, whatever picture it meets.
///
/// Where the matrices are so wide that their powers would take longer than trials could save, it
/// is `magnitude_norm_bound`, some twenty times as large. Else:
/// Padded with zeros and thinned by strides it is a part of the convolution of the plane, whose
/// norm is the largest of its transfer functions. Their entries are trigonometric polynomials of
/// degree d = (K - 1) / 2 once the kernel is centred; between N points of a grid such a polynomial
/// exceeds its largest value on them by 1 / cos(pi d / N) at most.
/// - source: Sedghi, Gupta and Long, The Singular Values of Convolutional Layers, 2019; Ehlich and
///           Zeller, Schwankung von Polynomen zwischen Gitterpunkten, 1964
[[nodiscard]] inline double convolution_norm_bound(const Tensor& kernel) {
  if (!std::ranges::all_of(kernel.values(), [](float weight) { return std::isfinite(weight); })) {
    return std::numeric_limits<double>::infinity();  // the largest of numbers passes by a NaN
  }
  const std::size_t outputs = kernel.shape()[0];
  const std::size_t height = kernel.shape()[1];
  const std::size_t width = kernel.shape()[2];
  const std::size_t inputs = kernel.shape()[3];
  // the smaller side is squared
  const bool transposed = outputs < inputs;
  const std::size_t rows = transposed ? inputs : outputs;
  const std::size_t columns = transposed ? outputs : inputs;
  const auto points = [](std::size_t taps) { return taps == 1 ? std::size_t{1} : 6 * (taps - 1); };
  const std::size_t down = points(height);
  const std::size_t across = points(width);
  const auto side = static_cast<double>(columns);
  if (static_cast<double>(down * across) * side * side * (static_cast<double>(rows) + 3 * side) >
      0x1p28) {
    return magnitude_norm_bound(kernel);
  }
  std::vector<double> real(rows * columns);
  std::vector<double> imaginary(rows * columns);
  double largest = 0;
  for (std::size_t v = 0; v < down; ++v) {
    for (std::size_t u = 0; u <= across / 2; ++u) {  // the other half is conjugate
      std::ranges::fill(real, 0.0);
      std::ranges::fill(imaginary, 0.0);
      for (std::size_t o = 0; o < outputs; ++o) {
        for (std::size_t tap = 0; tap < height * width; ++tap) {
          const double angle =
              2 * std::numbers::pi *
              (static_cast<double>(v * (tap / width)) / static_cast<double>(down) +
               static_cast<double>(u * (tap % width)) / static_cast<double>(across));
          const double c = std::cos(angle);
          const double s = std::sin(angle);
          for (std::size_t i = 0; i < inputs; ++i) {
            const auto w = static_cast<double>(kernel[(o * height * width + tap) * inputs + i]);
            const std::size_t at = transposed ? i * columns + o : o * columns + i;
            real[at] += w * c;
            imaginary[at] += w * s;
          }
        }
      }
      largest = std::max(largest, spectral_norm_bound(real, imaginary, rows, columns));
    }
  }
  const auto between = [](std::size_t taps, std::size_t grid) {
    return std::cos(std::numbers::pi * static_cast<double>(taps - 1) / 2 /
                    static_cast<double>(grid));
  };
  return largest / (between(height, down) * between(width, across));
}

/// Windows that do not overlap read every value once at most.
[[nodiscard]] inline bool overlaps(const WindowGeometry& geometry) {
  return geometry.dilation != 1 || geometry.stride.rows < geometry.kernel_height ||
         geometry.stride.columns < geometry.kernel_width;
}

}  // namespace detail

/// A bound on |f(x') - f(x)| / |x' - x| of a layer in Euclidean norms, for one of its inputs, x of
/// shape `input`; infinity where none is known, as for every format that rounds.
/// - cost: for convolutions some hundred products of matrices: 0.1 s for 64 channels, and not much
///         more for any
[[nodiscard]] inline double lipschitz_bound(const AnyLayer& layer, const Shape& input) {
  if (const auto* conv = layer.target<Conv2d<>>()) {
    return conv->geometry().groups == 1 && conv->geometry().input_dilation == 1
               ? detail::convolution_norm_bound(conv->kernel())
               : std::numeric_limits<double>::infinity();
  }
  if (const auto* dense = layer.target<Dense<>>()) {
    const Shape shape = dense->weight().shape();
    return detail::convolution_norm_bound(dense->weight().reshaped({shape[0], 1, 1, shape[1]}));
  }
  if (const auto* norm = layer.target<BatchNorm<>>()) {
    double largest = 0;
    for (std::size_t c = 0; c < norm->channels(); ++c) {
      const double factor =
          std::abs(static_cast<double>(norm->gamma()[c])) /
          std::sqrt(static_cast<double>(norm->variance()[c] + BatchNorm<>::epsilon));
      if (std::isnan(factor)) {
        return std::numeric_limits<double>::infinity();
      }
      largest = std::max(largest, factor);
    }
    return largest;
  }
  if (const auto* line = layer.target<HardSigmoid>(); line != nullptr) {
    return std::abs(static_cast<double>(line->factor));
  }
  if (layer.target<GlobalAveragePool>() != nullptr) {
    return 1 / std::sqrt(static_cast<double>(input.size() / input[input.rank() - 1]));
  }
  if (const auto* pool = layer.target<AveragePool>(); pool != nullptr) {
    return detail::overlaps(pool->geometry()) ? std::numeric_limits<double>::infinity() : 1;
  }
  if (const auto* pool = layer.target<MaxPool>(); pool != nullptr) {
    return detail::overlaps(pool->geometry()) ? std::numeric_limits<double>::infinity() : 1;
  }
  const bool shrinks = layer.target<ReLU>() != nullptr || layer.target<CentredReLU>() != nullptr ||
                       layer.target<HardTanh>() != nullptr || layer.target<Sigmoid>() != nullptr ||
                       layer.target<Clip>() != nullptr || layer.target<ChannelClip>() != nullptr ||
                       layer.target<Tanh>() != nullptr || layer.target<Add>() != nullptr ||
                       layer.target<Concatenate>() != nullptr ||
                       layer.target<Flatten>() != nullptr || layer.target<Reshape>() != nullptr ||
                       layer.target<Subsample>() != nullptr;
  return shrinks ? 1 : std::numeric_limits<double>::infinity();
}

}  // namespace upset
