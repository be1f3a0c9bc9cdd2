// SPDX-License-Identifier: BSL-1.0
/// Where branches of a network join.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <upset/nn/change_rules.hpp>
#include <upset/nn/layer.hpp>

namespace upset {

namespace detail {

/// The shapes of a layer that joins branches; throws `Error` naming it when there is one at most.
inline const Shape& several_inputs(InputShapes shapes, const std::string& kind) {
  if (shapes.size() < 2) {
    throw Error(kind + " takes two inputs or more, not " + std::to_string(shapes.size()));
  }
  return shapes[0];
}

}  // namespace detail

/// y = x_0 + x_1 + ..., summed in that order.
///
/// - shape: every x [B, ...], all the same -> y [B, ...]
struct Add : Stateless {
  static constexpr bool fuses = true;

  [[nodiscard]] static std::string kind() { return "Add"; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) {
    const Shape& first = detail::several_inputs(shapes, kind());
    for (const Shape& shape : shapes) {
      if (shape != first) {
        throw Error("Add takes inputs of one shape, not " + to_string(first) + " and " +
                    to_string(shape));
      }
    }
    return first;
  }
  [[nodiscard]] static Tensor forward(Inputs inputs, const Pass& pass) {
    return transform(*inputs[0], inputs.subspan(1), pass);
  }
  [[nodiscard]] static Tensor transform(Tensor y, Inputs others, const Pass& pass) {
    // whole pixels of 4096 values or so, which stay in the innermost cache
    const std::size_t channels = std::max<std::size_t>(y.shape()[y.shape().rank() - 1], 1);
    const std::size_t part = std::max<std::size_t>(4096 / channels, 1) * channels;
    for (std::size_t first = 0; first < y.size(); first += part) {
      const std::span<float> sums = y.values().subspan(first, std::min(part, y.size() - first));
      for (const Tensor* const& x : others) {
        const float* const more = x->data() + first;
        const float least = &x == &others.back() ? pass.least : Pass{}.least;
        for (std::size_t i = 0; i < sums.size(); ++i) {
          const float sum = sums[i] + more[i];
          sums[i] = sum < least ? least : sum;
        }
      }
      if (pass.then != nullptr) {
        (*pass.then)(sums);
      }
    }
    return y;
  }
  [[nodiscard]] static std::unique_ptr<ChangeRule> change_rule(const Shape& /*input*/) {
    return std::make_unique<SumChange>();
  }
  // d_x_n += d_y, for every n
  static void backward(Inputs inputs, const Tensor& /*y*/, Tensor d_y, Gradients& gradients) {
    for (std::size_t n = 1; n < inputs.size(); ++n) {
      gradients.add(n, std::as_const(d_y));
    }
    gradients.add(0, std::move(d_y));
  }
};

/// The channels of x_0, then those of x_1, ...: joined along the last extent.
///
/// - shape: x_n [B, ..., C_n], otherwise the same -> y [B, ..., C_0 + C_1 + ...]
struct Concatenate : Stateless {
  [[nodiscard]] static std::string kind() { return "Concatenate"; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) {
    const Shape& first = detail::several_inputs(shapes, kind());
    std::size_t channels = 0;
    for (const Shape& shape : shapes) {
      if (shape.rank() == 0 || with_channels(shape, 0) != with_channels(first, 0)) {
        throw Error("Concatenate takes inputs that differ in their channels alone, not " +
                    to_string(first) + " and " + to_string(shape));
      }
      channels += channels_of(shape);
    }
    return with_channels(first, channels);
  }

  [[nodiscard]] static Tensor forward(Inputs inputs, const Pass& /*pass*/) {
    std::size_t channels = 0;
    for (const Tensor* x : inputs) {
      channels += channels_of(x->shape());
    }
    Tensor y(with_channels(inputs[0]->shape(), channels));
    std::size_t offset = 0;  // of the channels of x within those of y
    for (const Tensor* x : inputs) {
      const std::size_t part = channels_of(x->shape());
      for (std::size_t pixel = 0; pixel * part < x->size(); ++pixel) {
        std::copy_n(x->data() + pixel * part, part, y.data() + pixel * channels + offset);
      }
      offset += part;
    }
    return y;
  }

  // d_x_n += the channels of d_y that came from x_n
  static void backward(Inputs inputs, const Tensor& y, const Tensor& d_y, Gradients& gradients) {
    const std::size_t channels = channels_of(y.shape());
    std::size_t offset = 0;
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      const std::size_t part = channels_of(inputs[n]->shape());
      if (Tensor* d_x = gradients.sum(n, inputs[n]->shape())) {
        for (std::size_t i = 0; i < d_x->size(); ++i) {
          (*d_x)[i] += d_y[i / part * channels + offset + i % part];
        }
      }
      offset += part;
    }
  }

 private:
  [[nodiscard]] static std::size_t channels_of(const Shape& shape) {
    return shape[shape.rank() - 1];
  }
  [[nodiscard]] static Shape with_channels(const Shape& shape, std::size_t channels) {
    Shape result;
    for (std::size_t axis = 0; axis + 1 < shape.rank(); ++axis) {
      result.push_back(shape[axis]);
    }
    result.push_back(channels);
    return result;
  }
};

static_assert(Layer<Add> && Layer<Concatenate>);

}  // namespace upset
