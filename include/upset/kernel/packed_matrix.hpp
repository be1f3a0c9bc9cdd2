// SPDX-License-Identifier: BSL-1.0
/// Weights in the order the inner loop reads them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace upset {

/// Output columns that are computed together; packed weights are padded to a multiple of it.
inline constexpr std::size_t panel_columns = 16;

/// A [N, K] matrix stored for the inner loop: panels of 16 rows, K outer, the 16 values of one k
/// side by side. Rows beyond N are zero.
template <class T>
class PackedMatrix {
 public:
  PackedMatrix() = default;
  PackedMatrix(std::size_t rows, std::size_t depth) { resize(rows, depth); }

  void resize(std::size_t rows, std::size_t depth) {
    rows_ = rows;
    depth_ = depth;
    values_.assign(panels() * depth * panel_columns, T{0});
  }

  /// `resize` where the size differs, else nothing: the values stay.
  void reshape(std::size_t rows, std::size_t depth) {
    if (rows != rows_ || depth != depth_) {
      resize(rows, depth);
    }
  }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t depth() const { return depth_; }
  [[nodiscard]] std::size_t panels() const { return (rows_ + panel_columns - 1) / panel_columns; }
  [[nodiscard]] T& at(std::size_t row, std::size_t k) { return values_[index(row, k)]; }
  [[nodiscard]] T at(std::size_t row, std::size_t k) const { return values_[index(row, k)]; }
  /// Sets w[n][k] for all N rows at once.
  void set_column(std::size_t k, std::span<const T> values) {
    T* to = values_.data() + k * panel_columns;
    const T* from = values.data();
    for (std::size_t left = rows_; left > 0;) {
      const std::size_t here = std::min(panel_columns, left);
      if (here == panel_columns) {  // a known length becomes a few vector moves
        std::copy_n(from, panel_columns, to);
      } else {
        std::copy_n(from, here, to);
      }
      left -= here;
      from += here;
      to += depth_ * panel_columns;
    }
  }
  [[nodiscard]] const T* panel(std::size_t p) const {
    return values_.data() + p * depth_ * panel_columns;
  }

 private:
  [[nodiscard]] std::size_t index(std::size_t row, std::size_t k) const {
    return (row / panel_columns * depth_ + k) * panel_columns + row % panel_columns;
  }

  std::size_t rows_ = 0;
  std::size_t depth_ = 0;
  std::vector<T> values_;
};

}  // namespace upset
