// SPDX-License-Identifier: BSL-1.0
/// Gradients of a convolution: the same for every format, because straight-through estimators
/// differentiate real values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <upset/kernel/gemm.hpp>

namespace upset {

namespace detail {

inline constexpr std::size_t gradient_rows = vector_bytes == 64 ? 8 : 4;
inline constexpr std::size_t gradient_width = vector_bytes / sizeof(float);

/// Calls `use(k)` with `std::integral_constant`s for lanes and vectors, covering `length` floats
/// from k = 0 on in whole vectors: two at a time, then one, which is of 8 floats where they do.
template <class Use>
void for_each_chunk(std::size_t length, Use use) {
  constexpr std::size_t width = gradient_width;
  std::size_t k = 0;
  for (; length - k > width; k += std::min(2 * width, length - k)) {
    use.template operator()<width, 2>(k, std::min(2 * width, length - k));
  }
  if (k < length) {
    if (length - k <= 8 && width > 8) {
      use.template operator()<8, 1>(k, length - k);
    } else {
      use.template operator()<width, 1>(k, length - k);
    }
  }
}

// d_kernel[o][k] += sum over m of d_y[m][o] image[bases[m] + k], for up to `gradient_rows` outputs
// and `count` positions k.
template <std::size_t Width, std::size_t Vectors>
[[gnu::noinline]] void kernel_gradient_tile(std::span<const std::size_t> bases, const float* image,
                                            const float* d_y, std::size_t stride,
                                            std::size_t outputs, float* d_kernel, std::size_t depth,
                                            std::size_t count) {
  using Vector = typename Lanes<float, Width>::type;
  Vector sums[gradient_rows][Vectors] = {};
  std::array<const float*, gradient_rows> d{};
  for (std::size_t o = 0; o < gradient_rows; ++o) {
    d[o] = d_y + std::min(o, outputs - 1);
  }
  std::size_t at = 0;
  for (const std::size_t base : bases) {
    Vector x[Vectors];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < Vectors; ++v) {
      x[v] = *reinterpret_cast<const Vector*>(image + base + v * Width);
    }
#pragma GCC unroll 8
    for (std::size_t o = 0; o < gradient_rows; ++o) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v < Vectors; ++v) {
        sums[o][v] += d[o][at] * x[v];
      }
    }
    at += stride;
  }
  std::array<std::array<float, Width * Vectors>, gradient_rows> tile;
#pragma GCC unroll 8
  for (std::size_t o = 0; o < gradient_rows; ++o) {
#pragma GCC unroll 2
    for (std::size_t v = 0; v < Vectors; ++v) {
      *reinterpret_cast<Vector*>(tile[o].data() + v * Width) = sums[o][v];
    }
  }
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t k = 0; k < count; ++k) {
      d_kernel[o * depth + k] += tile[o][k];
    }
  }
}

// d_image[bases[m] + k] += sum over o of d_y[m][o] weights[o][k], for all m and whole vectors of k.
template <std::size_t Width, std::size_t Vectors>
[[gnu::noinline]] void input_gradient_tile(std::span<const std::size_t> bases, const float* d_y,
                                           std::size_t stride, std::size_t outputs,
                                           const float* weights, std::size_t depth,
                                           float* d_image) {
  using Vector = typename Lanes<float, Width>::type;
  for (std::size_t m = 0; m < bases.size(); m += gradient_rows) {
    const std::size_t count = std::min(gradient_rows, bases.size() - m);
    Vector sums[gradient_rows][Vectors] = {};
    std::array<const float*, gradient_rows> d{};
    for (std::size_t i = 0; i < gradient_rows; ++i) {
      d[i] = d_y + (m + std::min(i, count - 1)) * stride;
    }
    const float* row = weights;
    for (std::size_t o = 0; o < outputs; ++o) {
      Vector w[Vectors];
#pragma GCC unroll 2
      for (std::size_t v = 0; v < Vectors; ++v) {
        w[v] = *reinterpret_cast<const Vector*>(row + v * Width);
      }
#pragma GCC unroll 8
      for (std::size_t i = 0; i < gradient_rows; ++i) {
#pragma GCC unroll 2
        for (std::size_t v = 0; v < Vectors; ++v) {
          sums[i][v] += d[i][o] * w[v];
        }
      }
      row += depth;
    }
    Vector tile[gradient_rows][Vectors];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < gradient_rows; ++i) {
#pragma GCC unroll 2
      for (std::size_t v = 0; v < Vectors; ++v) {
        tile[i][v] = sums[i][v];
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t v = 0; v < Vectors; ++v) {
        *reinterpret_cast<Vector*>(d_image + bases[m + i] + v * Width) += tile[i][v];
      }
    }
  }
}

}  // namespace detail

/// Floats that gradients read, and add zero to, behind the last segment of an image.
inline constexpr std::size_t gradient_slack = 2 * detail::gradient_width;

/// d_kernel[o][k] += sum over m of d_y[m][o] p[m][k], with p[m] the row that `segments` read from
/// `image + bases[m]`.
///
/// - shape:    d_y [M, stride], of which `outputs` columns; d_kernel [outputs, K]
/// - rounding: float, m upwards
inline void add_kernel_gradient(std::span<const std::size_t> bases, const Segments& segments,
                                const float* image, const float* d_y, std::size_t stride,
                                std::size_t outputs, float* d_kernel) {
  const std::size_t depth = segments.depth();
  for (std::size_t s = 0; s < segments.offsets.size(); ++s) {
    detail::for_each_chunk(segments.length, [&]<std::size_t Width, std::size_t Vectors>(
                                                std::size_t k, std::size_t count) {
      for (std::size_t o = 0; o < outputs; o += detail::gradient_rows) {
        detail::kernel_gradient_tile<Width, Vectors>(
            bases, image + segments.offsets[s] + k, d_y + o, stride,
            std::min(detail::gradient_rows, outputs - o),
            d_kernel + o * depth + s * segments.length + k, depth, count);
      }
    });
  }
}

/// d_image[bases[m] + offset of k] += sum over o of d_y[m][o] kernel[o][k].
///
/// - shape:    d_y [M, stride], of which `outputs` columns; kernel [outputs, K]
/// - rounding: float, o upwards, then m upwards
/// - cost:     one copy of the kernel
inline void add_input_gradient(std::span<const std::size_t> bases, const Segments& segments,
                               std::span<const float> kernel, const float* d_y, std::size_t stride,
                               std::size_t outputs, float* d_image) {
  // Each segment in whole vectors: what is added behind it is zero.
  const std::size_t padded = segments.length + gradient_slack;
  const std::size_t depth = segments.offsets.size() * padded;
  AlignedVector<float> weights(outputs * depth, 0.0F);
  for (std::size_t i = 0; i < outputs * segments.offsets.size(); ++i) {
    std::copy_n(kernel.data() + i * segments.length, segments.length, weights.data() + i * padded);
  }
  for (std::size_t s = 0; s < segments.offsets.size(); ++s) {
    detail::for_each_chunk(segments.length, [&]<std::size_t Width, std::size_t Vectors>(
                                                std::size_t k, std::size_t /*count*/) {
      detail::input_gradient_tile<Width, Vectors>(bases, d_y, stride, outputs,
                                                  weights.data() + s * padded + k, depth,
                                                  d_image + segments.offsets[s] + k);
    });
  }
}

}  // namespace upset
