// SPDX-License-Identifier: BSL-1.0
/// Layers whose output values are input values in other places: borders, parts, permuted axes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <upset/nn/rearrangement.hpp>

namespace upset {

/// What lies outside a picture: one value, the nearest pixel, or the picture mirrored at its
/// outermost pixels, which are not repeated.
enum class Border : std::uint8_t { constant, edge, reflect };

/// A picture with borders: `before` and `after` values more along each axis.
///
/// - shape: x [B, n_0, n_1, ...] -> y [B, before_0 + n_0 + after_0, ...]
class Pad : public detail::Rearrangement<Pad> {
 public:
  /// One number for each axis of a picture. Throws `Error` unless `before` has as many as `after`.
  Pad(std::vector<std::size_t> before, std::vector<std::size_t> after, float value = 0,
      Border border = Border::constant)
      : before_(std::move(before)), after_(std::move(after)), border_(border) {
    fill = value;
    if (before_.size() != after_.size()) {
      throw Error("Pad takes one number before and one after each axis, not " +
                  std::to_string(before_.size()) + " and " + std::to_string(after_.size()));
    }
  }
  /// Rows and columns of pixels around pictures [H, W, C].
  Pad(std::size_t top, std::size_t left, std::size_t bottom, std::size_t right, float value = 0)
      : Pad({top, left, 0}, {bottom, right, 0}, value) {}

  [[nodiscard]] static std::string kind() { return "Pad"; }
  [[nodiscard]] const std::vector<std::size_t>& before() const { return before_; }
  [[nodiscard]] const std::vector<std::size_t>& after() const { return after_; }
  [[nodiscard]] Border border() const { return border_; }
  /// Throws `Error` for another number of axes, and where there is nothing to repeat or mirror.
  [[nodiscard]] detail::Sources sources(const Shape& x) const {
    check_rank(x, before_.size());
    const std::vector<std::size_t> strides = detail::strides_of(x);
    detail::Sources result;
    for (std::size_t axis = 0; axis < x.rank(); ++axis) {
      const std::size_t n = x[axis];
      const std::size_t before = before_[axis];
      const std::size_t farthest = std::max(before, after_[axis]);
      if ((border_ == Border::edge && n == 0) ||
          (border_ == Border::reflect && farthest > 0 && farthest >= n)) {
        throw Error("Pad repeats or mirrors " + std::to_string(farthest) +
                    " values beside an axis that has too few, of " + to_string(x));
      }
      result.add_axis(before + n + after_[axis], [&, stride = strides[axis]](std::size_t i) {
        if (i >= before && i < before + n) {
          return (i - before) * stride;
        }
        if (border_ == Border::constant) {
          return detail::Sources::none;
        }
        const std::size_t mirrored = i < before ? before - i : 2 * (n - 1) - (i - before);
        return (border_ == Border::reflect ? mirrored : i < before ? 0 : n - 1) * stride;
      });
    }
    return result;
  }

 private:
  std::vector<std::size_t> before_;
  std::vector<std::size_t> after_;
  Border border_;
};

/// A part of an axis: `count` values, beginning with `start` and `step` apart.
struct Range {
  std::size_t start = 0;
  std::size_t count = 0;
  std::ptrdiff_t step = 1;  ///< a negative one goes backwards, 0 repeats one value
};

/// A part of each axis of a picture.
///
/// - shape: x [B, n_0, n_1, ...] -> y [B, count_0, count_1, ...]
class Slice : public detail::Rearrangement<Slice> {
 public:
  explicit Slice(std::vector<Range> ranges) : ranges_(std::move(ranges)) {}

  [[nodiscard]] static std::string kind() { return "Slice"; }
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  /// Throws `Error` for another number of axes, and for a range that leaves its axis.
  [[nodiscard]] detail::Sources sources(const Shape& x) const {
    check_rank(x, ranges_.size());
    const std::vector<std::size_t> strides = detail::strides_of(x);
    detail::Sources result;
    for (std::size_t axis = 0; axis < x.rank(); ++axis) {
      const Range& range = ranges_[axis];
      const auto step = static_cast<std::size_t>(range.step);  // a negative one wraps, and back
      const auto room = range.step < 0 ? range.start : x[axis] - range.start - 1;
      const std::size_t length = range.step < 0 ? -step : step;
      if (range.count > 0 &&
          (range.start >= x[axis] || (length > 0 && range.count - 1 > room / length))) {
        throw Error("Slice takes " + std::to_string(range.count) + " values from " +
                    std::to_string(range.start) + " on, " + std::to_string(range.step) +
                    " apart, which leave axis " + std::to_string(axis) + " of " + to_string(x));
      }
      result.add_axis(range.count,
                      [&](std::size_t i) { return (range.start + i * step) * strides[axis]; });
    }
    return result;
  }

 private:
  std::vector<Range> ranges_;
};

/// The axes of a picture in another order: axis a of y is axis `order[a]` of x.
///
/// - shape: x [B, n_0, n_1, ...] -> y [B, n_order[0], n_order[1], ...]
class Transpose : public detail::Rearrangement<Transpose> {
 public:
  /// Axes of one picture, batch omitted. Throws `Error` unless each is there once.
  explicit Transpose(std::vector<std::size_t> order) : order_(std::move(order)) {
    std::vector<std::size_t> sorted = order_;
    std::ranges::sort(sorted);
    for (std::size_t axis = 0; axis < sorted.size(); ++axis) {
      if (sorted[axis] != axis) {
        throw Error("Transpose takes each axis of a picture once, axis " + std::to_string(axis) +
                    " among them");
      }
    }
  }

  [[nodiscard]] static std::string kind() { return "Transpose"; }
  /// Axis `order()[a]` of x is axis a of y.
  [[nodiscard]] const std::vector<std::size_t>& order() const { return order_; }
  [[nodiscard]] detail::Sources sources(const Shape& x) const {
    check_rank(x, order_.size());
    const std::vector<std::size_t> strides = detail::strides_of(x);
    detail::Sources result;
    for (const std::size_t axis : order_) {
      result.add_axis(x[axis], [&](std::size_t i) { return i * strides[axis]; });
    }
    return result;
  }

 private:
  std::vector<std::size_t> order_;
};

static_assert(Layer<Pad> && Layer<Slice> && Layer<Transpose>);

}  // namespace upset
