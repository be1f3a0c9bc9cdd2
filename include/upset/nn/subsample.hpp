// SPDX-License-Identifier: BSL-1.0
/// The shortcut past a residual block that halves the picture and has no weights.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <upset/nn/layer.hpp>

namespace upset {

/// Every `stride`-th pixel of every `stride`-th row, with channels of zeros before and after.
///
/// - shape:  x [B, H, W, C] -> y [B, ceil(H / stride), ceil(W / stride), before + C + after]
/// - source: He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, 2016, section 3.3,
///           option A
class Subsample : public Stateless {
 public:
  /// Throws `Error` for a stride of zero.
  Subsample(std::size_t stride, std::size_t zeros_before, std::size_t zeros_after)
      : stride_(stride), before_(zeros_before), after_(zeros_after) {
    if (stride == 0) {
      throw Error("Subsample takes a stride of one pixel at least");
    }
  }

  [[nodiscard]] static std::string kind() { return "Subsample"; }
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::size_t zeros_before() const { return before_; }
  [[nodiscard]] std::size_t zeros_after() const { return after_; }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    const Shape& x = single_input(shapes, kind());
    if (x.rank() != 3) {
      throw Error("Subsample takes pictures [H, W, C], not " + to_string(x));
    }
    return {(x[0] + stride_ - 1) / stride_, (x[1] + stride_ - 1) / stride_,
            before_ + x[2] + after_};
  }

  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& /*pass*/) const {
    const Tensor& x = *inputs[0];
    const Shape one = x.shape().without_batch();
    Tensor y(output_shape({&one, 1}).with_batch(x.batch()));
    for_each_pixel(x.shape(), [&](std::size_t from, std::size_t to) {
      std::copy_n(x.data() + from, one[2], y.data() + to);
    });
    return y;
  }

  // d_x += d_y, where x was taken
  void backward(Inputs inputs, const Tensor& /*y*/, const Tensor& d_y, Gradients& gradients) const {
    const Shape& x = inputs[0]->shape();
    if (Tensor* d_x = gradients.sum(0, x)) {
      for_each_pixel(x, [&](std::size_t from, std::size_t to) {
        for (std::size_t c = 0; c < x[3]; ++c) {
          (*d_x)[from + c] += d_y[to + c];
        }
      });
    }
  }

 private:
  /// Calls `use(from, to)` with where the channels of each pixel taken start in x and in y.
  template <class Use>
  void for_each_pixel(const Shape& x, Use use) const {
    std::size_t to = before_;
    for (std::size_t b = 0; b < x[0]; ++b) {
      for (std::size_t row = 0; row < x[1]; row += stride_) {
        for (std::size_t column = 0; column < x[2]; column += stride_) {
          use(((b * x[1] + row) * x[2] + column) * x[3], to);
          to += before_ + x[3] + after_;
        }
      }
    }
  }

  std::size_t stride_;
  std::size_t before_;
  std::size_t after_;
};

static_assert(Layer<Subsample>);

}  // namespace upset
