// SPDX-License-Identifier: BSL-1.0
/// Activations as bit products read them: the signs of each plane, packed into words.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <upset/format/binary.hpp>
#include <upset/format/multi_level_binary.hpp>
#include <upset/kernel/bit_count.hpp>
#include <upset/kernel/window.hpp>
#include <upset/tensor/memory.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace upset {

namespace detail {

template <class Element>
inline constexpr std::size_t planes_of_element = 0;
template <>
inline constexpr std::size_t planes_of_element<Binary> = 1;
template <int M>
inline constexpr std::size_t planes_of_element<MultiLevelBinary<M>> = M;

/// Bit `bit` of 32 codes.
[[nodiscard, gnu::always_inline]] inline std::uint32_t gather_bits(
    const std::array<std::uint32_t, signs_per_word>& codes, int bit) {
#if defined(__AVX512F__)
  const __m512i mask = _mm512_set1_epi32(1 << bit);
  const auto low = _mm512_test_epi32_mask(_mm512_loadu_si512(codes.data()), mask);
  const auto high = _mm512_test_epi32_mask(_mm512_loadu_si512(codes.data() + 16), mask);
  return low | static_cast<std::uint32_t>(high) << 16;
#elif defined(__x86_64__)
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < codes.size(); i += 4) {
    const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes.data() + i));
    const int signs = _mm_movemask_ps(_mm_castsi128_ps(_mm_slli_epi32(four, 31 - bit)));
    word |= static_cast<std::uint32_t>(signs) << i;
  }
  return word;
#else
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    word |= (codes[i] >> bit & 1U) << i;
  }
  return word;
#endif
}

#if defined(__AVX512F__)
/// Bit i says that x[i] is not below zero, of 32 values: what every format of one plane stores.
[[nodiscard, gnu::always_inline]] inline std::uint32_t signs_of(const float* x) {
  const __m512 zero = _mm512_setzero_ps();
  const auto low = _mm512_cmp_ps_mask(_mm512_loadu_ps(x), zero, _CMP_NLT_UQ);
  const auto high = _mm512_cmp_ps_mask(_mm512_loadu_ps(x + 16), zero, _CMP_NLT_UQ);
  return low | static_cast<std::uint32_t>(high) << 16;
}
#endif

/// Bit `Planes - 1 - p` of `code(from[i])` becomes bit i of the words at `to + p * stride`; bits
/// beyond `count` are those of code 0.
template <std::size_t Planes, class From, class Code>
void pack_bits(const From* from, std::size_t count, std::uint32_t* to, std::size_t stride,
               Code code) {
  for (std::size_t first = 0; first < count; first += signs_per_word) {
#if defined(__AVX512F__)
    if constexpr (Planes == 1 && std::is_same_v<From, float>) {
      if (count - first >= signs_per_word) {
        to[first / signs_per_word] = signs_of(from + first);
        continue;
      }
    }
#endif
    alignas(vector_bytes) std::array<std::uint32_t, signs_per_word> codes;
    if (count - first >= signs_per_word) {
      for (std::size_t i = 0; i < signs_per_word; ++i) {
        codes[i] = code(from[first + i]);
      }
    } else {
      codes = {};
      for (std::size_t i = 0; i < count - first; ++i) {
        codes[i] = code(from[first + i]);
      }
    }
    for (std::size_t plane = 0; plane < Planes; ++plane) {
      to[plane * stride + first / signs_per_word] =
          gather_bits(codes, static_cast<int>(Planes - 1 - plane));
    }
  }
}

}  // namespace detail

/// Planes of signs that a number in `F` consists of, the first being its top bit; 0 where it is no
/// sum of signs, each with a factor.
template <Format F>
inline constexpr std::size_t sign_planes = detail::planes_of_element<typename F::Element>;

/// A block of pictures in memory format `A`, as a convolution's bit products read them: for each
/// plane padded images of words, in which the channels of each group begin a word.
///
/// Padding has no sign, and is zero: what windows count there is to be taken off again.
template <Format A>
class BitPictures {
 public:
  static constexpr std::size_t planes = sign_planes<A>;

