// SPDX-License-Identifier: BSL-1.0
/// The same values under another shape.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <upset/nn/layer.hpp>

namespace upset {

/// x [B, ...] -> y [B, I] with I the product of the rest; values keep their order, so a picture
/// [H, W, C] becomes [H * W * C] with channels fastest.
struct Flatten : Stateless {
  [[nodiscard]] static std::string kind() { return "Flatten"; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) {
    return {single_input(shapes, kind()).size()};
  }
  [[nodiscard]] static Tensor forward(Inputs inputs, const Pass& pass) {
    return transform(*inputs[0], {}, pass);
  }
  [[nodiscard]] static Tensor transform(Tensor x, Inputs /*others*/, const Pass& /*pass*/) {
    return std::move(x).reshaped({x.batch(), x.shape().without_batch().size()});
  }
  static void backward(Inputs inputs, const Tensor& /*y*/, Tensor d_y, Gradients& gradients) {
    gradients.add(0, std::move(d_y).reshaped(inputs[0]->shape()));
  }
};

static_assert(Layer<Flatten>);

}  // namespace upset
