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

/// Differences of two pictures [pixels, C] of `Level`s, 32 bits of which are multiplied together: a
/// float, two 16-bit integers or four bytes `T`, neighbouring channels of a pixel.
///
/// A difference too large for a byte is spread over several words of the same number.
template <class T>
class DifferenceList {
 public:
  static constexpr std::size_t group = values_per_word<T>;

  DifferenceList(std::size_t pixels, std::size_t channels)
      : channels_(channels),
        pixel_words_((channels + group - 1) / group),
        starts_(pixels + 1, 0U) {}

  /// Words of a pixel.
  [[nodiscard]] std::size_t pixel_words() const { return pixel_words_; }
  [[nodiscard]] std::size_t size() const { return count_; }
  /// The numbers of the words that differ, ascending: word w of pixel p is p * pixel_words() + w.
  [[nodiscard]] std::span<const std::uint32_t> words() const { return {words_.data(), count_}; }
  /// Their differences, each 32 bits.
  [[nodiscard]] std::span<const std::uint32_t> values() const { return {values_.data(), count_}; }
  /// For each pixel, and once more, how many words lie before it.
  [[nodiscard]] std::span<const std::uint32_t> starts() const { return starts_; }
  /// Of bytes: for each word, and once more, the sum of all differences before it.
  [[nodiscard]] std::span<const std::int32_t> sums() const { return {sums_.data(), count_ + 1}; }
  [[nodiscard]] std::array<T, group> differences(std::size_t i) const {
    return std::bit_cast<std::array<T, group>>(values_[i]);
  }

  void clear() {
    count_ = 0;
    next_ = 0;
  }
  /// Compares pixels `first` to `last - 1`, which lie behind those compared before; `now` and
  /// `golden` are whole pictures.
  template <class Level>
  void compare(const Level* now, const Level* golden, std::size_t first, std::size_t last) {
    reach(first);
    // several words each at most, and a whole vector behind them
    const std::size_t room = count_ + (last - first) * pixel_words_ * most_parts + 16;
    if (words_.size() < room) {
      words_.resize(2 * room);
      values_.resize(2 * room);
    }
#if defined(__AVX512BW__)
    if (channels_ % group == 0) {
      compare_vectors(now, golden, first, last);
      next_ = last;
      return;
    }
#endif
    for (std::size_t pixel = first; pixel < last; ++pixel) {
      starts_[pixel] = static_cast<std::uint32_t>(count_);
      for (std::size_t word = 0; word < pixel_words_; ++word) {
        const std::size_t i = pixel * channels_ + word * group;
        const std::size_t lanes = std::min(group, channels_ - word * group);
        compare_word(now + i, golden + i, lanes, pixel * pixel_words_ + word);
      }
    }
    next_ = last;
  }
  /// To be called behind the last pixels that were compared.
  void finish() {
    reach(starts_.size() - 1);
    starts_.back() = static_cast<std::uint32_t>(count_);
    if constexpr (in_bytes) {
      if (const std::size_t room = count_ + 1 + 16; sums_.size() < room) {  // whole vectors
        sums_.resize(2 * room);
      }
      add_up();
    }
  }

 private:
  static constexpr bool in_bytes = std::is_same_v<T, std::int8_t>;
  static constexpr std::size_t most_parts = in_bytes ? 5 : 1;  // of differences up to 510

  void reach(std::size_t pixel) {
    std::fill(starts_.begin() + static_cast<std::ptrdiff_t>(next_),
              starts_.begin() + static_cast<std::ptrdiff_t>(pixel),
              static_cast<std::uint32_t>(count_));
  }
  // sums_[i]: of all differences in words before i
  void add_up() {
    const std::uint32_t* const values = values_.data();
    std::int32_t* const sums = sums_.data();
    sums[0] = 0;
#if defined(__AVX512BW__)
    const __m512i nothing = _mm512_setzero_si512();
    __m512i before = nothing;
    for (std::size_t i = 0; i < count_; i += 16) {
      const auto here = static_cast<__mmask16>(low_bits(std::min<std::size_t>(count_ - i, 16)));
      const __m512i bytes = _mm512_maskz_loadu_epi32(here, values + i);
      const __m512i pairs = _mm512_maddubs_epi16(_mm512_set1_epi8(1), bytes);
      __m512i sum = _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
      // of each and the 1, 3, 7, 15 before it
      sum = _mm512_add_epi32(sum, _mm512_maskz_alignr_epi32(0xFFFF, sum, nothing, 15));
      sum = _mm512_add_epi32(sum, _mm512_maskz_alignr_epi32(0xFFFF, sum, nothing, 14));
      sum = _mm512_add_epi32(sum, _mm512_maskz_alignr_epi32(0xFFFF, sum, nothing, 12));
      sum = _mm512_add_epi32(sum, _mm512_maskz_alignr_epi32(0xFFFF, sum, nothing, 8));
      sum = _mm512_add_epi32(sum, before);
      _mm512_storeu_si512(sums + i + 1, sum);
      before = _mm512_maskz_permutexvar_epi32(0xFFFF, _mm512_set1_epi32(15), sum);
    }
#else
    for (std::size_t i = 0; i < count_; ++i) {  // bytes above -128, two and two side by side
      const std::uint32_t bytes = values[i] ^ 0x80808080U;
      const std::uint32_t pairs = (bytes & 0x00FF00FFU) + ((bytes >> 8U) & 0x00FF00FFU);
      const std::uint32_t sum = (pairs & 0xFFFFU) + (pairs >> 16U);
      sums[i + 1] = sums[i] + static_cast<std::int32_t>(sum) - 4 * 128;
    }
#endif
  }
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
    if constexpr (in_bytes) {
      std::array<int, group> left{};
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        left[lane] = now[lane] - golden[lane];
      }
      while (left != std::array<int, group>{}) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          difference[lane] = static_cast<T>(std::clamp(left[lane], -128, 127));
          left[lane] -= difference[lane];
        }
        push(word, difference);
      }
    } else {
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        difference[lane] = static_cast<T>(now[lane] - golden[lane]);
      }
      push(word, difference);
    }
  }

