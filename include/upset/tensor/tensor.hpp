// SPDX-License-Identifier: BSL-1.0
/// Real values between layers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/tensor/shape.hpp>

namespace upset {

/// Floats of any rank, contiguous, last extent fastest (NHWC for images, OHWI for kernels).
class Tensor {
 public:
  Tensor() : shape_{0} {}
  explicit Tensor(const Shape& shape, float value = 0.0F)
      : shape_(shape), values_(shape.size(), value) {}
  Tensor(const Shape& shape, const std::vector<float>& values)
      : shape_(shape), values_(values.begin(), values.end()) {
    check_size(shape, values.size());
  }
  /// To be written before it is read.
  [[nodiscard]] static Tensor uninitialized(const Shape& shape) {
    Tensor tensor;
    tensor.shape_ = shape;
    tensor.values_.resize(shape.size());
    return tensor;
  }

  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] std::size_t batch() const { return shape_[0]; }
  [[nodiscard]] float* data() { return values_.data(); }
  [[nodiscard]] const float* data() const { return values_.data(); }
  [[nodiscard]] std::span<float> values() { return values_; }
  [[nodiscard]] std::span<const float> values() const { return values_; }
  [[nodiscard]] float& operator[](std::size_t index) { return values_[index]; }
  [[nodiscard]] float operator[](std::size_t index) const { return values_[index]; }

  /// Everything below index `b` of the first extent. Throws `Error` where there is no such index.
  [[nodiscard]] std::span<float> row(std::size_t b) {
    const std::size_t length = row_length(b, 1);
    return std::span(values_).subspan(b * length, length);
  }
  [[nodiscard]] std::span<const float> row(std::size_t b) const {
    const std::size_t length = row_length(b, 1);
    return std::span(values_).subspan(b * length, length);
  }

  /// A copy of `count` rows from `first` on. Throws `Error` where there are fewer.
  [[nodiscard]] Tensor rows(std::size_t first, std::size_t count) const {
    const std::size_t length = row_length(first, count);
    Tensor part = uninitialized(shape_.without_batch().with_batch(count));
    std::copy_n(data() + first * length, count * length, part.data());
    return part;
  }

  /// The same values under another shape. Throws `Error` where it holds another number of values.
  [[nodiscard]] Tensor reshaped(const Shape& shape) const& { return Tensor(*this).reshaped(shape); }
  [[nodiscard]] Tensor reshaped(const Shape& shape) && {
    check_size(shape, values_.size());
    shape_ = shape;
    return std::move(*this);
  }

  void fill(float value) { std::ranges::fill(values_, value); }

  [[nodiscard]] friend bool operator==(const Tensor&, const Tensor&) = default;

 private:
  /// Values of each of `count` rows from `first` on.
  [[nodiscard]] std::size_t row_length(std::size_t first, std::size_t count) const {
    if (first > batch() || count > batch() - first) {
      throw Error("A tensor of shape " + to_string(shape_) + " has no " + std::to_string(count) +
                  " rows from " + std::to_string(first) + " on");
    }
    return values_.size() / std::max<std::size_t>(1, batch());
  }
  static void check_size(const Shape& shape, std::size_t size) {
    if (shape.size() != size) {
      throw Error("A tensor of shape " + to_string(shape) + " needs " +
                  std::to_string(shape.size()) + " values, not " + std::to_string(size));
    }
  }

  Shape shape_;
  AlignedVector<float> values_;
};

}  // namespace upset
