// SPDX-License-Identifier: BSL-1.0
/// Sums and products of values of different shapes, of which the smaller one is repeated.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/nn/layer.hpp>

namespace upset {

namespace detail {

/// Two shapes with their last axes side by side; along each axis the extents are equal or one of
/// them is 1, or missing, and its value is repeated.
class Broadcast {
 public:
  /// Throws `Error` naming the layer for other shapes.
  Broadcast(const Shape& a, const Shape& b, const std::string& kind) {
    const std::size_t rank = std::max(a.rank(), b.rank());
    for (std::size_t axis = 0; axis < rank; ++axis) {
      const std::size_t of_a = extent(a, axis, rank);
      const std::size_t of_b = extent(b, axis, rank);
      if (of_a != of_b && of_a != 1 && of_b != 1) {
        throw Error(kind + " takes shapes whose last extents are equal or 1, not " + to_string(a) +
                    " and " + to_string(b));
      }
      shape_.push_back(of_a == 1 ? of_b : of_a);
    }
    strides_a_ = strides(a, rank);
    strides_b_ = strides(b, rank);
  }

  [[nodiscard]] const Shape& shape() const { return shape_; }
  /// Calls `use(to, from_a, from_b)` for each value of the result.
  template <class Use>
  void for_each(Use use) const {
    std::size_t to = 0;
    walk(0, 0, 0, to, use);
  }

 private:
  [[nodiscard]] static std::size_t extent(const Shape& shape, std::size_t axis, std::size_t rank) {
    const std::size_t missing = rank - shape.rank();
    return axis < missing ? 1 : shape[axis - missing];
  }
  [[nodiscard]] static std::vector<std::size_t> strides(const Shape& shape, std::size_t rank) {
    std::vector<std::size_t> result(rank);
    std::size_t stride = 1;
    for (std::size_t axis = rank; axis-- > 0; stride *= extent(shape, axis, rank)) {
      result[axis] = extent(shape, axis, rank) == 1 ? 0 : stride;
    }
    return result;
  }
  template <class Use>
  void walk(std::size_t axis, std::size_t a, std::size_t b, std::size_t& to, Use& use) const {
    if (axis == shape_.rank()) {
      use(to++, a, b);
      return;
    }
    for (std::size_t i = 0; i < shape_[axis]; ++i) {
      walk(axis + 1, a + i * strides_a_[axis], b + i * strides_b_[axis], to, use);
    }
  }

  Shape shape_;
  std::vector<std::size_t> strides_a_;
  std::vector<std::size_t> strides_b_;
};

/// `value(a, b)`, and its derivative by a; that by b is `slope(b, a)`.
struct Sum {
  static constexpr const char* join = "AddBroadcast";
  static constexpr const char* with_constant = "AddConstant";
  [[nodiscard]] static float value(float a, float b) { return a + b; }
  [[nodiscard]] static float slope(float /*a*/, float /*b*/) { return 1; }
};
struct Product {
  static constexpr const char* join = "Multiply";
  static constexpr const char* with_constant = "MultiplyConstant";
  [[nodiscard]] static float value(float a, float b) { return a * b; }
  [[nodiscard]] static float slope(float /*a*/, float b) { return b; }
};

/// y = a combined with b, its two inputs.
template <class Operation>
struct BroadcastJoin : Stateless {
  [[nodiscard]] static std::string kind() { return Operation::join; }
  [[nodiscard]] static Shape output_shape(InputShapes shapes) {
    if (shapes.size() != 2) {
      throw Error(kind() + " takes two inputs, not " + std::to_string(shapes.size()));
    }
    return Broadcast(shapes[0], shapes[1], kind()).shape();
  }
  [[nodiscard]] static Tensor forward(Inputs inputs, const Pass& /*pass*/) {
    const Broadcast pairs = pairs_of(inputs);
    Tensor y = Tensor::uninitialized(pairs.shape().with_batch(inputs[0]->batch()));
    for (std::size_t n = 0; n < y.batch(); ++n) {
      pairs.for_each([a = inputs[0]->row(n).data(), b = inputs[1]->row(n).data(),
                      to_y = y.row(n).data()](auto to, auto from_a, auto from_b) {
        to_y[to] = Operation::value(a[from_a], b[from_b]);
      });
    }
    return y;
  }
  // d_a += d_y slope(a, b), d_b += d_y slope(b, a)
  static void backward(Inputs inputs, const Tensor& /*y*/, const Tensor& d_y,
                       Gradients& gradients) {
    const Broadcast pairs = pairs_of(inputs);
    Tensor* const d_a = gradients.sum(0, inputs[0]->shape());
    Tensor* const d_b = gradients.sum(1, inputs[1]->shape());
    for (std::size_t n = 0; n < d_y.batch(); ++n) {
      const auto a = inputs[0]->row(n);
      const auto b = inputs[1]->row(n);
      const auto d = d_y.row(n);
      const auto to_a = d_a == nullptr ? std::span<float>() : d_a->row(n);
      const auto to_b = d_b == nullptr ? std::span<float>() : d_b->row(n);
      pairs.for_each([&](auto to, auto from_a, auto from_b) {
        if (!to_a.empty()) {
          to_a[from_a] += d[to] * Operation::slope(a[from_a], b[from_b]);
        }
        if (!to_b.empty()) {
          to_b[from_b] += d[to] * Operation::slope(b[from_b], a[from_a]);
        }
      });
    }
  }

