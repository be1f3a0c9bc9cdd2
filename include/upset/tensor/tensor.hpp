// SPDX-License-Identifier: BSL-1.0
/// Real values between layers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <upset/tensor/shape.hpp>

namespace upset {

/// Floats of any rank, contiguous, last extent fastest (NHWC for images, OHWI for kernels).
class Tensor {
 public:
  Tensor() : shape_{0} {}
  explicit Tensor(const Shape& shape, float value = 0.0F)
      : shape_(shape), values_(shape.size(), value) {}
  Tensor(const Shape& shape, std::vector<float> values)
      : shape_(shape), values_(std::move(values)) {
    if (values_.size() != shape_.size()) {
      throw Error("A tensor of shape " + to_string(shape_) + " needs " +
                  std::to_string(shape_.size()) + " values, not " + std::to_string(values_.size()));
    }
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

  /// Everything below index `b` of the first extent.
  [[nodiscard]] std::span<float> row(std::size_t b) {
    const std::size_t length = values_.size() / shape_[0];
    return std::span(values_).subspan(b * length, length);
  }
  [[nodiscard]] std::span<const float> row(std::size_t b) const {
    const std::size_t length = values_.size() / shape_[0];
    return std::span(values_).subspan(b * length, length);
  }

  [[nodiscard]] Tensor reshaped(const Shape& shape) const& { return Tensor(shape, values_); }
  [[nodiscard]] Tensor reshaped(const Shape& shape) && { return Tensor(shape, std::move(values_)); }

  void fill(float value) { std::ranges::fill(values_, value); }

  [[nodiscard]] friend bool operator==(const Tensor&, const Tensor&) = default;

 private:
  Shape shape_;
  std::vector<float> values_;
};

}  // namespace upset