  /// For up to `pictures` of [height, width, channels].
  BitPictures(const WindowGeometry& geometry, std::size_t height, std::size_t width,
              std::size_t channels, std::size_t pictures, const typename A::Scale& /*scale*/ = {})
      : channels_(channels / geometry.groups),
        group_words_((channels_ + signs_per_word - 1) / signs_per_word),
        pixel_words_(geometry.groups * group_words_),
        window_(geometry, height, width, pixel_words_),
        plane_size_(pictures * window_.padded_size()),
        // one more, since unpacking reads words in pairs
        packed_stride_(height * width * channels / signs_per_word + 2),
        words_(planes * (plane_size_ + packed_stride_), 0U),
        bases_(window_.bases(pictures)),
        real_rows_(window_.real_rows()),
        real_columns_(window_.real_columns()) {}

  /// Rounds one picture, as writing it to memory and reading it back would.
  void write(std::size_t picture, std::span<const float> x, const typename A::Scale& scale) {
    detail::pack_bits<planes>(x.data(), x.size(), packed(), packed_stride_, [scale](float value) {
      return std::uint32_t{A::encode(value, scale)};
    });
    unpack(picture);
  }
  /// Reads one picture from memory.
  void write(std::size_t picture, const Memory<A>& memory) {
    using Code = typename A::code_type;
    AlignedVector<Code> codes(memory.size());
    memory.read([to = codes.data()](std::size_t element, Code code, const typename A::Scale&) {
      to[element] = code;
    });
    detail::pack_bits<planes>(codes.data(), codes.size(), packed(), packed_stride_,
                              [](Code code) { return std::uint32_t{code}; });
    unpack(picture);
  }

  /// Output pixels of a picture.
  [[nodiscard]] std::size_t windows() const { return window_.output_pixels(); }
  /// Where each window begins, in the images of any plane.
  [[nodiscard]] std::span<const std::size_t> bases() const { return bases_; }
  /// The words of a window of `group`, in the order of a [H, W, I] kernel.
  [[nodiscard]] AlignedVector<std::size_t> offsets(std::size_t group) const {
    const AlignedVector<std::size_t> segments = window_.offsets(group);
    AlignedVector<std::size_t> result;
    result.reserve(segments.size() * window_.segment_length());
    for (const std::size_t offset : segments) {
      for (std::size_t i = 0; i < window_.segment_length(); ++i) {
        result.push_back(offset + i);
      }
    }
    return result;
  }
  [[nodiscard]] const std::uint32_t* plane(std::size_t plane) const {
    return words_.data() + plane * plane_size_;
  }
  /// The rows and columns of the kernel that lie on no padding, for those of windows.
  [[nodiscard]] const RealLines& real_rows() const { return real_rows_; }
  [[nodiscard]] const RealLines& real_columns() const { return real_columns_; }
  /// Of a group.
  [[nodiscard]] std::size_t channels() const { return channels_; }

 private:
  /// Signs of one picture, without padding of any kind.
  [[nodiscard]] std::uint32_t* packed() { return words_.data() + planes * plane_size_; }

  /// The bits of a group's word that are channels.
  [[nodiscard]] std::uint32_t real_signs(std::size_t word) const {
    const std::size_t left = channels_ - word * signs_per_word;
    return left >= signs_per_word ? ~0U : (1U << left) - 1;
  }

  /// Lays packed signs out in padded images, each group's in words of its own.
  void unpack(std::size_t picture) {
    for (std::size_t plane = 0; plane < planes; ++plane) {
      const std::uint32_t* const signs = packed() + plane * packed_stride_;
      std::uint32_t* const image =
          words_.data() + plane * plane_size_ + picture * window_.padded_size();
      window_.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t length) {
        if (channels_ % signs_per_word == 0) {
          std::copy_n(signs + from, length, image + to);
          return;
        }
        std::size_t bit = from / group_words_ * channels_;
        for (std::size_t i = 0; i < length; i += group_words_, bit += channels_) {
          for (std::size_t word = 0; word < group_words_; ++word) {
            const std::size_t at = bit + word * signs_per_word;
            const std::uint32_t* const pair = signs + at / signs_per_word;
            const std::uint64_t both = pair[0] | std::uint64_t{pair[1]} << 32;
            image[to + i + word] =
                static_cast<std::uint32_t>(both >> at % signs_per_word) & real_signs(word);
          }
        }
      });
    }
  }

  std::size_t channels_;  // of a group
  std::size_t group_words_;
  std::size_t pixel_words_;
  Window window_;  // its channels are words
  std::size_t plane_size_;
  std::size_t packed_stride_;           // from one plane to the next
  AlignedVector<std::uint32_t> words_;  // planes, packed planes: asked for at once
  AlignedVector<std::size_t> bases_;
  RealLines real_rows_;
  RealLines real_columns_;
};

}  // namespace upset
