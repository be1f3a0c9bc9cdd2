// SPDX-License-Identifier: BSL-1.0
/// The words of a picture that differ from another's, as a product of differences reads them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/op.hpp>

#if defined(__AVX512BW__)
#include <immintrin.h>
#endif

namespace upset {

namespace detail {

/// Where the entries of each pixel of a picture begin in a list that grows from pixel to pixel.
class PixelStarts {
 public:
  explicit PixelStarts(std::size_t pixels) : starts_(pixels + 1, 0U) {}

  /// For each pixel, and once more, how many entries lie before it.
  [[nodiscard]] std::span<const std::uint32_t> all() const { return starts_; }

  void clear() { next_ = 0; }
  /// Pixels before `pixel` that have not begun do so behind `count` entries, and have none.
  void reach(std::size_t pixel, std::size_t count) {
    std::fill(next(), starts_.data() + pixel, static_cast<std::uint32_t>(count));
    next_ = pixel;
  }
  void reach_end(std::size_t count) { reach(starts_.size(), count); }
  /// Where the start of the next pixel is to be written, and of those behind it.
  [[nodiscard]] std::uint32_t* next() { return starts_.data() + next_; }
  /// So far they have been.
  void written(const std::uint32_t* end) { next_ = static_cast<std::size_t>(end - starts_.data()); }

 private:
  std::vector<std::uint32_t> starts_;
  std::size_t next_ = 0;  // the first pixel that has not begun
};

}  // namespace detail

/// Differences of two pictures [pixels, C] of `Level`s, 32 bits of which are multiplied together: a
/// float or two 16-bit integers `T`, neighbouring channels of a pixel. Of bytes: see
/// byte_differences.hpp.
template <class T>
class DifferenceList {
 public:
  static_assert(sizeof(T) > 1, "differences in bytes: include byte_differences.hpp");
  static constexpr std::size_t group = values_per_word<T>;

  DifferenceList(std::size_t height, std::size_t width, std::size_t channels)
      : channels_(channels),
        pixel_words_((channels + group - 1) / group),
        starts_(height * width) {}

  /// Words of a pixel.
  [[nodiscard]] std::size_t pixel_words() const { return pixel_words_; }
  [[nodiscard]] std::size_t size() const { return count_; }
  /// The numbers of the words that differ, ascending: word w of pixel p is p * pixel_words() + w.
  [[nodiscard]] std::span<const std::uint32_t> words() const { return {words_.data(), count_}; }
  /// Their differences, each 32 bits.
  [[nodiscard]] std::span<const std::uint32_t> values() const { return {values_.data(), count_}; }
  /// For each pixel, and once more, how many words lie before it.
  [[nodiscard]] std::span<const std::uint32_t> starts() const { return starts_.all(); }
  [[nodiscard]] std::array<T, group> differences(std::size_t i) const {
    return std::bit_cast<std::array<T, group>>(values_[i]);
  }

  void clear() {
    count_ = 0;
    starts_.clear();
  }
  /// Compares pixels `first` to `last - 1`, which lie behind those compared before; `now` and
  /// `golden` are whole pictures.
  template <class Level>
  void compare(const Level* now, const Level* golden, std::size_t first, std::size_t last) {
    starts_.reach(first, count_);
    const std::size_t room = count_ + (last - first) * pixel_words_ + 16;  // and a whole vector
    if (words_.size() < room) {
      words_.resize(2 * room);
      values_.resize(2 * room);
    }
#if defined(__AVX512BW__)
    if (channels_ % group == 0) {
      compare_vectors(now, golden, first, last);
      return;
    }
#endif
    std::uint32_t* start = starts_.next();
    for (std::size_t pixel = first; pixel < last; ++pixel) {
      *start++ = static_cast<std::uint32_t>(count_);
      for (std::size_t word = 0; word < pixel_words_; ++word) {
        const std::size_t i = pixel * channels_ + word * group;
        const std::size_t lanes = std::min(group, channels_ - word * group);
        compare_word(now + i, golden + i, lanes, pixel * pixel_words_ + word);
      }
    }
    starts_.written(start);
  }
  /// To be called behind the last pixels that were compared.
  void finish() { starts_.reach_end(count_); }

 private:
  void push(std::size_t word, const std::array<T, group>& difference) {
    words_[count_] = static_cast<std::uint32_t>(word);
    values_[count_] = std::bit_cast<std::uint32_t>(difference);
    ++count_;
  }
  template <class Level>
  void compare_word(const Level* now, const Level* golden, std::size_t lanes, std::size_t word) {
    if (std::memcmp(now, golden, lanes * sizeof(Level)) == 0) {
      return;
    }
    std::array<T, group> difference{};
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      difference[lane] = static_cast<T>(now[lane] - golden[lane]);
    }
    push(word, difference);
  }

#if defined(__AVX512BW__)
  template <class Level>
  void compare_vectors(const Level* now, const Level* golden, std::size_t first, std::size_t last) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const std::size_t end = last * pixel_words_;
    std::uint32_t* start = starts_.next();
    std::size_t boundary = first * pixel_words_;  // the first word of the pixel that begins there
    for (std::size_t word = boundary; word < end; word += 16) {
      const std::size_t count = std::min<std::size_t>(end - word, 16);
      const auto all = static_cast<__mmask16>((1U << count) - 1);
      // masked, if by nothing: GCC 12 warns of the undefined operand of the plain ones
      __m512i values;
      std::uint32_t different = 0;
      if constexpr (sizeof(Level) == 4) {
        const __m512i a = _mm512_maskz_loadu_epi32(all, now + word);
        const __m512i b = _mm512_maskz_loadu_epi32(all, golden + word);
        values = _mm512_castps_si512(
            _mm512_maskz_sub_ps(0xFFFF, _mm512_castsi512_ps(a), _mm512_castsi512_ps(b)));
        different = _mm512_cmpneq_epi32_mask(a, b);
      } else {
        values = _mm512_sub_epi16(_mm512_maskz_loadu_epi32(all, now + word * group),
                                  _mm512_maskz_loadu_epi32(all, golden + word * group));
        different = _mm512_test_epi32_mask(values, values);
      }
      for (; boundary < word + count; boundary += pixel_words_) {
        const std::uint32_t before = different & low_bits(boundary - word);
        *start++ =
            static_cast<std::uint32_t>(count_) + static_cast<std::uint32_t>(std::popcount(before));
      }
      const auto mask = static_cast<__mmask16>(different);
      const __m512i numbers = _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(word)));
      _mm512_storeu_si512(words_.data() + count_, _mm512_maskz_compress_epi32(mask, numbers));
      _mm512_storeu_si512(values_.data() + count_, _mm512_maskz_compress_epi32(mask, values));
      count_ += static_cast<std::size_t>(std::popcount(different));
    }
    starts_.written(start);
  }
  [[nodiscard]] static std::uint32_t low_bits(std::size_t count) { return (1U << count) - 1; }
#endif

  std::size_t channels_;
  std::size_t pixel_words_;
  std::size_t count_ = 0;
  AlignedVector<std::uint32_t> words_;
  AlignedVector<std::uint32_t> values_;
  detail::PixelStarts starts_;
};

}  // namespace upset
