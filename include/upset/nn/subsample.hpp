// SPDX-License-Identifier: BSL-1.0
/// The shortcut past a residual block that halves the picture and has no weights.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <upset/nn/change.hpp>
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
    const Shape shape = output_shape({&one, 1});
    Tensor y(shape.with_batch(x.batch()));
    for (std::size_t b = 0; b < x.batch(); ++b) {
      for_each_pixel(one, 0, shape[0], [&, picture = x.row(b), y_b = y.row(b)](auto from, auto to) {
        std::copy_n(picture.data() + from, one[2], y_b.data() + to);
      });
    }
    return y;
  }
  [[nodiscard]] std::unique_ptr<ChangeRule> change_rule(const Shape& input) const;

  // d_x += d_y, where x was taken
  void backward(Inputs inputs, const Tensor& /*y*/, const Tensor& d_y, Gradients& gradients) const {
    const Shape one = inputs[0]->shape().without_batch();
    if (Tensor* d_x = gradients.sum(0, inputs[0]->shape())) {
      for (std::size_t b = 0; b < d_y.batch(); ++b) {
        for_each_pixel(one, 0, d_y.shape()[1],
                       [&, d_from = d_y.row(b), d_to = d_x->row(b)](auto from, auto to) {
                         for (std::size_t c = 0; c < one[2]; ++c) {
                           d_to[from + c] += d_from[to + c];
                         }
                       });
      }
    }
  }

  /// Calls `use(from, to)` for the pixels taken in rows `first` to `last - 1` of y: where their
  /// channels start in a picture x [H, W, C], and in y.
  template <class Use>
  void for_each_pixel(const Shape& x, std::size_t first, std::size_t last, Use use) const {
    const std::size_t pixel = before_ + x[2] + after_;
    std::size_t to = first * ((x[1] + stride_ - 1) / stride_) * pixel + before_;
    for (std::size_t row = first * stride_; row < last * stride_; row += stride_) {
      for (std::size_t column = 0; column < x[1]; column += stride_, to += pixel) {
        use((row * x[1] + column) * x[2], to);
      }
    }
  }

 private:
  std::size_t stride_;
  std::size_t before_;
  std::size_t after_;
};

static_assert(Layer<Subsample>);

/// A subsample of pictures [H, W, C], taken anew where these changed.
class SubsampleChange final : public ChangeRule {
 public:
  SubsampleChange(const Subsample& layer, const Shape& input) : layer_(layer), input_(input) {}

  void propagate(std::size_t /*slot*/, std::span<const ChangedInput> inputs,
                 std::span<const float> y, const NodeFaults& /*faults*/, Change& to) override {
    inherit(inputs, to);
    to.begin = to.end = 0;
    if (inputs[0].is_none()) {
      return;
    }
    const Change& x = *inputs[0].change;
    const std::size_t x_row = input_[1] * input_[2];
    const std::size_t y_row = y.size() / layer_.output_shape({&input_, 1})[0];
    const std::size_t stride = layer_.stride();
    const std::size_t first = (x.begin / x_row + stride - 1) / stride;
    const std::size_t last = (x.end - 1) / x_row / stride + 1;
    if (first >= last) {
      return;
    }
    to.begin = first * y_row;
    to.end = last * y_row;
    std::copy(y.data() + to.begin, y.data() + to.end, to.values.data() + to.begin);
    layer_.for_each_pixel(input_, first, last, [&](std::size_t from, std::size_t place) {
      const std::size_t begin = std::max(from, x.begin);
      const std::size_t end = std::min(from + input_[2], x.end);
      if (begin < end) {
        std::copy(x.values.data() + begin, x.values.data() + end,
                  to.values.data() + place + (begin - from));
      }
    });
  }

 private:
  Subsample layer_;
  Shape input_;
};

inline std::unique_ptr<ChangeRule> Subsample::change_rule(const Shape& input) const {
  return std::make_unique<SubsampleChange>(*this, input);
}

}  // namespace upset
