// SPDX-License-Identifier: BSL-1.0
/// Products of channels each with its own weights: depthwise convolution.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/gemm.hpp>
#include <upset/kernel/op.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace upset {

namespace detail {

/// `Width` operands from memory, each widened to a `Word`.
template <class Word, std::size_t Width, class X>
[[nodiscard, gnu::always_inline]] inline auto load_widened(const X* from) {
  using Vector = typename Register<Word, Width>::type;
#if defined(__AVX512F__)
  // GCC 12 converts bytes one by one, and halves of the rest; masked, if by nothing, as it warns of
  // the undefined operand of the plain intrinsics
  if constexpr (sizeof(X) == 1 && sizeof(Vector) == 64) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return reinterpret_cast<Vector>(_mm512_maskz_cvtepu8_epi32(0xFFFF, bytes));
  }
  if constexpr (sizeof(X) == 2 && sizeof(Vector) == 64) {
    const __m256i shorts = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return reinterpret_cast<Vector>(std::is_signed_v<X>
                                        ? _mm512_maskz_cvtepi16_epi32(0xFFFF, shorts)
                                        : _mm512_maskz_cvtepu16_epi32(0xFFFF, shorts));
  }
#elif defined(__AVX2__)
  if constexpr (sizeof(X) == 1 && sizeof(Vector) == 32) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    return reinterpret_cast<Vector>(_mm256_cvtepu8_epi32(bytes));
  }
#endif
  using Stored = typename Lanes<X, Width>::type;
  return __builtin_convertvector(*reinterpret_cast<const Stored*>(from), Vector);
}

}  // namespace detail

/// Weights of `taps` taps for each of some channels, which lie side by side as those of a pixel do.
template <class X, class W>
class DepthwiseMatrix {
 public:
  using Sum = typename detail::PartialSum<X, W>::type;
  /// Vectors hold the sums.
  static constexpr bool is_fast = sizeof(Sum) <= 8;
  using Word = std::conditional_t<sizeof(W) == 2, std::int32_t, Sum>;

  void resize(std::size_t taps, std::size_t channels) {
    channels_ = channels;
    stride_ = (channels + lanes - 1) / lanes * lanes;
    words_.assign(taps * stride_, Word{0});
  }
  [[nodiscard]] bool is_empty() const { return words_.empty(); }
  /// Integers may be as large as the sums hold, or 16 bits where these are wider than weights.
  void set(std::size_t tap, std::size_t channel, Word weight) {
    if constexpr (in_codes) {  // as a float
      words_[tap * stride_ + channel] = static_cast<Word>(static_cast<std::uint32_t>(weight) << 16);
    } else if constexpr (in_pairs) {  // the other of the pair is zero, whatever stands beside x
      words_[tap * stride_ + channel] = static_cast<std::uint16_t>(weight);
    } else {
      words_[tap * stride_ + channel] = weight;
    }
  }

  /// y[m][c] = sum over taps t of x[bases[m] + offsets[t] + c] * w[t][c], t upwards.
  ///
  /// - shape:    `write(m, rows, c, count)` as that of `upset::multiply`, of which channels are the
  ///             columns; up to `operand_slack` operands beyond a row are read and dropped
  /// - rounding: none; sums of integers must keep within `Sum`, floats are fused where the target
  ///             can
  /// - cost:     one read of x a product, in vectors
  template <class Write>
  void multiply(const X* x, std::span<const std::size_t> bases,
                std::span<const std::size_t> offsets, Write write) const {
    alignas(detail::vector_bytes) std::array<std::array<Sum, lanes>, tile_rows> tile;
    std::array<const X*, tile_rows> rows;
    for (std::size_t m = 0; m < bases.size(); m += tile_rows) {
      const std::size_t count = std::min(tile_rows, bases.size() - m);
      for (std::size_t i = 0; i < tile_rows; ++i) {
        rows[i] = x + bases[m + std::min(i, count - 1)];
      }
      for (std::size_t c = 0; c < channels_; c += lanes) {
        // by name: GCC 12 keeps an array that inline assembly adds to in memory (2.1 instead of 1.5
        // ms for the depthwise layers of MobileNetV2 in 8 bits)
        Vector sum0{}, sum1{}, sum2{}, sum3{}, sum4{}, sum5{}, sum6{}, sum7{};
        const Word* weights = words_.data() + c;
        for (const std::size_t offset : offsets) {
          const Words weight = *reinterpret_cast<const StoredWords*>(weights);
          const std::size_t at = offset + c;
          add(sum0, rows[0] + at, weight);
          add(sum1, rows[1] + at, weight);
          add(sum2, rows[2] + at, weight);
          add(sum3, rows[3] + at, weight);
          add(sum4, rows[4] + at, weight);
          add(sum5, rows[5] + at, weight);
          add(sum6, rows[6] + at, weight);
          add(sum7, rows[7] + at, weight);
          weights += stride_;
        }
        const auto store = [&](std::size_t i, const Vector& sum) {
          *reinterpret_cast<Stored*>(tile[i].data()) = sum;
        };
        store(0, sum0);
        store(1, sum1);
        store(2, sum2);
        store(3, sum3);
        store(4, sum4);
        store(5, sum5);
        store(6, sum6);
        store(7, sum7);
        write(m, std::span<const std::array<Sum, lanes>>(tile).first(count), c, channels_ - c);
      }
    }
  }

 private:
  static constexpr bool in_codes = std::is_same_v<W, detail::BFloat16Code>;
  static constexpr bool in_pairs = sizeof(W) < sizeof(Sum) && detail::has_short_dot;
  static constexpr std::size_t tile_rows = 8;  // `multiply` names each
  static constexpr std::size_t lanes = std::max<std::size_t>(1, detail::vector_bytes / sizeof(Sum));
  static_assert(lanes <= operand_slack);
  using Vector = typename detail::Register<Sum, lanes>::type;
  using Stored = typename detail::Lanes<Sum, lanes>::type;
  using Words = typename detail::Register<Word, lanes>::type;
  using StoredWords = typename detail::Lanes<Word, lanes>::type;

  [[gnu::always_inline]] static void add(Vector& sums, const X* from, const Words& weights) {
    const auto x = detail::load_widened<Word, lanes>(from);
    if constexpr (in_codes) {  // subnormals and all
      Op<float, float>::add(sums, reinterpret_cast<Vector>(x << 16),
                            reinterpret_cast<Vector>(weights));
    } else if constexpr (in_pairs) {
      Op<std::int16_t, std::int16_t>::add(sums, x, weights);
    } else {
      sums += x * weights;
    }
  }

  std::size_t channels_ = 0;
  std::size_t stride_ = 0;  // from one tap to the next
  AlignedVector<Word> words_;
};

}  // namespace upset
