// SPDX-License-Identifier: BSL-1.0
/// What turns the sums of a product into real values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <upset/kernel/gemm.hpp>
#include <upset/kernel/op.hpp>
#include <upset/kernel/sum_writer.hpp>

namespace upset {

/// A step, a bias and a correction for each column of a product with activations of type `X`. Sums
/// of levels (`is_level`) are multiplied by the step; those of bytes (`in_bytes`) are off by what
/// was added to activations and weights to make them bytes.
template <class X, bool in_bytes, bool is_level>
class SumScales {
 public:
  SumScales() = default;
  /// Columns from 0 to `columns` - 1, of which whole panels are read from any one on.
  explicit SumScales(std::size_t columns) {
    columns += panel_columns - 1;
    steps_.resize(columns);
    biases_.resize(columns);
    if constexpr (in_bytes) {
      offsets_.resize(columns);
      short_offsets_.resize(columns);
      zero_points_.resize(columns);
    }
  }

  void set(std::size_t column, float step, float bias) {
    steps_[column] = step;
    biases_[column] = bias;
  }
  /// Of bytes: a sum is too large by `offset`, and by `zero_point` times the sum of its
  /// activations.
  void set_correction(std::size_t column, std::int64_t offset, std::int64_t zero_point) {
    offsets_[column] = offset;
    short_offsets_[column] = static_cast<std::uint32_t>(offset);  // modulo 2^32
    with_zero_points_ += (zero_point != 0) - (zero_points_[column] != 0);
    zero_points_[column] = static_cast<std::int32_t>(zero_point);
  }
  [[nodiscard]] bool has_zero_points() const { return with_zero_points_ != 0; }
  /// Whether 32-bit sums over `depth` still fit 32 bits when zero points are taken off.
  [[nodiscard]] bool keeps_short(std::size_t depth) const {
    return !has_zero_points() || depth <= short_depth;
  }
  [[nodiscard]] std::int32_t zero_point(std::size_t column) const { return zero_points_[column]; }
  /// Of a panel of columns from `first` on.
  [[nodiscard]] const std::int32_t* zero_points(std::size_t first) const {
    return zero_points_.data() + first;
  }

  /// What `upset::multiply` hands its sums to: real values of columns from `first_column` on.
  /// Weights whose zero points are taken off already are not corrected by them. Sums of some of the
  /// taps have `offsets` of their own, and must keep within 32 bits, see `keeps_short`.
  [[nodiscard]] auto writer(std::size_t first_column, const X* x, const std::size_t* bases,
                            const Segments& segments, const SumTarget& target,
                            bool zero_points_taken_off = false,
                            const std::uint32_t* offsets = nullptr) const {
    if (in_bytes && offsets == nullptr) {
      offsets = short_offsets_.data() + first_column;
    }
    const auto write = [=, this]<class T, std::size_t Columns>(
                           std::size_t m, std::span<const std::array<T, Columns>> rows,
                           std::size_t column, std::size_t count) {
      constexpr std::size_t lanes = std::min(detail::vector_bytes / sizeof(float), Columns);
      using Floats = typename detail::Lanes<float, lanes>::type;
      using Words = typename detail::Lanes<std::uint32_t, lanes>::type;
      using Integers = typename detail::Lanes<std::int32_t, lanes>::type;
      // Locals all: stores of vectors may alias whatever is read through a pointer.
      const std::array<T, Columns>* const row = rows.data();
      const std::size_t row_count = rows.size();
      const SumTarget to = target;
      const bool has_zeros = has_zero_points() && !zero_points_taken_off;
      const bool is_short =
          std::is_same_v<T, std::int32_t> && (!has_zeros || segments.depth() <= short_depth);
      std::array<std::int64_t, most_rows> row_sums{};  // of activations
      if constexpr (in_bytes) {
        for (std::size_t i = 0; has_zeros && i < row_count; ++i) {
          row_sums[i] = row_sum(x + bases[m + i], segments);
        }
      }
      for (std::size_t part = 0; part < std::min(count, Columns); part += lanes) {
        const std::size_t at = first_column + column + part;
        const std::size_t left = count - part;
        const Floats bias = *reinterpret_cast<const Floats*>(biases_.data() + at);
        const Floats step = *reinterpret_cast<const Floats*>(steps_.data() + at);
        Words offset{};
        Words zero{};
        if constexpr (in_bytes) {
          offset = *reinterpret_cast<const Words*>(offsets + column + part);
          zero = *reinterpret_cast<const Words*>(zero_points_.data() + at);
        }
        for (std::size_t i = 0; i < row_count; ++i) {
          const T* const sums = row[i].data() + part;
          Floats sum;
          if constexpr (!in_bytes) {
            sum = detail::as_floats<Floats>(sums);
          } else if (is_short) [[likely]] {
            Words level = *reinterpret_cast<const Words*>(sums) - offset;
            if (has_zeros) {
              level -= zero * static_cast<std::uint32_t>(row_sums[i]);
            }
            sum = __builtin_convertvector(reinterpret_cast<Integers>(level), Floats);
          } else {
            sum = corrected<Floats>(sums, at, has_zeros ? row_sums[i] : 0);
          }
          float* const y_row = to.row(m + i) + column + part;
          const Floats value = is_level ? sum * step + bias : sum + bias;
          detail::store_first(y_row, detail::at_least(value, to.least), left);
        }
      }
    };
    const detail::RegisterWriter<in_bytes, is_level> registers{
        target.y, nullptr,     steps_.data() + first_column, biases_.data() + first_column,
        offsets,  target.least};
    return detail::SumWriter{write, target, registers, !has_zero_points() || zero_points_taken_off};
  }

