// SPDX-License-Identifier: BSL-1.0
/// The values of a picture that differ from another's, as a product of bytes reads them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/difference_list.hpp>

#if defined(__AVX512BW__)
#include <immintrin.h>
#endif

namespace upset {

/// Differences of two pictures [H, W, C] of 16-bit levels, one by one: of the four in a word of
/// neighbouring channels two thirds were zeros.
///
/// One too large for a byte is spread over several that lie in the same place.
template <>
class DifferenceList<std::int8_t> {
 public:
  /// How many may be read behind the last of them.
  static constexpr std::size_t slack = 64;
  /// In one place: of differences up to 510.
  static constexpr std::size_t most_parts = 5;
  /// Whether a row of so many values has places of 16 bits.
  [[nodiscard]] static constexpr bool suits(std::size_t row_size) { return row_size <= 0x10000; }

  /// `suits` a row.
  DifferenceList(std::size_t height, std::size_t width, std::size_t channels)
      : width_(width), channels_(channels), starts_(height * width) {}

  [[nodiscard]] std::size_t size() const { return count_; }
  /// Where each lies in its row of the picture: column times channels, and its channel.
  [[nodiscard]] std::span<const std::uint16_t> places() const { return {places_.data(), count_}; }
  [[nodiscard]] std::span<const std::int8_t> values() const { return {values_.data(), count_}; }
  /// For each pixel, and once more, how many lie before it.
  [[nodiscard]] std::span<const std::uint32_t> starts() const { return starts_.all(); }

  void clear() {
    count_ = 0;
    starts_.clear();
  }
  /// Compares pixels `first` to `last - 1`, which lie behind those compared before; `now` and
  /// `golden` are whole pictures.
  void compare(const std::int16_t* now, const std::int16_t* golden, std::size_t first,
               std::size_t last) {
    starts_.reach(first, count_);
    const std::size_t room = count_ + (last - first) * channels_ * most_parts + vector + slack;
    if (places_.size() < room) {
      places_.resize(2 * room);
      values_.resize(2 * room);
    }
    for (std::size_t pixel = first; pixel < last;) {
      const std::size_t end = std::min(last, (pixel / width_ + 1) * width_);
      compare_in_row(now + pixel * channels_, golden + pixel * channels_, pixel, end);
      pixel = end;
    }
  }
  /// To be called behind the last pixels that were compared.
  void finish() {
    starts_.reach_end(count_);
    places_.resize(std::max(places_.size(), count_ + slack));
    values_.resize(places_.size());
  }

 private:
  static constexpr std::size_t vector = 64;  // compared together, and written
  static constexpr std::size_t half = vector / 2;

  // Pixels `pixel` to `end - 1` of one row, the first of which is at `now` and `golden`.
  void compare_in_row(const std::int16_t* now, const std::int16_t* golden, std::size_t pixel,
                      std::size_t end) {
    const std::size_t place = pixel % width_ * channels_;
    const std::size_t size = (end - pixel) * channels_;
    // locals, or every store might change them
    const std::size_t channels = channels_;
    std::uint32_t* start = starts_.next();
    std::size_t found = count_;
    std::size_t boundary = 0;  // where the next pixel begins
    for (std::size_t at = 0; at < size; at += vector) {
      const std::size_t count = std::min(size - at, vector);
#if defined(__AVX512BW__)
      const __m512i low = difference(now + at, golden + at, count);
      const __m512i high =
          difference(now + at + half, golden + at + half, count - std::min(count, half));
      // quarters of both by turns, put in order
      const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
      const __m512i bytes =
          _mm512_maskz_permutexvar_epi64(0xFF, order, _mm512_packs_epi16(low, high));
      if (_mm512_cmpgt_epu8_mask(_mm512_abs_epi8(bytes), _mm512_set1_epi8(126)) == 0) [[likely]] {
        const std::uint64_t different = _mm512_test_epi8_mask(bytes, bytes);
        for (; boundary < at + count; boundary += channels) {
          const std::uint64_t before = different & ((std::uint64_t{1} << (boundary - at)) - 1);
          *start++ =
              static_cast<std::uint32_t>(found + static_cast<std::size_t>(std::popcount(before)));
        }
        append(bytes, different, place + at, found);
        continue;
      }
#endif
      for (std::size_t i = at; i < at + count; ++i) {
        if (i == boundary) {
          *start++ = static_cast<std::uint32_t>(found);
          boundary += channels;
        }
        append(now[i] - golden[i], place + i, found);
      }
    }
    count_ = found;
    starts_.written(start);
  }

  // Writes a difference behind the `found` that there are.
  void append(int difference, std::size_t place, std::size_t& found) {
    while (difference != 0) {
      const int part = std::clamp(difference, -128, 127);
      places_[found] = static_cast<std::uint16_t>(place);
      values_[found] = static_cast<std::int8_t>(part);
      ++found;
      difference -= part;
    }
  }
#if defined(__AVX512BW__)
  // Of up to 32 levels; beyond them none.
  [[nodiscard, gnu::always_inline]] static __m512i difference(const std::int16_t* now,
                                                              const std::int16_t* golden,
                                                              std::size_t count) {
    const auto here = static_cast<__mmask32>(count >= half ? ~0U : (1U << count) - 1);
    return _mm512_sub_epi16(_mm512_maskz_loadu_epi16(here, now),
                            _mm512_maskz_loadu_epi16(here, golden));
  }
  // Those in the lanes of `different`, the first of which is at `place`.
  void append(const __m512i& differences, std::uint64_t different, std::size_t place,
              std::size_t& found) {
#if defined(__AVX512VBMI2__)
    static constexpr auto lanes = [] {
      std::array<std::uint8_t, vector> result{};
      std::iota(result.begin(), result.end(), std::uint8_t{0});
      return result;
    }();
    const __m512i base = _mm512_set1_epi16(static_cast<short>(place));
    const __m512i numbers = _mm512_maskz_compress_epi8(different, _mm512_loadu_si512(lanes.data()));
    const auto places = [&](const __m256i& part) {
      return _mm512_add_epi16(_mm512_maskz_cvtepu8_epi16(~0U, part), base);
    };
    std::uint16_t* const to = places_.data() + found;
    _mm512_storeu_si512(to, places(_mm512_maskz_extracti64x4_epi64(0xFF, numbers, 0)));
    const auto count = static_cast<std::size_t>(std::popcount(different));
    if (count > half) [[unlikely]] {
      _mm512_storeu_si512(to + half, places(_mm512_maskz_extracti64x4_epi64(0xFF, numbers, 1)));
    }
    _mm512_storeu_si512(values_.data() + found, _mm512_maskz_compress_epi8(different, differences));
    found += count;
#else
    std::array<std::int8_t, vector> values;
    _mm512_storeu_si512(values.data(), differences);
    for (std::uint64_t left = different; left != 0; left &= left - 1) {
      const auto lane = static_cast<std::size_t>(std::countr_zero(left));
      append(values[lane], place + lane, found);
    }
#endif
  }
#endif

  std::size_t width_;
  std::size_t channels_;
  std::size_t count_ = 0;
  AlignedVector<std::uint16_t> places_;
  AlignedVector<std::int8_t> values_;
  detail::PixelStarts starts_;
};

}  // namespace upset
