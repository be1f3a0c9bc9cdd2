// SPDX-License-Identifier: BSL-1.0
/// What changes in a convolution's sums of levels when a few of its inputs do: products of bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/byte_differences.hpp>
#include <upset/kernel/delta_product.hpp>
#include <upset/kernel/delta_window.hpp>
#include <upset/kernel/op.hpp>

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>
#define UPSET_HAS_BYTE_PRODUCT
#endif

namespace upset {

#if defined(UPSET_HAS_BYTE_PRODUCT)
/// Whether products of differences in bytes exist.
inline constexpr bool has_byte_product = true;

/// Weights within -128..127 as rows of 64 bytes, in which a changed value finds all it is
/// multiplied with: those of 64 outputs, or of fewer for two or four pixels side by side. Rows of
/// any four differences are transposed in registers, so that four products are one instruction.
/// With words of four channels, as of wider differences, two thirds of all products were by zero.
template <>
class DeltaProduct<std::int8_t> : public DeltaWindow {
 public:
  using Sum = std::int32_t;
  using Differences = DifferenceList<std::int8_t>;
  using SumRow = detail::SumRow<Sum>;
  static constexpr std::size_t lanes = detail::vector_bytes / sizeof(Sum);
  using Vector = detail::Register<Sum, lanes>::type;

  DeltaProduct(const WindowGeometry& geometry, std::size_t height, std::size_t width,
               std::size_t channels, std::size_t outputs)
      : DeltaWindow(geometry, height, width, channels, outputs) {
    std::size_t size = 0;
    for (std::size_t first = 0; first < stride();) {
      Part part;
      part.first_output = first;
      part.vectors = std::bit_floor(std::min((stride() - first) / lanes, sums_at_once));
      part.pixels = std::gcd(output_width(), sums_at_once / part.vectors);
      part.columns = geometry.kernel_width + (part.pixels - 1) * geometry.stride.columns;
      part.first_weight = size;
      parts_.push_back(part);
      const std::size_t rows = geometry.kernel_height * part.columns * channels;
      size += rows * row_bytes;
      first += part.vectors * lanes;
      room_ = std::max(room_, rows * Differences::most_parts + block);
    }
    weights_.resize(size, zero);
    taps_.resize(geometry.kernel_height);
    ends_.resize(output_width());
  }
  /// Whether a window of so many values has rows of weights with numbers of 16 bits, and the
  /// picture a list of differences.
  [[nodiscard]] static bool suits(const WindowGeometry& geometry, std::size_t width,
                                  std::size_t channels) {
    const std::size_t columns =
        geometry.kernel_width + (sums_at_once - 1) * geometry.stride.columns;
    return Differences::suits(width * channels) &&
           geometry.kernel_height * columns * channels <= 0x10000;
  }

  /// k in the order of a [H, W, I] kernel.
  void set_weight(std::size_t output, std::size_t k, std::int16_t weight) {
    const Part& part = part_of(output);
    for (std::size_t pixel = 0; pixel < part.pixels; ++pixel) {
      weights_[index(part, output, k, pixel)] = static_cast<std::uint8_t>(weight + zero);
    }
  }
  [[nodiscard]] Sum weight(std::size_t output, std::size_t k) const {
    return weights_[index(part_of(output), output, k, 0)] - Sum{zero};
  }

  /// See `DeltaProduct::add_row`.
  /// - cost: eight shuffles and five products for four differences in a window and 64 of its sums
  template <class Take>
  void add_row(std::size_t row, const Differences& differences, const Sum* from, const Take& take) {
    for (const Part& part : parts_) {
      const auto add = [&]<std::size_t Vectors, std::size_t Pixels>() {
        add_outputs<Vectors, Pixels>(part, row, differences, from, take);
      };
      switch (part.vectors * 8 + part.pixels) {
        case 4 * 8 + 1:
          add.template operator()<4, 1>();
          break;
        case 2 * 8 + 2:
          add.template operator()<2, 2>();
          break;
        case 2 * 8 + 1:
          add.template operator()<2, 1>();
          break;
        case 1 * 8 + 4:
          add.template operator()<1, 4>();
          break;
        case 1 * 8 + 2:
          add.template operator()<1, 2>();
          break;
        default:
          add.template operator()<1, 1>();
      }
    }
  }

 private:
  static constexpr std::size_t sums_at_once = 4;  // vectors of sums that a row of weights is for
  static constexpr std::size_t row_bytes = detail::vector_bytes;
  static constexpr std::size_t block = Differences::slack;  // copied together
  static constexpr std::size_t short_stretch = 18;  // on average, of which half a block does
  static constexpr std::uint8_t zero = 128;  // is added to weights, which are multiplied unsigned

