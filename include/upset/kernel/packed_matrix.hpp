// SPDX-License-Identifier: BSL-1.0
/// Weights in the order the inner loop reads them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <type_traits>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/op.hpp>

namespace upset {

/// Output columns that are computed together, unless there are at most half as many in all.
inline constexpr std::size_t panel_columns = 16;

namespace detail {

/// Whether panels are folded, and those of how many columns. Words of signs are counted by another
/// inner loop, which reads weights once for every row anyway.
template <class T>
inline constexpr bool folds = sizeof(T) <= 4 && vector_bytes >= 32 &&
                              !std::is_same_v<T, std::uint32_t>;
inline constexpr std::size_t folded_columns = vector_bytes / 4;

}  // namespace detail

/// A [N, K] matrix stored for the inner loop: panels of 16 rows (one of 8 for N up to 8), K outer,
/// the 32-bit words of one k side by side. K consists of equal segments; each begins a word. Rows
/// beyond N and values beyond a segment are zero.
///
/// Where a vector holds as many sums as a panel has rows, panels are folded: two words along K lie
/// side by side, so that one read of two words of activations serves two vectors of weights for
/// each panel. Rows are then in the order in which the halves of two vectors of sums add up.
template <class T>
class PackedMatrix {
 public:
  static constexpr std::size_t group = values_per_word<T>;

  PackedMatrix() = default;
  PackedMatrix(std::size_t rows, std::size_t depth) { resize(rows, 1, depth); }

  void resize(std::size_t rows, std::size_t segments, std::size_t length) {
    rows_ = rows;
    segments_ = segments;
    length_ = length;
    width_ = rows <= panel_columns / 2 ? panel_columns / 2 : panel_columns;
    const bool is_folded = detail::folds<T> && width_ <= detail::folded_columns &&
                           (is_silenced_by_zero<T> || length % (2 * group) == 0);
    unit_ = is_folded ? 2 * group : group;
    stride_ = (length + unit_ - 1) / unit_ * unit_;
    values_.assign(panels() * panel_size(), T{0});
  }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t depth() const { return segments_ * length_; }
  /// Of a segment.
  [[nodiscard]] std::size_t length() const { return length_; }
  /// Rows in a panel.
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] bool is_folded() const { return unit_ > group; }
  [[nodiscard]] std::size_t panels() const { return (rows_ + width_ - 1) / width_; }
  [[nodiscard]] std::size_t panel_size() const { return segments_ * stride_ * width_; }
  [[nodiscard]] T& at(std::size_t row, std::size_t k) { return values_[index(row, k)]; }
  [[nodiscard]] T at(std::size_t row, std::size_t k) const { return values_[index(row, k)]; }
  [[nodiscard]] const T* panel(std::size_t p) const { return values_.data() + p * panel_size(); }

  /// A part of the weights of a segment, the same of each from `segment` on: `length` from `k` on,
  /// multiples of `part_unit` both unless they are all of it.
  static constexpr std::size_t part_unit = 2 * group;
  struct Part {
    std::size_t first_weight;  // in a row
    std::size_t weight_gap;    // from the end of one part to the next
  };
  [[nodiscard]] Part part(std::size_t segment, std::size_t k, std::size_t length) const {
    return {segment * stride_ + k, stride_ - (length + unit_ - 1) / unit_ * unit_};
  }

  /// Calls `use(row, k, value)` for all values, to be read or set, row by row.
  template <class Use>
  void for_each(Use use) {
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t segment = 0, k = 0; segment < segments_; ++segment) {
        T* const start = values_.data() + word_index(row, segment * stride_);
        for (std::size_t i = 0; i < length_; ++i, ++k) {
          use(row, k, start[i / unit_ * unit_ * width_ + i % unit_]);
        }
      }
    }
  }

  /// The largest sum of magnitudes in the pieces of a row that `multiply` adds up at once where
  /// `exact_depth` steps are exact. O(size)
  [[nodiscard]] std::int64_t largest_magnitude(std::size_t exact_depth) const {
    const std::size_t together = std::max<std::size_t>(exact_depth / length_, 1);
    const std::size_t piece = std::min(exact_depth, length_);
    std::int64_t largest = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < depth(); ++k) {
        const bool starts =
            k % length_ % piece == 0 && (piece < length_ || k % (together * length_) == 0);
        sum = (starts ? 0 : sum) + std::abs(std::int64_t{at(row, k)});
        largest = std::max(largest, sum);
      }
    }
    return largest;
  }

 private:
  /// Where the unit of padded position `k` begins, `k` a multiple of it.
  [[nodiscard]] std::size_t word_index(std::size_t row, std::size_t k) const {
    return row / width_ * panel_size() + k * width_ + place(row % width_) * unit_;
  }
  /// Of a row in its panel. Four rows that end up side by side come from two vectors, two each.
  [[nodiscard]] std::size_t place(std::size_t row) const {
    const bool two_vectors = is_folded() && 2 * width_ > detail::folded_columns;
    return two_vectors ? row / 2 % 2 * (width_ / 2) + row / 4 * 2 + row % 2 : row;
  }
  [[nodiscard]] std::size_t index(std::size_t row, std::size_t k) const {
    const std::size_t padded = stride_ == length_ ? k : k / length_ * stride_ + k % length_;
    return word_index(row, padded / unit_ * unit_) + padded % unit_;
  }

  std::size_t rows_ = 0;
  std::size_t segments_ = 0;
  std::size_t length_ = 0;
  std::size_t stride_ = 0;  // from one segment to the next
  std::size_t width_ = panel_columns;
  std::size_t unit_ = group;  // values of a row side by side: one word, two where folded
  AlignedVector<T> values_;
};

}  // namespace upset