 private:
  [[nodiscard]] static Broadcast pairs_of(Inputs inputs) {
    return {inputs[0]->shape().without_batch(), inputs[1]->shape().without_batch(), kind()};
  }
};

/// y = x combined with a constant, which lies in no memory: no fault hits it.
template <class Operation>
class WithConstant : public Stateless {
 public:
  explicit WithConstant(Tensor constant) : constant_(std::move(constant)) {}

  [[nodiscard]] static std::string kind() { return Operation::with_constant; }
  [[nodiscard]] const Tensor& constant() const { return constant_; }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const {
    const Shape& x = single_input(shapes, kind());
    if (Broadcast(x, constant_.shape(), kind()).shape() != x) {
      throw Error(kind() + " takes a constant no larger than its input, not " +
                  to_string(constant_.shape()) + " for " + to_string(x));
    }
    return x;
  }
  [[nodiscard]] Tensor forward(Inputs inputs, const Pass& pass) const {
    return transform(*inputs[0], {}, pass);
  }
  [[nodiscard]] Tensor transform(Tensor x, Inputs /*others*/, const Pass& /*pass*/) const {
    for_each(
        x, [](float& value, float, float c) { value = Operation::value(value, c); }, x);
    return x;
  }
  // d_x = d_y slope(x, c)
  void backward(Inputs inputs, const Tensor& /*y*/, Tensor d_y, Gradients& gradients) const {
    for_each(
        d_y, [](float& d, float x, float c) { d *= Operation::slope(x, c); }, *inputs[0]);
    gradients.add(0, std::move(d_y));
  }

 private:
  /// Calls `use(value, value of x, constant)` for each value.
  template <class Use>
  void for_each(Tensor& values, Use use, const Tensor& x) const {
    const Broadcast pairs(x.shape().without_batch(), constant_.shape(), kind());
    for (std::size_t n = 0; n < x.batch(); ++n) {
      pairs.for_each(
          [&, to_values = values.row(n).data(), from_x = x.row(n).data(), c = constant_.data()](
              auto to, auto from, auto from_c) { use(to_values[to], from_x[from], c[from_c]); });
    }
  }

  Tensor constant_;
};

}  // namespace detail

/// y = a b, the smaller one repeated: [C] or [1, 1, C] beside [H, W, C] weighs channels.
///
/// - shape: a and b [B, ...], whose last extents are equal or 1 -> y [B, the larger ones]
using Multiply = detail::BroadcastJoin<detail::Product>;

/// y = a + b likewise. Of inputs of one shape `Add` is the sum, which the campaign engine knows.
using AddBroadcast = detail::BroadcastJoin<detail::Sum>;

/// y = x c with a constant of one value, one per channel, or any shape that broadcasts to that of
/// x, batch omitted.
using MultiplyConstant = detail::WithConstant<detail::Product>;
/// y = x + c likewise.
using AddConstant = detail::WithConstant<detail::Sum>;

static_assert(Layer<Multiply> && Layer<AddBroadcast> && Layer<MultiplyConstant> &&
              Layer<AddConstant>);

}  // namespace upset
