// SPDX-License-Identifier: BSL-1.0
/// A layer of any type: the one place where the library erases types.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <upset/nn/change.hpp>
#include <upset/nn/layer.hpp>

namespace upset {

/// Holds any `Layer` by value; copies are deep.
class AnyLayer {
 public:
  // not `template <Layer L>`: asking whether AnyLayer itself is a Layer would ask this again
  template <class L>
  requires(!std::same_as<L, AnyLayer> && Layer<L>) AnyLayer(L layer)
      : self_(std::make_unique<Model<L>>(std::move(layer))) {}  // NOLINT: wraps

  AnyLayer(const AnyLayer& other)  // one that was moved from holds none
      : self_(other.self_ == nullptr ? nullptr : other.self_->clone()) {}
  AnyLayer(AnyLayer&&) noexcept = default;
  AnyLayer& operator=(const AnyLayer& other) { return *this = AnyLayer(other); }
  AnyLayer& operator=(AnyLayer&&) noexcept = default;
  ~AnyLayer() = default;

  [[nodiscard]] std::string kind() const { return self_->kind(); }
  [[nodiscard]] Shape output_shape(InputShapes shapes) const { return self_->output_shape(shapes); }
  [[nodiscard]] Tensor forward(Inputs x, const Pass& pass) const { return self_->forward(x, pass); }
  /// Whether there is a `transform`.
  [[nodiscard]] bool in_place() const { return self_->in_place(); }
  /// `forward` of x and the other inputs, written over x.
  [[nodiscard]] Tensor transform(Tensor x, Inputs others, const Pass& pass) const {
    return self_->transform(std::move(x), others, pass);
  }
  /// Whether `forward` heeds `Pass::then`.
  [[nodiscard]] bool fuses() const { return self_->fuses(); }
  /// The layer as a function of one value or pixel; empty where it is none. It refers to the layer.
  [[nodiscard]] ValueFunction value_function() const { return self_->value_function(); }
  [[nodiscard]] bool is_of_one_value() const { return self_->is_of_one_value(); }
  /// Empty where the layer is continuous, or rounds to small steps. It refers to the layer.
  [[nodiscard]] JumpTest jump_test() const { return self_->jump_test(); }
  /// How far apart what it reads is rounded, as a part of the value; 0 where it is not.
  [[nodiscard]] double rounding_step() const { return self_->rounding_step(); }
  void backward(Inputs x, const Tensor& y, Tensor d_y, Gradients& gradients) const {
    self_->backward(x, y, std::move(d_y), gradients);
  }
  [[nodiscard]] std::vector<Parameter> parameters() { return self_->parameters(); }
  [[nodiscard]] std::vector<NamedImage> images() { return self_->images(); }
  void encode() { self_->encode(); }
  void refresh() { self_->refresh(); }
  void calibrate(Inputs x) { self_->calibrate(x); }
  /// Multiply-adds of one picture whose first input has shape `input`; 0 where the layer has no
  /// weights to multiply with.
  [[nodiscard]] std::uint64_t multiply_adds(const Shape& input) const {
    return self_->multiply_adds(input);
  }
  /// How changes of pictures whose first input has shape `input` pass through the layer, where it
  /// knows better than `forward`; else null. It refers to the layer.
  [[nodiscard]] std::unique_ptr<ChangeRule> change_rule(const Shape& input) const {
    return self_->change_rule(input);
  }

  /// The layer itself where its type is `L`, else null.
  template <Layer L>
  [[nodiscard]] L* target() {
    auto* model = dynamic_cast<Model<L>*>(self_.get());
    return model == nullptr ? nullptr : &model->layer;
  }
  template <Layer L>
  [[nodiscard]] const L* target() const {
    const auto* model = dynamic_cast<const Model<L>*>(self_.get());
    return model == nullptr ? nullptr : &model->layer;
  }

