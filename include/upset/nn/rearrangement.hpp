// SPDX-License-Identifier: BSL-1.0
/// What layers share whose output values are input values in other places.
#pragma once

#include <cstddef>
#include <string>
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

}  // namespace upset
