// SPDX-License-Identifier: BSL-1.0
/// Layers whose output values are input values in other places: borders, parts, permuted axes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/nn/layer.hpp>

namespace upset {

namespace detail {

/// Where the values of y[b, i_0, i_1, ...] lie in picture b of x: at the sum of what each axis of y
/// says of its index, unless one of them says that there is none.
class Sources {
 public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// An axis of y, slower than those added after it: index i reads x at `offset(i)`.
  template <class Offset>
  void add_axis(std::size_t extent, Offset offset) {
    AlignedVector<std::size_t>& axis = axes_.emplace_back(extent);
    for (std::size_t i = 0; i < extent; ++i) {
      axis[i] = offset(i);
    }
  }
  [[nodiscard]] Shape shape() const {
    Shape result;
    for (const AlignedVector<std::size_t>& axis : axes_) {
      result.push_back(axis.size());
    }
    return result;
  }
  /// Calls `use(to, from)` for every value of one picture of y; `from` may be `none`.
  template <class Use>
  void for_each(Use use) const {
    std::size_t to = 0;
    walk(0, 0, to, use);
  }

 private:
  template <class Use>
  void walk(std::size_t axis, std::size_t base, std::size_t& to, Use& use) const {
    if (axis == axes_.size()) {
      use(to++, base);
      return;
    }
    for (const std::size_t offset : axes_[axis]) {
      walk(axis + 1, base == none || offset == none ? none : base + offset, to, use);
    }
  }

  std::vector<AlignedVector<std::size_t>> axes_;
};

/// How far apart neighbours along each axis lie.
[[nodiscard]] inline std::vector<std::size_t> strides_of(const Shape& shape) {
  std::vector<std::size_t> strides(shape.rank(), 1);
  for (std::size_t axis = shape.rank(); axis-- > 1;) {
    strides[axis - 1] = strides[axis] * shape[axis];
  }
  return strides;
}

/// A layer made of `sources(shape of one picture)` and the value `fill` where there is no source.
template <class Layer>
struct Rearrangement : Stateless {
  float fill = 0;

  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    return self().sources(single_input(shapes, Layer::kind())).shape();
  }
  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& /*pass*/) const {
    const Tensor& x = *inputs[0];
    const Sources sources = self().sources(x.shape().without_batch());
    Tensor y = Tensor::uninitialized(sources.shape().with_batch(x.batch()));
    for (std::size_t b = 0; b < x.batch(); ++b) {
      const float* const picture = x.row(b).data();
      sources.for_each([picture, empty = fill, y_b = y.row(b).data()](auto to, auto from) {
        y_b[to] = from == Sources::none ? empty : picture[from];
      });
    }
    return y;
  }
  // d_x[from] += d_y[to]
  void backward(Inputs inputs, const Tensor& /*y*/, const Tensor& d_y, Gradients& gradients) const {
    const Shape& x = inputs[0]->shape();
    if (Tensor* d_x = gradients.sum(0, x)) {
      const Sources sources = self().sources(x.without_batch());
      for (std::size_t b = 0; b < x[0]; ++b) {
        sources.for_each(
            [from_d = d_y.row(b).data(), to_d = d_x->row(b).data()](auto to, auto from) {
              if (from != Sources::none) {
                to_d[from] += from_d[to];
              }
            });
      }
    }
  }

 protected:
  static void check_rank(const Shape& x, std::size_t rank) {
    if (x.rank() != rank) {
      throw Error(Layer::kind() + " of " + std::to_string(rank) + " axes takes as many, not " +
                  to_string(x));
    }
  }

 private:
  [[nodiscard]] const Layer& self() const { return static_cast<const Layer&>(*this); }
};

}  // namespace detail

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
      result.add_axis(before + n + after_[axis], [&](std::size_t i) {
        const std::size_t stride = strides[axis];
        if (i >= before && i < before + n) {
          return (i - before) * stride;
        }
        switch (border_) {
          case Border::edge:
            return (i < before ? 0 : n - 1) * stride;
          case Border::reflect:
            return (i < before ? before - i : 2 * (n - 1) - (i - before)) * stride;
          default:
            return detail::Sources::none;
        }
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
