// SPDX-License-Identifier: BSL-1.0
/// The gradient of a convolution's kernel: the same for every format, because straight-through
/// estimators differentiate real values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <upset/kernel/gemm.hpp>

namespace upset {

namespace detail {

// A tile and its factors fill the registers, and it reads fewer operands than it multiplies: with
// eight rows, three vectors of sums take 11 reads for 24 multiply-adds.
inline constexpr std::size_t gradient_rows = vector_bytes == 64 ? 8 : 4;
inline constexpr std::size_t gradient_width = vector_bytes / sizeof(float);

/// Calls `use.operator()<width, vectors>(k)` for the parts from k on in which tiles cover `length`
/// floats, three vectors at most. The last part may reach beyond; it is of 8 floats where they do.
template <class Use>
void for_each_chunk(std::size_t length, Use use) {
  constexpr std::size_t width = gradient_width;
  for (std::size_t k = 0; k < length;) {
    const std::size_t vectors = (length - k + width - 1) / width;
    if (vectors == 3 || vectors > 4) {
      use.template operator()<width, 3>(k);
      k += 3 * width;
    } else if (vectors > 1) {
      use.template operator()<width, 2>(k);
      k += 2 * width;
    } else {
      constexpr std::size_t narrow = std::min<std::size_t>(width, 8);
      if (length - k <= narrow) {
        use.template operator()<narrow, 1>(k);
      } else {
        use.template operator()<width, 1>(k);
      }
      k += width;
    }
  }
}

// sums[o][k] += sum over m of d_y[m][o] image[bases[m] + k], for whole vectors of k and
// `gradient_rows` outputs, of which those beyond the first `outputs` have no meaning.
template <std::size_t Width, std::size_t Vectors>
[[gnu::noinline]] void kernel_gradient_tile(std::span<const std::size_t> bases, const float* image,
                                            const float* d_y, std::size_t stride,
                                            std::size_t outputs, float* sums) {
  using Vector = typename Register<float, Width>::type;
  using Stored = typename Lanes<float, Width>::type;
  // aligned, as functions that take them by reference expect: the type lies anywhere
  Vector tile[gradient_rows][Vectors];
  std::array<const float*, gradient_rows> d{};
#pragma GCC unroll 8
  for (std::size_t o = 0; o < gradient_rows; ++o) {
    d[o] = d_y + std::min(o, outputs - 1);
#pragma GCC unroll 3
    for (std::size_t v = 0; v < Vectors; ++v) {
      tile[o][v] = *reinterpret_cast<const Stored*>(sums + (o * Vectors + v) * Width);
    }
  }
  std::size_t at = 0;
  for (const std::size_t base : bases) {
    Vector x[Vectors];
#pragma GCC unroll 3
    for (std::size_t v = 0; v < Vectors; ++v) {
      x[v] = *reinterpret_cast<const Stored*>(image + base + v * Width);
    }
#pragma GCC unroll 8
    for (std::size_t o = 0; o < gradient_rows; ++o) {
      Vector factor = Op<float, float>::broadcast<Vector>(d[o] + at);
      if constexpr (Vectors > 1) {
        keep_in_register(factor);
      }
#pragma GCC unroll 3
      for (std::size_t v = 0; v < Vectors; ++v) {
        Op<float, float>::add(tile[o][v], factor, x[v]);
      }
    }
    at += stride;
  }
#pragma GCC unroll 8
  for (std::size_t o = 0; o < gradient_rows; ++o) {
#pragma GCC unroll 3
    for (std::size_t v = 0; v < Vectors; ++v) {
      *reinterpret_cast<Stored*>(sums + (o * Vectors + v) * Width) = tile[o][v];
    }
  }
}

}  // namespace detail

/// Floats that gradients read, and have no use for, behind the last segment of an image.
inline constexpr std::size_t gradient_slack = detail::gradient_width;

/// d_kernel[o][k] += sum over m of d_y[m][o] p[m][k], with p[m] the row that `segments` read from
/// `image + bases[m]`.
///
/// - shape:    d_y [M, stride], of which `outputs` columns; d_kernel [outputs, K]
/// - rounding: float, m upwards, then added to what is there
/// - cost:     M * outputs * K multiply-adds, segments and outputs rounded up to tiles
inline void add_kernel_gradient(std::span<const std::size_t> bases, const Segments& segments,
                                const float* image, const float* d_y, std::size_t stride,
                                std::size_t outputs, float* d_kernel) {
  using detail::gradient_rows;
  constexpr std::size_t block = 128;  // rows that stay in the innermost cache from tile to tile
  const auto for_each_tile = [&](auto use) {
    std::size_t at = 0;
    for (std::size_t s = 0; s < segments.offsets.size(); ++s) {
      detail::for_each_chunk(segments.length,
                             [&]<std::size_t Width, std::size_t Vectors>(std::size_t k) {
                               for (std::size_t o = 0; o < outputs; o += gradient_rows) {
                                 use.template operator()<Width, Vectors>(s, k, o, at);
                                 at += gradient_rows * Vectors * Width;
                               }
                             });
    }
    return at;
  };
  const std::size_t size = for_each_tile(
      []<std::size_t, std::size_t>(std::size_t, std::size_t, std::size_t, std::size_t) {});
  AlignedVector<float> sums(size, 0.0F);
  for (std::size_t m = 0; m < bases.size(); m += block) {
    const std::span<const std::size_t> rows = bases.subspan(m, std::min(block, bases.size() - m));
    for_each_tile([&]<std::size_t Width, std::size_t Vectors>(std::size_t s, std::size_t k,
                                                              std::size_t o, std::size_t at) {
      detail::kernel_gradient_tile<Width, Vectors>(rows, image + segments.offsets[s] + k,
                                                   d_y + m * stride + o, stride, outputs - o,
                                                   sums.data() + at);
    });
  }
  for_each_tile([&]<std::size_t Width, std::size_t Vectors>(std::size_t s, std::size_t k,
                                                            std::size_t o, std::size_t at) {
    const std::size_t count = std::min(Width * Vectors, segments.length - k);
    for (std::size_t i = 0; i < std::min(gradient_rows, outputs - o); ++i) {
      const float* const from = sums.data() + at + i * Width * Vectors;
      float* const to = d_kernel + (o + i) * segments.depth() + s * segments.length + k;
      for (std::size_t j = 0; j < count; ++j) {
        to[j] += from[j];
      }
    }
  });
}

}  // namespace upset
