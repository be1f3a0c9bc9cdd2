// SPDX-License-Identifier: BSL-1.0
/// Nodes of ONNX models for layers that move values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <upset/io/onnx_export_windows.hpp>
#include <upset/nn/rearrange.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/nn/subsample.hpp>

namespace upset::detail {

class OnnxShapingNodes : public OnnxWindowNodes {
 protected:
  using OnnxWindowNodes::OnnxWindowNodes;

  /// False where layer `n` is another, or one that ONNX has no operator for.
  bool add_shaping(std::size_t n) {
    const AnyLayer& layer = network_.nodes()[n].layer;
    if (layer.target<Flatten>() != nullptr) {
      add(n, "Flatten");
      return true;
    }
    if (layer.target<Reshape>() != nullptr) {
      return add_reshape(n);
    }
    if (const auto* transpose = layer.target<Transpose>()) {
      return add_transpose(n, *transpose);
    }
    if (const auto* subsample = layer.target<Subsample>()) {
      return add_subsample(n, *subsample);
    }
    if (shape_of(n, 0).rank() == 1 && pixels_of(network_.nodes()[n].inputs[0]) != 1) {
      return false;  // the values lie in another order
    }
    if (const auto* pad = layer.target<Pad>()) {
      return add_borders(n, *pad);
    }
    const auto* slice = layer.target<Slice>();
    return slice != nullptr && add_part(n, *slice);
  }

 private:
  /// Of a file, what is axis `axis` of `rank` here, batch omitted.
  [[nodiscard]] static std::size_t axis_of(std::size_t axis, std::size_t rank) {
    return rank == 3 ? (axis + 1) % 3 : axis;
  }
  /// One number for each axis, those here, in the order of the file.
  template <class Number>
  [[nodiscard]] static OnnxIntegers by_axis(std::size_t rank, Number number) {
    OnnxIntegers result(rank);
    for (std::size_t axis = 0; axis < rank; ++axis) {
      result[axis_of(axis, rank)] = number(axis);
    }
    return result;
  }

  [[nodiscard]] static bool has_own_order(const Shape& shape) {
    return shape.rank() == 3 && shape[0] * shape[1] != 1 && shape[2] != 1;
  }
  std::string reshaped(const std::string& from, const std::string& to, OnnxIntegers extents) {
    extents.insert(extents.begin(), 0);  // the batch
    writer_.add_node("Reshape", to, {from, writer_.add_constant(to + ".shape", extents)}, to);
    return to;
  }
  std::string transposed_to(const std::string& from, const std::string& to, OnnxIntegers order) {
    writer_.add_node("Transpose", to, {from}, to, {{"perm", std::move(order)}});
    return to;
  }
  /// Input 0 with its values in the order that they have here.
  std::string in_our_order(std::size_t n) {
    const Shape& x = shape_of(n, 0);
    const std::size_t pixels = pixels_of(network_.nodes()[n].inputs[0]);
    if (has_own_order(x)) {
      return transposed_to(input(n, 0), name(n) + ".pixels", {0, 2, 3, 1});
    }
    if (x.rank() == 1 && pixels != 1) {
      const OnnxIntegers picture{integer(x[0] / pixels), integer(pixels)};
      return transposed_to(reshaped(input(n, 0), name(n) + ".picture", picture),
                           name(n) + ".pixels", {0, 2, 1});
    }
    return input(n, 0);
  }

  bool add_reshape(std::size_t n) {
    const Shape& to = network_.nodes()[n].shape;
    const bool is_picture_again = shape_of(n, 0).rank() == 1 && to.rank() == 3 &&
                                  pixels_of(network_.nodes()[n].inputs[0]) == to[0] * to[1];
    if (to.rank() == 1) {
      add(n, "Flatten");
    } else if (is_picture_again || !has_own_order(to)) {
      const std::string from = is_picture_again ? input(n, 0) : in_our_order(n);
      OnnxIntegers extents = integers(channels_first(to));
      extents.insert(extents.begin(), 0);
      add(n, "Reshape", {from, writer_.add_constant(name(n) + ".shape", extents)});
    } else {
      add(n, "Transpose", {reshaped(in_our_order(n), name(n) + ".reshaped", integers(to))},
          {{"perm", OnnxIntegers{0, 3, 1, 2}}});
    }
    return true;
  }

  bool add_transpose(std::size_t n, const Transpose& transpose) {
    const std::size_t rank = transpose.order().size();
    OnnxIntegers order = by_axis(rank, [&](std::size_t axis) {
      return integer(1 + axis_of(transpose.order()[axis], rank));
    });
    order.insert(order.begin(), 0);
    std::string from = input(n, 0);
    if (from == "input") {  // else readers might take it for one that has its channels last
      from = name(n) + ".input";
      writer_.add_node("Identity", from, {"input"}, from);
    }
    add(n, "Transpose", {from}, {{"perm", std::move(order)}});
    return true;
  }

  bool add_subsample(std::size_t n, const Subsample& subsample) {
    const auto stride = integer(subsample.stride());
    const std::string part = name(n) + ".part";
    add_slice(name(n), input(n, 0), part, {0, 0}, {most, most}, {2, 3}, {stride, stride});
    add_pad(n, part,
            {0, integer(subsample.zeros_before()), 0, 0, 0, integer(subsample.zeros_after()), 0, 0},
            0, "constant");
    return true;
  }

  bool add_borders(std::size_t n, const Pad& pad) {
    static constexpr const char* borders[] = {"constant", "edge", "reflect"};
    OnnxIntegers pads;
    for (const auto* side : {&pad.before(), &pad.after()}) {
      pads.push_back(0);  // of the batch
      for (const std::int64_t more :
           by_axis(side->size(), [&](std::size_t axis) { return integer((*side)[axis]); })) {
        pads.push_back(more);
      }
    }
    add_pad(n, input(n, 0), pads, pad.fill, borders[static_cast<std::size_t>(pad.border())]);
    return true;
  }

  bool add_part(std::size_t n, const Slice& slice) {
    const std::size_t rank = slice.ranges().size();
    OnnxIntegers axes;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      if (slice.ranges()[axis].step == 0) {
        return false;  // one value again and again
      }
      axes.push_back(integer(axis + 1));
    }
    const auto ends = [&](std::size_t axis) {
      const Range& range = slice.ranges()[axis];
      const std::int64_t end = integer(range.start) + integer(range.count) * range.step;
      return end < 0 ? -most : end;
    };
    add_slice(name(n), input(n, 0), output_,
              by_axis(rank, [&](std::size_t axis) { return integer(slice.ranges()[axis].start); }),
              by_axis(rank, ends), axes,
              by_axis(rank, [&](std::size_t axis) { return slice.ranges()[axis].step; }));
    return true;
  }
};

}  // namespace upset::detail