  /// Outputs whose sums of some pixels fill four vectors, unless the picture is too narrow.
  struct Part {
    std::size_t first_output;
    std::size_t vectors;       // of outputs
    std::size_t pixels;        // side by side
    std::size_t columns;       // of the picture that these read
    std::size_t first_weight;  // rows are [kernel row][column][channel]
  };
  /// A row of the kernel in an output row's windows.
  struct TapRow {
    const std::uint32_t* starts;  // of the pixels it reads, see `Differences`
    std::size_t first_row;        // of its weights
  };
  [[nodiscard]] const Part& part_of(std::size_t output) const {
    return *std::find_if(parts_.rbegin(), parts_.rend(),
                         [&](const Part& part) { return part.first_output <= output; });
  }
  [[nodiscard]] std::size_t index(const Part& part, std::size_t output, std::size_t k,
                                  std::size_t pixel) const {
    const std::size_t tap = k / channels();
    const std::size_t column = tap % geometry().kernel_width + pixel * geometry().stride.columns;
    const std::size_t row =
        (tap / geometry().kernel_width * part.columns + column) * channels() + k % channels();
    // four bytes of each vector side by side in every 16, as `add_four` takes them apart
    const std::size_t vector = pixel * part.vectors + (output - part.first_output) / lanes;
    const std::size_t lane = output % lanes;
    return part.first_weight + row * row_bytes + lane / 4 * 16 + vector * 4 + lane % 4;
  }

  /// Adds the products of the four bytes in `differences` with a row of weights each to four
  /// vectors of sums, and to `excess` what these are too large by.
  [[gnu::always_inline]] static void add_four(Vector& sum0, Vector& sum1, Vector& sum2,
                                              Vector& sum3, Vector& excess,
                                              std::uint32_t differences,
                                              const std::array<const std::uint8_t*, 4>& rows) {
    const __m512i row0 = _mm512_loadu_si512(rows[0]);
    const __m512i row1 = _mm512_loadu_si512(rows[1]);
    const __m512i row2 = _mm512_loadu_si512(rows[2]);
    const __m512i row3 = _mm512_loadu_si512(rows[3]);
    const __m512i low01 = _mm512_unpacklo_epi8(row0, row1);
    const __m512i high01 = _mm512_unpackhi_epi8(row0, row1);
    const __m512i low23 = _mm512_unpacklo_epi8(row2, row3);
    const __m512i high23 = _mm512_unpackhi_epi8(row2, row3);
    const Vector value = Vector{} + static_cast<std::int32_t>(differences);
    const auto add = [&](Vector & sum, const __m512i& weights) __attribute__((always_inline)) {
      Op<std::uint8_t, std::int8_t>::add(sum, reinterpret_cast<Vector>(weights), value);
    };
    add(sum0, _mm512_unpacklo_epi16(low01, low23));
    add(sum1, _mm512_unpackhi_epi16(low01, low23));
    add(sum2, _mm512_unpacklo_epi16(high01, high23));
    add(sum3, _mm512_unpackhi_epi16(high01, high23));
    add(excess, _mm512_set1_epi8(static_cast<char>(zero)));
  }