 private:
  struct Concept {
    virtual ~Concept() = default;
    [[nodiscard]] virtual std::unique_ptr<Concept> clone() const = 0;
    [[nodiscard]] virtual std::string kind() const = 0;
    [[nodiscard]] virtual Shape output_shape(InputShapes shapes) const = 0;
    [[nodiscard]] virtual Tensor forward(Inputs x, const Pass& pass) const = 0;
    [[nodiscard]] virtual bool in_place() const = 0;
    [[nodiscard]] virtual Tensor transform(Tensor x, Inputs others, const Pass& pass) const = 0;
    [[nodiscard]] virtual bool fuses() const = 0;
    [[nodiscard]] virtual ValueFunction value_function() const = 0;
    [[nodiscard]] virtual bool is_of_one_value() const = 0;
    [[nodiscard]] virtual JumpTest jump_test() const = 0;
    [[nodiscard]] virtual double rounding_step() const = 0;
    virtual void backward(Inputs x, const Tensor& y, Tensor&& d_y, Gradients& g) const = 0;
    [[nodiscard]] virtual std::vector<Parameter> parameters() = 0;
    [[nodiscard]] virtual std::vector<NamedImage> images() = 0;
    virtual void encode() = 0;
    virtual void refresh() = 0;
    virtual void calibrate(Inputs x) = 0;
    [[nodiscard]] virtual std::uint64_t multiply_adds(const Shape& input) const = 0;
    [[nodiscard]] virtual std::unique_ptr<ChangeRule> change_rule(const Shape& input) const = 0;
  };

  template <class L>
  struct Model final : Concept {
    explicit Model(L value) : layer(std::move(value)) {}

    [[nodiscard]] std::unique_ptr<Concept> clone() const override {
      return std::make_unique<Model>(layer);
    }
    [[nodiscard]] std::string kind() const override { return layer.kind(); }
    [[nodiscard]] Shape output_shape(InputShapes shapes) const override {
      return layer.output_shape(shapes);
    }
    [[nodiscard]] Tensor forward(Inputs x, const Pass& pass) const override {
      return layer.forward(x, pass);
    }
    [[nodiscard]] bool in_place() const override { return InPlace<L>; }
    [[nodiscard]] Tensor transform([[maybe_unused]] Tensor x, [[maybe_unused]] Inputs others,
                                   [[maybe_unused]] const Pass& pass) const override {
      if constexpr (InPlace<L>) {
        return layer.transform(std::move(x), others, pass);
      } else {
        throw Error(kind() + " has no transform: use forward");
      }
    }
    [[nodiscard]] bool fuses() const override { return Fusing<L>; }
    [[nodiscard]] ValueFunction value_function() const override {
      if constexpr (OfOnePixel<L>) {
        return [this](std::span<float> values) { layer.apply(values); };
      } else {
        return {};
      }
    }
    [[nodiscard]] bool is_of_one_value() const override { return OfOneValue<L>; }
    [[nodiscard]] JumpTest jump_test() const override {
      if constexpr (Jumping<L>) {
        return [this](std::span<const float> values) { return layer.is_near_jump(values); };
      } else {
        return {};
      }
    }
    [[nodiscard]] double rounding_step() const override {
      if constexpr (requires { L::rounding_step; }) {
        return L::rounding_step;
      } else {
        return 0;
      }
    }
    void backward(Inputs x, const Tensor& y, Tensor&& d_y, Gradients& g) const override {
      layer.backward(x, y, std::move(d_y), g);
    }
    [[nodiscard]] std::vector<Parameter> parameters() override { return layer.parameters(); }
    [[nodiscard]] std::vector<NamedImage> images() override { return layer.images(); }
    void encode() override { layer.encode(); }
    void refresh() override { layer.refresh(); }
    void calibrate([[maybe_unused]] Inputs x) override {
      if constexpr (Calibrated<L>) {
        layer.calibrate(x);
      }
    }
    [[nodiscard]] std::uint64_t multiply_adds([[maybe_unused]] const Shape& input) const override {
      if constexpr (requires { layer.multiply_adds(input); }) {
        return layer.multiply_adds(input);
      } else {
        return 0;
      }
    }
    [[nodiscard]] std::unique_ptr<ChangeRule> change_rule(
        [[maybe_unused]] const Shape& input) const override {
      if constexpr (requires { layer.change_rule(input); }) {
        return layer.change_rule(input);
      } else {
        return nullptr;
      }
    }

    L layer;
  };

  std::unique_ptr<Concept> self_;
};

}  // namespace upset