 private:
  /// Steps of K whose sum keeps within 32 bits when zero points are taken off.
  static constexpr std::size_t short_depth = 2147483647 / (255 * 255);
  static constexpr std::size_t most_rows = 12;  // of a tile

  /// Adds bytes from k on, as products with ones, as many as fill vectors; the first one left.
  template <std::size_t vector_bytes>
  [[nodiscard, gnu::always_inline]] static std::size_t add_bytes(const X* from, std::size_t k,
                                                                 std::size_t end,
                                                                 std::int32_t& sum) {
    using Sums = typename detail::Register<std::int32_t, vector_bytes / 4>::type;
    using Stored = typename detail::Lanes<X, vector_bytes>::type;
    const Sums ones = Sums{} + 0x01010101;
    Sums sums{};
    for (; k + vector_bytes <= end; k += vector_bytes) {
      const auto bytes = reinterpret_cast<Sums>(*reinterpret_cast<const Stored*>(from + k));
      Op<X, std::int8_t>::add(sums, bytes, ones);
    }
    for (std::size_t lane = 0; lane < vector_bytes / 4; ++lane) {
      sum += sums[lane];
    }
    return k;
  }

  [[nodiscard, gnu::noinline]] static std::int64_t row_sum(const X* row, const Segments& segments) {
    std::int64_t sum = 0;
    for (const std::size_t offset : segments.offsets) {
      const X* const from = row + offset;
      std::size_t k = 0;
      std::int32_t part = 0;
      if constexpr (in_bytes && detail::largest_byte_weight > 0) {
        k = add_bytes<detail::vector_bytes>(from, k, segments.length, part);
        k = add_bytes<16>(from, k, segments.length, part);
      }
      for (; k < segments.length; ++k) {
        part += from[k];
      }
      sum += part;
    }
    return sum;
  }

  /// Sums beyond 32 bits.
  template <class Floats, class T>
  [[nodiscard, gnu::noinline]] Floats corrected(const T* sums, std::size_t at,
                                                std::int64_t row_sum) const {
    Floats result{};
    for (std::size_t n = 0; n < sizeof(Floats) / sizeof(float); ++n) {
      result[n] = static_cast<float>(static_cast<std::int64_t>(sums[n]) - offsets_[at + n] -
                                     std::int64_t{zero_points_[at + n]} * row_sum);
    }
    return result;
  }

  std::vector<float> steps_;
  std::vector<float> biases_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::uint32_t> short_offsets_;
  std::vector<std::int32_t> zero_points_;  // of weights: those of files, or made by faults
  int with_zero_points_ = 0;               // columns that have one
};

}  // namespace upset
