// SPDX-License-Identifier: BSL-1.0
/// A kernel of signs as the bit products read it, and what turns their counts into real values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <upset/kernel/bit_pictures.hpp>
#include <upset/kernel/weight_operand.hpp>

namespace upset {

/// Planes of weights times planes of activations up to which products of signs are faster than
/// those of floats: a quarter of nine times.
inline constexpr std::size_t most_bit_planes = 4;

/// True where both formats are sums of signs, and few enough.
template <Format W, Format A>
inline constexpr bool is_bit_product =
    0 < sign_planes<W>* sign_planes<A>&& sign_planes<W>* sign_planes<A> <= most_bit_planes;

/// Weights in `W` to be multiplied with activations in `A` plane by plane, packed once and patched
/// after a fault.
///
/// Of n products of signs, those of the d pairs that differ are -1: their sum is n - 2 d.
template <Format W, Format A>
class BitOperand {
 public:
  static_assert(is_bit_product<W, A>);

  BitOperand() = default;
  /// For a kernel of `outputs` rows in `groups`, each of `taps` times `channels` weights.
  BitOperand(std::size_t groups, std::size_t outputs, std::size_t taps, std::size_t channels)
      : outputs_(outputs / groups),
        taps_(taps),
        channels_(channels),
        tap_words_((channels + signs_per_word - 1) / signs_per_word),
        matrices_(groups * planes) {
    for (PackedMatrix<std::uint32_t>& matrix : matrices_) {
      matrix.resize(outputs_, 1, taps * tap_words_);
    }
    columns_ = matrices_[0].panels() * matrices_[0].width();
    steps_.resize(groups * pairs * columns_);
    biases_.resize(groups * columns_);
  }

  /// Reads every weight. O(size)
  void build(const Memory<W>& kernel) {
    kernel.read([&](std::size_t element, typename W::code_type code, const typename W::Scale&) {
      set(element, code);
    });
  }

  /// Reads the words of `kernel` again that flips have touched. O(flips), or O(size) where that is
  /// less
  void patch(const Memory<W>& kernel) {
    if (kernel.is_sooner_read_whole()) {
      build(kernel);
      return;
    }
    for (const std::uint64_t word : kernel.touched_words()) {
      kernel.read(word, word + 1,
                  [&](std::size_t element, typename W::code_type code, const typename W::Scale&) {
                    set(element, code);
                  });
    }
  }

  /// Everything counts are scaled with and added to. O(outputs)
  void set_scales(const Memory<W>& kernel, const typename A::Scale& input,
                  std::span<const float> bias) {
    const std::size_t depth = taps_ * channels_;
    for (std::size_t output = 0; output < bias.size(); ++output) {
      const std::size_t group = output / outputs_;
      const std::size_t column = output % outputs_;
      const typename W::Scale& scale = kernel.scale_of(output * depth);
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        // factors have five significant bits
        steps_[(group * pairs + pair) * columns_ + column] =
            scale.gamma(static_cast<int>(pair / activation_planes)) *
            input.gamma(static_cast<int>(pair % activation_planes));
      }
      biases_[group * columns_ + column] = bias[output];
    }
  }

  /// y[m * stride + o] for the outputs of one group, o counted from the first of them, and the
  /// windows m of the first `pictures` of x.
  ///
  /// - rounding: sums of signs are exact integers below 2^24; scaled, they are added to the bias in
  ///             float one by one, planes of activations within planes of weights, fused where the
  ///             target can
  /// - cost:     a count of differences for each pair of planes, see `count_differences`
  void multiply(std::size_t group, const BitPictures<A>& x, std::size_t pictures, float* y,
                std::size_t stride) const {
    if (matrices_[0].width() == panel_columns) {
      multiply_tiles<panel_columns>(group, x, pictures, y, stride);
    } else {
      multiply_tiles<panel_columns / 2>(group, x, pictures, y, stride);
    }
  }
  /// y[m * outputs + o] for all outputs.
  void multiply(const BitPictures<A>& x, std::size_t pictures, float* y) const {
    const std::size_t groups = matrices_.size() / planes;
    for (std::size_t group = 0; group < groups; ++group) {
      multiply(group, x, pictures, y + group * outputs_, groups * outputs_);
    }
  }

 private:
  static constexpr std::size_t planes = sign_planes<W>;
  static constexpr std::size_t activation_planes = sign_planes<A>;
  static constexpr std::size_t pairs = planes * activation_planes;
  static constexpr std::size_t tile_rows = detail::bit_tile_rows;

