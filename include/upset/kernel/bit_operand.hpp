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
#include <upset/kernel/sum_writer.hpp>
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
/// Of n products of signs, those of the d pairs that differ are -1: their sum is n - 2 d. Padding
/// differs from the ones of its weights, which are counted when they are packed.
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
    tap_ones_.resize(groups * planes * taps * columns_);
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

  /// `to.y[m * to.stride + o]` for the outputs of one group, o counted from the first of them, and
  /// the windows m of the first `pictures` of x.
  ///
  /// - rounding: sums of signs are exact integers below 2^24; scaled, they are added to the bias in
  ///             float one by one, planes of activations within planes of weights, fused where the
  ///             target can
  /// - cost:     a count of differences for each pair of planes, see `count_differences`
  void multiply(std::size_t group, const BitPictures<A>& x, std::size_t pictures,
                const SumTarget& to) const {
    return matrices_[0].width() == panel_columns
               ? multiply_tiles<panel_columns>(group, x, pictures, to)
               : multiply_tiles<panel_columns / 2>(group, x, pictures, to);
  }
  /// y[m * outputs + o] for all outputs; what is below `least` becomes it.
  void multiply(const BitPictures<A>& x, std::size_t pictures, float* y,
                float least = no_least) const {
    const std::size_t groups = matrices_.size() / planes;
    for (std::size_t group = 0; group < groups; ++group) {
      multiply(group, x, pictures, {y + group * outputs_, groups * outputs_, nullptr, least});
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
    const std::size_t tap = element % depth / channels_;
    const std::size_t bit = channel % signs_per_word;
    for (std::size_t plane = 0; plane < planes; ++plane) {
      const std::size_t matrix = output / outputs_ * planes + plane;
      std::uint32_t& signs =
          matrices_[matrix].at(output % outputs_, tap * tap_words_ + channel / signs_per_word);
      const std::uint32_t before = signs >> bit & 1U;
      const std::uint32_t now = code >> (planes - 1 - plane) & 1U;
      signs ^= (before ^ now) << bit;
      tap_ones_[(matrix * taps_ + tap) * columns_ + output % outputs_] +=
          static_cast<std::int32_t>(now) - static_cast<std::int32_t>(before);
    }
  }

  /// For each pattern of kernel rows and columns that lie on the picture, plane and column: the sum
  /// of a window that differs nowhere. Padding is zero, and differs from the ones of its weights.
  [[nodiscard]] AlignedVector<float> largest_sums(std::size_t group,
                                                  const BitPictures<A>& x) const {
    const RealLines& rows = x.real_rows();
    const RealLines& columns = x.real_columns();
    AlignedVector<float> sums;
    sums.reserve(rows.count() * columns.count() * planes * columns_);
    for (std::size_t pattern = 0; pattern < rows.count() * columns.count(); ++pattern) {
      for (std::size_t plane = 0; plane < planes; ++plane) {
        const std::size_t first = sums.size();
        sums.resize(first + columns_, 0.0F);
        const std::int32_t* ones = tap_ones_.data() + (group * planes + plane) * taps_ * columns_;
        for (std::size_t tap = 0; tap < taps_; ++tap, ones += columns_) {
          const bool is_real = rows.is_real(pattern / columns.count(), tap / columns.taps) &&
                               columns.is_real(pattern % columns.count(), tap % columns.taps);
          for (std::size_t n = 0; n < columns_; ++n) {
            sums[first + n] +=
                static_cast<float>(is_real ? static_cast<std::int32_t>(channels_) : 2 * ones[n]);
          }
        }
      }
    }
    return sums;
  }

  /// Windows whose words stay in the innermost cache from one panel to the next.
  struct Block {
    static constexpr std::size_t most_windows = 256;
    std::span<const std::size_t> bases;
    std::array<const float*, most_windows> sums;  // the largest
    SumTarget to;
  };

  template <std::size_t Columns>
  void multiply_tiles(std::size_t group, const BitPictures<A>& x, std::size_t pictures,
                      const SumTarget& to) const {
    const AlignedVector<std::size_t> offsets = x.offsets(group);
    const AlignedVector<float> sums = largest_sums(group, x);
    const std::span<const std::size_t> bases = x.bases().first(pictures * x.windows());
    const RealLines& rows = x.real_rows();
    const RealLines& columns = x.real_columns();
    const bool has_padding = sums.size() > planes * columns_;
    Block block;
    block.sums.fill(sums.data());
    block.to = to;
    std::size_t down = 0;
    std::size_t across = 0;
    constexpr std::size_t cached_words = 4096;  // half of that cache
    const std::size_t windows = std::clamp(cached_words / offsets.size() / tile_rows * tile_rows,
                                           8 * tile_rows, Block::most_windows);
    for (std::size_t first = 0; first < bases.size(); first += windows) {
      block.bases = bases.subspan(first, std::min(windows, bases.size() - first));
      block.to.y = to.row(first);
      for (std::size_t m = 0; has_padding && m < block.bases.size(); ++m) {
        const std::size_t pattern =
            rows.pattern_of[down] * columns.count() + columns.pattern_of[across];
        block.sums[m] = sums.data() + pattern * planes * columns_;
        if (++across == columns.pattern_of.size()) {
          across = 0;
          down = down + 1 == rows.pattern_of.size() ? 0 : down + 1;
        }
      }
      for (std::size_t panel = 0; panel < matrices_[0].panels(); ++panel) {
        multiply_panel<Columns>(group, panel, x, offsets, block);
      }
    }
  }

  // Counts stay in registers until they are real values.
  template <std::size_t Columns>
  [[gnu::noinline]] void multiply_panel(std::size_t group, std::size_t panel,
                                        const BitPictures<A>& x,
                                        std::span<const std::size_t> offsets,
                                        const Block& block) const {
    constexpr std::size_t lanes = std::min(detail::vector_bytes / sizeof(float), Columns);
    using Float = typename detail::Register<float, lanes>::type;
    using Floats = typename detail::Lanes<float, lanes>::type;
    using Integer = typename detail::Register<std::int32_t, lanes>::type;
    const std::size_t end = std::min((panel + 1) * Columns, outputs_);
    const std::size_t stride = block.to.stride;
    const float least = block.to.least;
    std::array<std::size_t, tile_rows> last;
    for (std::size_t column = panel * Columns; column < end; column += lanes) {
      const float* const bias = biases_.data() + group * columns_ + column;
      const float* const steps = steps_.data() + group * pairs * columns_ + column;
      std::array<const std::uint32_t*, planes> weights;
      for (std::size_t plane = 0; plane < planes; ++plane) {
        weights[plane] = matrices_[group * planes + plane].panel(panel) + column % Columns;
      }
      const std::size_t left = outputs_ - column;
      float* to = block.to.y + column;
      for (std::size_t m = 0; m < block.bases.size(); m += tile_rows) {
        const std::size_t count = std::min(tile_rows, block.bases.size() - m);
        const std::size_t* bases = block.bases.data() + m;
        if (count < tile_rows) {
          for (std::size_t r = 0; r < tile_rows; ++r) {
            last[r] = bases[std::min(r, count - 1)];
          }
          bases = last.data();
        }
        Float values[tile_rows];
#pragma GCC unroll 8
        for (std::size_t r = 0; r < tile_rows; ++r) {
          values[r] = *reinterpret_cast<const Floats*>(bias);
        }
        // named, each count has a register; of a loop GCC keeps one in memory, a tenth of the time
#pragma GCC unroll 4
        for (std::size_t pair = 0; pair < pairs; ++pair) {
          const std::size_t plane = pair / activation_planes;
          const detail::Rows<std::uint32_t, tile_rows> rows{x.plane(pair % activation_planes),
                                                            bases};
          detail::OnesCounter<lanes> counters[tile_rows];
          count_differences(rows.addresses(), offsets, weights[plane], Columns, counters);
          const Float step = *reinterpret_cast<const Floats*>(steps + pair * columns_);
#pragma GCC unroll 8
          for (std::size_t r = 0; r < tile_rows; ++r) {
            const Float largest =
                *reinterpret_cast<const Floats*>(block.sums[m + r] + plane * columns_ + column);
            const auto differing = reinterpret_cast<Integer>(counters[r].total());
            values[r] += (largest - 2 * __builtin_convertvector(differing, Float)) * step;
          }
        }
        if (least != no_least) {  // maxima of nothing take up to 5 %
#pragma GCC unroll 8
          for (std::size_t r = 0; r < tile_rows; ++r) {
            values[r] = detail::at_least(values[r], least);
          }
        }
        if (count == tile_rows && left >= lanes) [[likely]] {
#pragma GCC unroll 8
          for (std::size_t r = 0; r < tile_rows; ++r) {
            *reinterpret_cast<Floats*>(to) = values[r];
            to += stride;
          }
        } else {
          // a row found by its number would put all of them in memory, for whole tiles as well
#pragma GCC unroll 8
          for (std::size_t r = 0; r < tile_rows; ++r) {
            if (r < count) {
              detail::store_first(to + r * stride, values[r], left);
            }
          }
          to += tile_rows * stride;
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
  std::vector<std::int32_t> tap_ones_;                 // per group, plane, tap and column
  std::vector<float> steps_;                           // per group, pair of planes and column
  std::vector<float> biases_;                          // per group and column
};

}  // namespace upset
