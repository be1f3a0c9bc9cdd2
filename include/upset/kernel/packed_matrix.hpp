// SPDX-License-Identifier: BSL-1.0
/// Weights in the order the inner loop reads them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <upset/kernel/op.hpp>

namespace upset {

/// Output columns that are computed together, unless there are at most half as many in all.
inline constexpr std::size_t panel_columns = 16;

/// A [N, K] matrix stored for the inner loop: panels of 16 rows (one of 8 for N up to 8), K outer,
/// the 32-bit words of one k side by side. K consists of equal segments; each begins a word. Rows
/// beyond N and values beyond a segment are zero.
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
    stride_ = (length + group - 1) / group * group;
    width_ = rows <= panel_columns / 2 ? panel_columns / 2 : panel_columns;
    values_.assign(panels() * panel_size(), T{0});
  }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t depth() const { return segments_ * length_; }
  /// Rows in a panel.
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t panels() const { return (rows_ + width_ - 1) / width_; }
  [[nodiscard]] std::size_t panel_size() const { return segments_ * stride_ * width_; }
  [[nodiscard]] T& at(std::size_t row, std::size_t k) { return values_[index(row, k)]; }
  [[nodiscard]] T at(std::size_t row, std::size_t k) const { return values_[index(row, k)]; }
  [[nodiscard]] const T* panel(std::size_t p) const { return values_.data() + p * panel_size(); }

  /// Calls `use(row, k, value)` for all values, to be read or set, row by row.
  template <class Use>
  void for_each(Use use) {
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t segment = 0, k = 0; segment < segments_; ++segment) {
        T* const start = values_.data() + word_index(row, segment * stride_);
        for (std::size_t i = 0; i < length_; ++i, ++k) {
          use(row, k, start[i / group * group * width_ + i % group]);
        }
      }
    }
  }

 private:
  /// Where the word of padded position `k` begins, `k` a multiple of `group`.
  [[nodiscard]] std::size_t word_index(std::size_t row, std::size_t k) const {
    return row / width_ * panel_size() + k * width_ + row % width_ * group;
  }
  [[nodiscard]] std::size_t index(std::size_t row, std::size_t k) const {
    const std::size_t padded = stride_ == length_ ? k : k / length_ * stride_ + k % length_;
    return word_index(row, padded / group * group) + padded % group;
  }

  std::size_t rows_ = 0;
  std::size_t segments_ = 0;
  std::size_t length_ = 0;
  std::size_t stride_ = 0;  // from one segment to the next
  std::size_t width_ = panel_columns;
  std::vector<T> values_;
};

}  // namespace upset