#if defined(__AVX512BW__)
  template <class Level>
  void compare_vectors(const Level* now, const Level* golden, std::size_t first, std::size_t last) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const std::size_t end = last * pixel_words_;
    std::size_t pixel = first;
    std::size_t boundary = first * pixel_words_;  // the first word of `pixel`
    for (std::size_t word = boundary; word < end; word += 16) {
      const std::size_t count = std::min<std::size_t>(end - word, 16);
      const auto all = static_cast<__mmask16>((1U << count) - 1);
      // masked, if by nothing: GCC 12 warns of the undefined operand of the plain ones
      __m512i values;
      std::uint32_t different = 0;
      bool fits = true;
      if constexpr (sizeof(Level) == 4) {
        const __m512i a = _mm512_maskz_loadu_epi32(all, now + word);
        const __m512i b = _mm512_maskz_loadu_epi32(all, golden + word);
        values = _mm512_castps_si512(
            _mm512_maskz_sub_ps(0xFFFF, _mm512_castsi512_ps(a), _mm512_castsi512_ps(b)));
        different = _mm512_cmpneq_epi32_mask(a, b);
      } else if constexpr (!in_bytes) {
        values = _mm512_sub_epi16(_mm512_maskz_loadu_epi32(all, now + word * group),
                                  _mm512_maskz_loadu_epi32(all, golden + word * group));
        different = _mm512_test_epi32_mask(values, values);
      } else {
        // two levels to a word here, four to one of the list
        const auto low = static_cast<__mmask16>(low_bits(2 * std::min<std::size_t>(count, 8)));
        const auto high =
            static_cast<__mmask16>(low_bits(2 * (std::max<std::size_t>(count, 8) - 8)));
        const auto subtracted = [&](__mmask16 mask, std::size_t at) {
          return _mm512_sub_epi16(_mm512_maskz_loadu_epi32(mask, now + at),
                                  _mm512_maskz_loadu_epi32(mask, golden + at));
        };
        const __m512i a = subtracted(low, word * group);
        const __m512i b = subtracted(high, word * group + 32);
        const __m512i largest = _mm512_set1_epi16(127);
        fits = (_mm512_cmpgt_epi16_mask(_mm512_abs_epi16(a), largest) |
                _mm512_cmpgt_epi16_mask(_mm512_abs_epi16(b), largest)) == 0;
        values = _mm512_maskz_inserti64x4(
            0xFF, _mm512_castsi256_si512(_mm512_maskz_cvtepi16_epi8(~0U, a)),
            _mm512_maskz_cvtepi16_epi8(~0U, b), 1);
        different = _mm512_test_epi32_mask(values, values);
      }
      if (!fits) [[unlikely]] {
        for (std::size_t i = 0; i < count; ++i) {
          if (word + i == boundary) {
            starts_[pixel++] = static_cast<std::uint32_t>(count_);
            boundary += pixel_words_;
          }
          compare_word(now + (word + i) * group, golden + (word + i) * group, group, word + i);
        }
        continue;
      }
      for (; boundary < word + count; boundary += pixel_words_) {
        const std::uint32_t before = different & low_bits(boundary - word);
        starts_[pixel++] =
            static_cast<std::uint32_t>(count_) + static_cast<std::uint32_t>(std::popcount(before));
      }
      const auto mask = static_cast<__mmask16>(different);
      const __m512i numbers = _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(word)));
      _mm512_storeu_si512(words_.data() + count_, _mm512_maskz_compress_epi32(mask, numbers));
      _mm512_storeu_si512(values_.data() + count_, _mm512_maskz_compress_epi32(mask, values));
      count_ += static_cast<std::size_t>(std::popcount(different));
    }
  }
  [[nodiscard]] static std::uint32_t low_bits(std::size_t count) { return (1U << count) - 1; }
#endif

  std::size_t channels_;
  std::size_t pixel_words_;
  std::size_t count_ = 0;
  std::size_t next_ = 0;  // the first pixel that has not been reached
  AlignedVector<std::uint32_t> words_;
  AlignedVector<std::uint32_t> values_;
  std::vector<std::uint32_t> starts_;
  AlignedVector<std::int32_t> sums_;
};

}  // namespace upset
