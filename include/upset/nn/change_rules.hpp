// SPDX-License-Identifier: BSL-1.0
/// How changes pass through layers that multiply nothing, and through any layer as a whole.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <upset/nn/change.hpp>
#include <upset/nn/layer.hpp>

namespace upset {

/// A function of one value or pixel: computed where the input changed.
class ValueChange final : public ChangeRule {
 public:
  ValueChange(ValueFunction function, std::size_t channels)
      : function_(std::move(function)), channels_(channels) {}

  void propagate(std::size_t /*slot*/, std::span<const ChangedInput> inputs,
                 std::span<const float> /*y*/, const NodeFaults& /*faults*/, Change& to) override {
    inherit(inputs, to);
    const Change& from = *inputs[0].change;
    to.begin = from.begin / channels_ * channels_;
    to.end = (from.end + channels_ - 1) / channels_ * channels_;
    const float* const golden = inputs[0].golden.data();
    std::copy(golden + to.begin, golden + from.begin, to.values.data() + to.begin);
    std::copy(from.values.data() + from.begin, from.values.data() + from.end,
              to.values.data() + from.begin);
    std::copy(golden + from.end, golden + to.end, to.values.data() + from.end);
    function_(std::span(to.values).subspan(to.begin, to.end - to.begin));
  }

 private:
  ValueFunction function_;
  std::size_t channels_;
};

/// A sum of inputs, in their order.
class SumChange final : public ChangeRule {
 public:
  void propagate(std::size_t /*slot*/, std::span<const ChangedInput> inputs,
                 std::span<const float> y, const NodeFaults& /*faults*/, Change& to) override {
    inherit(inputs, to);
    to.begin = y.size();
    to.end = 0;
    for (const ChangedInput& x : inputs) {
      if (!x.is_none()) {
        to.begin = std::min(to.begin, x.change->begin);
        to.end = std::max(to.end, x.change->end);
      }
    }
    write(inputs[0], to);
    for (std::size_t n = 1; n < inputs.size(); ++n) {
      add(inputs[n], to);
    }
  }

 private:
  static void write(const ChangedInput& x, Change& to) {
    std::copy_n(x.golden.data() + to.begin, to.end - to.begin, to.values.data() + to.begin);
    if (!x.is_none()) {
      std::copy_n(x.change->values.data() + x.change->begin, x.change->end - x.change->begin,
                  to.values.data() + x.change->begin);
    }
  }
  static void add(const ChangedInput& x, Change& to) {
    const std::size_t begin = x.is_none() ? to.end : x.change->begin;
    const std::size_t end = x.is_none() ? to.end : x.change->end;
    add(x.golden.data(), to.begin, begin, to.values.data());
    add(x.golden.data(), end, to.end, to.values.data());
    if (begin < end) {
      add(x.change->values.data(), begin, end, to.values.data());
    }
  }
  static void add(const float* from, std::size_t begin, std::size_t end, float* to) {
    for (std::size_t i = begin; i < end; ++i) {
      to[i] += from[i];
    }
  }
};

/// Any layer, as a whole: `forward` of the changed pictures, whose shapes are `inputs`.
template <class L>
class WholeChange final : public ChangeRule {
 public:
  WholeChange(const L& layer, std::vector<Shape> inputs)
      : layer_(&layer), shapes_(std::move(inputs)) {}

  void propagate(std::size_t /*slot*/, std::span<const ChangedInput> inputs,
                 std::span<const float> y, const NodeFaults& faults, Change& to) override {
    inherit(inputs, to);
    AlignedVector<Tensor> x;
    AlignedVector<const Tensor*> pointers;
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      x.push_back(Tensor::uninitialized(shapes_[n].with_batch(1)));
      inputs[n].write(x.back().values());
    }
    for (const Tensor& tensor : x) {
      pointers.push_back(&tensor);
    }
    const ActivationHook flip = faults.hook();
    Pass pass;
    pass.hook = faults.activation_bits.empty() ? nullptr : &flip;
    const Tensor result = layer_->forward(pointers, pass);
    std::ranges::copy(result.values(), to.values.begin());
    to.begin = 0;
    to.end = y.size();
  }

 private:
  const L* layer_;
  std::vector<Shape> shapes_;
};

}  // namespace upset