  void set(std::size_t element, typename W::code_type code) {
    const std::size_t depth = taps_ * channels_;
    const std::size_t output = element / depth;
    const std::size_t channel = element % channels_;
    const std::size_t word = element % depth / channels_ * tap_words_ + channel / signs_per_word;
    const std::uint32_t bit = 1U << channel % signs_per_word;
    for (std::size_t plane = 0; plane < planes; ++plane) {
      std::uint32_t& signs =
          matrices_[output / outputs_ * planes + plane].at(output % outputs_, word);
      const bool is_positive = (code >> (planes - 1 - plane) & 1U) != 0;
      signs = is_positive ? signs | bit : signs & ~bit;
    }
  }

  /// What the rows of a tile read, and how many products each has.
  struct TileRows {
    std::array<std::size_t, tile_rows> bases{};
    std::array<std::size_t, tile_rows> mask_bases{};
    std::array<std::int32_t, tile_rows> products{};
    std::size_t count = 0;
    bool reads_padding = false;
  };

  template <std::size_t Columns>
  void multiply_tiles(std::size_t group, const BitPictures<A>& x, std::size_t pictures, float* y,
                      std::size_t stride) const {
    const AlignedVector<std::size_t> offsets = x.offsets(group);
    const std::size_t windows = x.windows();
    const std::size_t* const bases = x.bases().data();
    const std::span<const std::uint32_t> real_taps = x.real_taps();
    TileRows rows;
    rows.products.fill(static_cast<std::int32_t>(taps_ * channels_));
    std::size_t window = 0;  // of its picture
    for (std::size_t first = 0; first < pictures * windows; first += tile_rows) {
      rows.count = std::min(tile_rows, pictures * windows - first);
      rows.reads_padding = false;
      for (std::size_t r = 0; r < tile_rows; ++r) {
        rows.bases[r] = bases[first + std::min(r, rows.count - 1)];
        if (!real_taps.empty()) {
          rows.products[r] = static_cast<std::int32_t>(real_taps[window] * channels_);
          rows.mask_bases[r] = bases[window];
          rows.reads_padding = rows.reads_padding || real_taps[window] != taps_;
          window = window + 1 == windows ? 0 : window + 1;
        }
      }
      for (std::size_t panel = 0; panel < matrices_[0].panels(); ++panel) {
        multiply_tile<Columns>(group, panel, x, rows, offsets, y + first * stride + panel * Columns,
                               stride);
      }
    }
  }

  template <std::size_t Columns>
  void multiply_tile(std::size_t group, std::size_t panel, const BitPictures<A>& x,
                     const TileRows& rows, std::span<const std::size_t> offsets, float* y,
                     std::size_t stride) const {
    constexpr std::size_t lanes = std::min(detail::vector_bytes / sizeof(float), Columns);
    using Floats = typename detail::Lanes<float, lanes>::type;
    using Integers = typename detail::Lanes<std::int32_t, lanes>::type;
    const std::size_t column = panel * Columns;
    const std::size_t columns = std::min(Columns, outputs_ - column);
    alignas(detail::vector_bytes) detail::BitTile<Columns> counts;
    alignas(detail::vector_bytes) std::array<std::array<float, Columns>, tile_rows> values;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const std::uint32_t* const weights =
          matrices_[group * planes + pair / activation_planes].panel(panel);
      const std::uint32_t* const signs = x.plane(pair % activation_planes);
      if (rows.reads_padding) {
        count_differences<true, Columns>({signs, rows.bases.data()},
                                         {x.mask().data(), rows.mask_bases.data()}, offsets,
                                         weights, counts);
      } else {
        count_differences<false, Columns>({signs, rows.bases.data()}, {}, offsets, weights, counts);
      }
      const float* const steps = steps_.data() + (group * pairs + pair) * columns_ + column;
      const float* const biases = biases_.data() + group * columns_ + column;
      for (std::size_t part = 0; part < columns; part += lanes) {
        const Floats step = *reinterpret_cast<const Floats*>(steps + part);
        const Floats bias = *reinterpret_cast<const Floats*>(biases + part);
        for (std::size_t r = 0; r < rows.count; ++r) {
          const Integers differing = *reinterpret_cast<const Integers*>(counts[r].data() + part);
          const Floats sum = __builtin_convertvector(rows.products[r] - 2 * differing, Floats);
          Floats& so_far = *reinterpret_cast<Floats*>(values[r].data() + part);
          const Floats value = sum * step + (pair == 0 ? bias : so_far);
          if (pair + 1 == pairs) {
            detail::store_first(y + r * stride + part, value, columns - part);
          } else {
            so_far = value;
          }
        }
      }
    }
  }

  std::size_t outputs_ = 0;  // of a group
  std::size_t columns_ = 0;  // of a group: outputs in whole panels
  std::size_t taps_ = 0;
  std::size_t channels_ = 0;                           // of a group
  std::size_t tap_words_ = 0;                          // of a group
  std::vector<PackedMatrix<std::uint32_t>> matrices_;  // per group and plane
  std::vector<float> steps_;                           // per group, pair of planes and column
  std::vector<float> biases_;                          // per group and column
};

}  // namespace upset
