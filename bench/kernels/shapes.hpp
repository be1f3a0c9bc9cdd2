// SPDX-License-Identifier: BSL-1.0
/// The shapes that our kernels and their peers are timed on, in one run.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

struct Shape2 {
  std::size_t pixels, depth, channels;

  [[nodiscard]] std::string name() const {
    return std::to_string(pixels) + "x" + std::to_string(depth) + "x" + std::to_string(channels);
  }
  [[nodiscard]] double products() const { return static_cast<double>(pixels * depth * channels); }
};

inline constexpr std::array gemm_shapes{Shape2{512, 512, 512}, Shape2{1024, 144, 16},
                                        Shape2{1024, 288, 32}, Shape2{1024, 576, 64},
                                        Shape2{196, 2304, 256}};

/// 3x3, one pixel of padding, as many channels out as in.
struct ConvShape {
  std::size_t channels, size;

  [[nodiscard]] std::string name() const {
    return std::to_string(channels) + "x" + std::to_string(size);
  }
  /// Padded taps count.
  [[nodiscard]] double products() const {
    return static_cast<double>(size * size * 9 * channels * channels);
  }
};

inline constexpr std::array conv_shapes{ConvShape{16, 32}, ConvShape{32, 32}, ConvShape{64, 32},
                                        ConvShape{32, 16}, ConvShape{64, 8}};

/// Multiply-adds per second of thread time.
inline void count_products(benchmark::State& state, double products) {
  state.counters["MAC/s"] =
      benchmark::Counter(products, benchmark::Counter::kIsIterationInvariantRate);
}

/// Values from -1 to 1 without a pattern that a kernel could profit from.
[[nodiscard]] inline std::vector<float> some_values(std::size_t count) {
  std::vector<float> values(count);
  unsigned state = 1;
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8U) * 0x1p-23F - 1.0F;
  }
  return values;
}
