// SPDX-License-Identifier: BSL-1.0
/// Extents of a tensor, and the letters every shape comment uses.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>

#include <upset/core/error.hpp>

namespace upset {

/// Extents, outermost first, at most `max_rank` of them.
///
/// Letters in shape comments: B batch, H height, W width, C channels, I in, O out, T taps of a
/// kernel. Activations are [B, H, W, C], kernels [O, H, W, I]; a network's shapes omit B.
class Shape {
 public:
  static constexpr std::size_t max_rank = 6;

  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<std::size_t> extents) {
    for (const std::size_t extent : extents) {
      push_back(extent);
    }
  }

  [[nodiscard]] constexpr std::size_t rank() const { return rank_; }
  [[nodiscard]] constexpr std::size_t operator[](std::size_t axis) const { return extents_[axis]; }

  /// Number of elements; 1 for rank 0.
  [[nodiscard]] constexpr std::size_t size() const {
    std::size_t product = 1;
    for (std::size_t axis = 0; axis < rank_; ++axis) {
      product *= extents_[axis];
    }
    return product;
  }

  constexpr void push_back(std::size_t extent) {
    if (rank_ == max_rank) {
      throw Error("A shape has at most 6 extents");
    }
    extents_[rank_++] = extent;
  }

  /// [B, this...]
  [[nodiscard]] constexpr Shape with_batch(std::size_t batch) const {
    Shape result{batch};
    for (std::size_t axis = 0; axis < rank_; ++axis) {
      result.push_back(extents_[axis]);
    }
    return result;
  }

  /// This without its first extent.
  [[nodiscard]] constexpr Shape without_batch() const {
    Shape result;
    for (std::size_t axis = 1; axis < rank_; ++axis) {
      result.push_back(extents_[axis]);
    }
    return result;
  }

  [[nodiscard]] friend constexpr bool operator==(const Shape&, const Shape&) = default;

 private:
  std::array<std::size_t, max_rank> extents_{};
  std::size_t rank_ = 0;
};

/// "[28, 28, 1]"
[[nodiscard]] inline std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    text += (axis == 0 ? "" : ", ") + std::to_string(shape[axis]);
  }
  return text + "]";
}

}  // namespace upset
