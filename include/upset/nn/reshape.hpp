// SPDX-License-Identifier: BSL-1.0
/// The same values under another shape.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <upset/nn/layer.hpp>

namespace upset {

namespace detail {

/// A layer that leaves values as they are, in their order, and says what `output_shape` they have.
template <class Layer>
struct SameValues : Stateless {
  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& pass) const {
    return transform(*inputs[0], {}, pass);
  }
  [[nodiscard]] Tensor transform(Tensor x, Inputs /*others*/, const Pass& /*pass*/) const {
    const Shape one = x.shape().without_batch();
    const Shape y = static_cast<const Layer&>(*this).output_shape({&one, 1});
    return std::move(x).reshaped(y.with_batch(x.batch()));
  }
  static void backward(Inputs inputs, const Tensor& /*y*/, Tensor d_y, Gradients& gradients) {
    gradients.add(0, std::move(d_y).reshaped(inputs[0]->shape()));
  }
};

}  // namespace detail

/// x [B, ...] -> y [B, I] with I the product of the rest; values keep their order, so a picture
/// [H, W, C] becomes [H * W * C] with channels fastest.
struct Flatten : detail::SameValues<Flatten> {
  [[nodiscard]] static std::string kind() { return "Flatten"; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) {
    return {single_input(shapes, kind()).size()};
  }
};

/// x [B, ...] -> y [B, shape], of as many values; they keep their order.
class Reshape : public detail::SameValues<Reshape> {
 public:
  /// - shape: of one picture, batch omitted
  explicit Reshape(const Shape& shape) : shape_(shape) {}

  [[nodiscard]] static std::string kind() { return "Reshape"; }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    const Shape& x = single_input(shapes, kind());
    if (x.size() != shape_.size()) {
      throw Error("Reshape gives " + to_string(shape_) + " and takes as many values, not " +
                  to_string(x));
    }
    return shape_;
  }

 private:
  Shape shape_;
};

static_assert(Layer<Flatten> && Layer<Reshape>);

}  // namespace upset
