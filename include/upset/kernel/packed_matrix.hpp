// SPDX-License-Identifier: BSL-1.0
/// Weights in the order the inner loop reads them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace upset {

/// Output columns that are computed together, unless there are at most half as many in all.
inline constexpr std::size_t panel_columns = 16;

/// A [N, K] matrix stored for the inner loop: panels of 16 rows (one of 8 for N up to 8), K outer,
/// the values of one k side by side. Rows beyond N are zero.
template <class T>
class PackedMatrix {
 public:
  PackedMatrix() = default;
  PackedMatrix(std::size_t rows, std::size_t depth) { resize(rows, depth); }

  void resize(std::size_t rows, std::size_t depth) {
    rows_ = rows;
    depth_ = depth;
    width_ = rows <= panel_columns / 2 ? panel_columns / 2 : panel_columns;
    values_.assign(panels() * depth * width_, T{0});
  }

  /// `resize` where the size differs, else nothing: the values stay.
  void reshape(std::size_t rows, std::size_t depth) {
    if (rows != rows_ || depth != depth_) {
      resize(rows, depth);
    }
  }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t depth() const { return depth_; }
  /// Rows in a panel.
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t panels() const { return (rows_ + width_ - 1) / width_; }
  [[nodiscard]] T& at(std::size_t row, std::size_t k) { return values_[index(row, k)]; }
  [[nodiscard]] T at(std::size_t row, std::size_t k) const { return values_[index(row, k)]; }
  /// Sets w[n][k] for all N rows at once.
  void set_column(std::size_t k, std::span<const T> values) {
    T* to = values_.data() + k * width_;
    const T* from = values.data();
    for (std::size_t left = rows_; left > 0;) {
      const std::size_t here = std::min(width_, left);
      if (here == panel_columns) {  // a known length becomes a few vector moves
        std::copy_n(from, panel_columns, to);
      } else {
        std::copy_n(from, here, to);
      }
      left -= here;
      from += here;
      to += depth_ * width_;
    }
  }
  [[nodiscard]] const T* panel(std::size_t p) const { return values_.data() + p * depth_ * width_; }

 private:
  [[nodiscard]] std::size_t index(std::size_t row, std::size_t k) const {
    return width_ == panel_columns
               ? (row / panel_columns * depth_ + k) * panel_columns + row % panel_columns
               : k * width_ + row;
  }

  std::size_t rows_ = 0;
  std::size_t depth_ = 0;
  std::size_t width_ = panel_columns;
  std::vector<T> values_;
};

}  // namespace upset