  // The differences that the windows of an output row read, `part.pixels` of them together, as
  // values and the rows of their weights; zeros fill up the last four of each. All of a row before
  // its products: these have to wait for nothing but where each list ends.
  void collect(const Part& part, std::size_t row, const Differences& differences) {
    const auto [first_tap, last_tap] = tap_rows(row);
    const std::size_t count = last_tap - first_tap;
    for (std::size_t tap = 0; tap < count; ++tap) {
      const std::size_t tap_row = first_tap + tap;
      taps_[tap] = {differences.starts().data() + input_row(row, tap_row) * input_width(),
                    tap_row * part.columns * channels()};
    }
    const std::span<const TapRow> taps = std::span(taps_).first(count);
    const std::size_t found =
        count == 0 ? 0 : taps.back().starts[input_width()] - taps.front().starts[0];
    if (found * part.columns <= short_stretch * count * input_width()) {
      collect<block / 2>(part, taps, differences);
    } else {
      collect<block>(part, taps, differences);
    }
  }
  // The same, `Block` of them copied at a time, the second time to the surprise of the processor:
  // as many as a row of a window is likely to have, and no more, for it waits for its stores.
  template <std::size_t Block>
  void collect(const Part& part, std::span<const TapRow> taps, const Differences& differences) {
    // locals, or stores might change them
    const std::uint16_t* const places = differences.places().data();
    const std::int8_t* const values = differences.values().data();
    const std::size_t width = input_width();
    const std::size_t channels = this->channels();
    const std::size_t columns = part.columns;
    const std::size_t step = part.pixels * geometry().stride.columns;
    std::size_t column = -geometry().pad_left;  // what lies before the picture wraps round
    std::size_t count = 0;
    for (std::uint32_t& list_end : std::span(ends_).first(output_width() / part.pixels)) {
      if (rows_.size() < count + room_) {
        rows_.resize(2 * (count + room_));
        values_.resize(rows_.size());
      }
      std::uint16_t* const list_rows = rows_.data();
      std::int8_t* const list_values = values_.data();
      const bool is_before = static_cast<std::ptrdiff_t>(column) < 0;
      const bool ends_before = static_cast<std::ptrdiff_t>(column + columns) < 0;
      const std::size_t begin = is_before ? 0 : std::min(column, width);
      const std::size_t end = ends_before ? 0 : std::min(column + columns, width);
      for (const TapRow& tap : taps) {
        const std::size_t last = tap.starts[end];
        // of the first tap, were that at the start of the row; modulo 2^16, as places are
        const __m512i base =
            _mm512_set1_epi16(static_cast<short>(tap.first_row - column * channels));
        std::size_t i = tap.starts[begin];
        do {  // of none, too, which nobody foresees either
          std::uint16_t* const rows = list_rows + count;
          for (std::size_t half = 0; half < Block; half += 32) {
            const __m512i here = _mm512_loadu_si512(places + i + half);
            _mm512_storeu_si512(rows + half, _mm512_add_epi16(here, base));
          }
          std::memcpy(list_values + count, values + i, Block);
          count += std::min(last - i, Block);
          i += Block;
        } while (i < last);
      }
      // over what was copied beyond the last one
      std::memset(list_rows + count, 0, 4 * sizeof(std::uint16_t));
      std::memset(list_values + count, 0, 4);
      count = (count + 3) / 4 * 4;
      list_end = static_cast<std::uint32_t>(count);
      column += step;
    }
  }

  template <std::size_t Vectors, std::size_t Pixels, class Take>
  void add_outputs(const Part& part, std::size_t row, const Differences& differences,
                   const Sum* from, const Take& taker) {
    collect(part, row, differences);
    // locals, or sums stored might change them
    const std::size_t stride = this->stride();
    const std::size_t first_output = part.first_output;
    const std::uint8_t* const weights = weights_.data() + part.first_weight;
    const std::uint16_t* const rows = rows_.data();
    const std::int8_t* const values = values_.data();
    const std::uint32_t* list_end = ends_.data();
    const std::size_t pixels = output_width();
    std::size_t i = 0;
    constexpr std::size_t vectors = Vectors * Pixels;
    static_assert(vectors == 1 || vectors == 2 || vectors == sums_at_once);
    const auto take = taker.template columns<Vectors>(first_output);
    for (std::size_t x = 0; x < pixels; x += Pixels) {
      // sum n is that of pixel x + n / Vectors
      const auto start = [&](std::size_t n) {
        using Stored = detail::Lanes<Sum, lanes>::type;
        const std::size_t at = (x + n / Vectors) * stride + first_output + n % Vectors * lanes;
        return n < vectors ? Vector{*reinterpret_cast<const Stored*>(from + at)} : Vector{};
      };
      Vector sum0 = start(0);  // by name, or they would lie in memory
      Vector sum1 = start(1);
      Vector sum2 = start(2);
      Vector sum3 = start(3);
      Vector excess{};
      for (const std::size_t last = *list_end++; i < last; i += 4) {
        const auto row_of = [&](std::size_t n) { return weights + rows[n] * row_bytes; };
        std::uint32_t four;
        std::memcpy(&four, values + i, sizeof(four));
        add_four(sum0, sum1, sum2, sum3, excess, four,
                 {row_of(i), row_of(i + 1), row_of(i + 2), row_of(i + 3)});
      }
      const auto store = [&](std::size_t n, const Vector& sum) __attribute__((always_inline)) {
        if (n < vectors) {
          take(x + n / Vectors, n % Vectors, sum - excess);
        }
      };
      store(0, sum0);
      store(1, sum1);
      store(2, sum2);
      store(3, sum3);
    }
  }

  std::vector<Part> parts_;
  AlignedVector<std::uint8_t> weights_;
  // what `collect` has found
  std::size_t room_ = 0;  // that a list may take
  std::vector<TapRow> taps_;
  AlignedVector<std::uint16_t> rows_;
  AlignedVector<std::int8_t> values_;
  std::vector<std::uint32_t> ends_;
};
#else
inline constexpr bool has_byte_product = false;
#endif

}  // namespace upset

#undef UPSET_HAS_BYTE_PRODUCT
