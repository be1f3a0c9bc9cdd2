// SPDX-License-Identifier: BSL-1.0
/// Sums over the rows of a matrix, and functions with coefficients of its columns: what batch norm
/// and biases do to pictures whose channels lie side by side.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/op.hpp>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace upset {

namespace detail {

/// The first `count` lanes from memory, all where there are no more; the others are zero.
template <class Floats>
[[nodiscard, gnu::always_inline]] inline Floats load_first(const float* from, std::size_t count) {
  constexpr std::size_t lanes = sizeof(Floats) / sizeof(float);
  if (count >= lanes) [[likely]] {
    return *reinterpret_cast<const typename Lanes<float, lanes>::type*>(from);
  }
  Floats values{};
  std::memcpy(&values, from, count * sizeof(float));
  return values;
}

/// The same values in double.
template <class Doubles, class Floats>
[[nodiscard, gnu::always_inline]] inline Doubles widened(const Floats& values) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Doubles) == 64) {
    // GCC 12 converts halves and puts them together; masked, if by nothing, as it warns of the
    // undefined operand of the plain intrinsic
    return _mm512_maskz_cvtps_pd(0xFF, values);
  }
#endif
  return __builtin_convertvector(values, Doubles);
}

}  // namespace detail

/// Sums over m for each of `channels`: `add(load, m, sums)` adds its terms to the vectors sums[0],
/// sums[1], ..., and `load(x, m)` is a vector of x[m, c] for neighbouring channels c, in double, of
/// any x [rows, channels]. Returns what was added up, [Sums][channels] or more.
///
/// - rounding: in double; even and odd m apart, upwards, in blocks of 64
/// - cost:     one read of every x; channels in whole vectors of doubles
template <std::size_t Sums, class Add>
[[nodiscard]] std::array<AlignedVector<double>, Sums> channel_sums(std::size_t rows,
                                                                   std::size_t channels, Add add) {
  constexpr std::size_t lanes = detail::vector_bytes / sizeof(double);
  using Doubles = typename detail::Register<double, lanes>::type;
  using Floats = typename detail::Register<float, lanes>::type;
  constexpr std::size_t block = 64;  // stays in the innermost cache for the next channels
  std::array<AlignedVector<double>, Sums> result;
  for (AlignedVector<double>& sums : result) {
    sums.assign((channels + lanes - 1) / lanes * lanes, 0.0);
  }
  for (std::size_t first = 0; first < rows; first += block) {
    const std::size_t last = std::min(rows, first + block);
    for (std::size_t c = 0; c < channels; c += lanes) {
      const auto load = [&](const float* x, std::size_t m) {
        // lanes beyond the channels may hold those of the next row, whose sums are dropped
        const std::size_t i = m * channels + c;
        const bool whole = i + lanes <= rows * channels;
        return detail::widened<Doubles>(
            detail::load_first<Floats>(x + i, whole ? lanes : rows * channels - i));
      };
      Doubles even[Sums] = {};
      Doubles odd[Sums] = {};
      std::size_t m = first;
      for (; m + 1 < last; m += 2) {
        add(load, m, even);
        add(load, m + 1, odd);
      }
      if (m < last) {
        add(load, m, even);
      }
      for (std::size_t s = 0; s < Sums; ++s) {
        *reinterpret_cast<typename detail::Lanes<double, lanes>::type*>(result[s].data() + c) +=
            even[s] + odd[s];
      }
    }
  }
  return result;
}

/// to[m, c] = function(load, v...) with `load(x)` a vector of x[m, c] for neighbouring values of
/// any x [rows, channels], and v the coefficients of their channels; `to` may be one of the x.
///
/// - shape: every span of `coefficients` [channels]; `to` of whole rows
/// - cost:  one read of every x, one write; whole vectors whatever the number of channels
template <std::size_t Count, class Function>
void map_channels(const std::array<std::span<const float>, Count>& coefficients,
                  std::span<float> to, Function function) {
  constexpr std::size_t lanes = detail::vector_bytes / sizeof(float);
  using Floats = typename detail::Register<float, lanes>::type;
  using Stored = typename detail::Lanes<float, lanes>::type;
  const std::size_t channels = coefficients[0].size();
  if (to.empty()) {
    return;
  }
  // coefficients as often as it takes for a vector of them to begin at every channel
  const std::size_t stride = channels + lanes;
  AlignedVector<float> repeated(Count * stride);
  for (std::size_t n = 0; n < Count; ++n) {
    for (std::size_t i = 0; i < stride; ++i) {
      repeated[n * stride + i] = coefficients[n][i % channels];
    }
  }
  const std::size_t size = to.size();
  float* const result = to.data();
  const float* const first = repeated.data();
  for (std::size_t i = 0, c = 0; i < size; i += lanes) {
    const std::size_t count = std::min(lanes, size - i);
    const auto load = [&](const float* x) { return detail::load_first<Floats>(x + i, count); };
    const Floats values = [&]<std::size_t... N>(std::index_sequence<N...>) {
      return function(load, *reinterpret_cast<const Stored*>(first + N * stride + c)...);
    }
    (std::make_index_sequence<Count>());
    if (count == lanes) [[likely]] {
      *reinterpret_cast<Stored*>(result + i) = values;
    } else {
      std::memcpy(result + i, &values, count * sizeof(float));
    }
    for (c += lanes; c >= channels;) {
      c -= channels;
    }
  }
}

}  // namespace upset
