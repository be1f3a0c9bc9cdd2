// SPDX-License-Identifier: BSL-1.0
/// Operators of ONNX that slide a window over pictures: convolutions and pools.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <upset/io/onnx_builder.hpp>
#include <upset/io/onnx_constants.hpp>
#include <upset/io/onnx_products.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/transposed_conv2d.hpp>

namespace upset::detail {

/// One number for each axis of a picture.
using OnnxPair = std::array<std::size_t, 2>;

/// Attribute `key`: two numbers from 1 on, both 1 where it is not given.
[[nodiscard]] inline OnnxPair onnx_pair(const OnnxNode& node, const std::string& key,
                                        std::int64_t most) {
  const auto values = node.get(key, std::vector<std::int64_t>{1, 1});
  if (values.size() != 2) {
    throw Error("its " + key + " are for " + std::to_string(values.size()) +
                " axes; pictures have two");
  }
  return {within(values[0], 1, most, key), within(values[1], 1, most, key)};
}

inline constexpr std::int64_t most_taps = 4096;  ///< along an axis of a window, or of padding

/// Kernel, steps and the padding that is written out. Throws `Error` for other than two axes, and
/// windows far beyond those of any network.
[[nodiscard]] inline WindowGeometry onnx_geometry(const OnnxNode& node, const OnnxPair& kernel) {
  const OnnxPair stride = onnx_pair(node, "strides", most_taps);
  const OnnxPair dilation = onnx_pair(node, "dilations", most_taps);
  const auto pads = node.get("pads", std::vector<std::int64_t>(4, 0));
  if (pads.size() != 4) {
    throw Error("it has " + std::to_string(pads.size()) + " pads; pictures have four sides");
  }
  const auto pad = [&](std::size_t side) { return within(pads[side], 0, most_taps, "padding"); };
  return {.kernel_height = within(static_cast<std::int64_t>(kernel[0]), 1, most_taps, "kernel"),
          .kernel_width = within(static_cast<std::int64_t>(kernel[1]), 1, most_taps, "kernel"),
          .stride = {stride[0], stride[1]},
          .pad_top = pad(0),
          .pad_left = pad(1),
          .pad_bottom = pad(2),
          .pad_right = pad(3),
          .dilation = {dilation[0], dilation[1]}};
}

/// Replaces the padding by `all` rows and columns, of which the larger half comes first or last.
inline void pad_evenly(WindowGeometry& geometry, const OnnxPair& all, bool larger_first) {
  geometry.pad_top = (all[0] + (larger_first ? 1 : 0)) / 2;
  geometry.pad_left = (all[1] + (larger_first ? 1 : 0)) / 2;
  geometry.pad_bottom = all[0] - geometry.pad_top;
  geometry.pad_right = all[1] - geometry.pad_left;
}

/// The auto_pad of `node`. Throws `Error` for one that ONNX does not know.
[[nodiscard]] inline std::string auto_pad(const OnnxNode& node) {
  auto padding = node.get("auto_pad", std::string("NOTSET"));
  if (padding != "NOTSET" && padding != "VALID" && padding != "SAME_UPPER" &&
      padding != "SAME_LOWER") {
    throw Error("its auto_pad is " + padding + ", none that ONNX has");
  }
  return padding;
}

/// How far the taps of a window lie apart, plus one.
[[nodiscard]] inline OnnxPair reach_of(const WindowGeometry& geometry) {
  return {(geometry.kernel_height - 1) * geometry.dilation.rows + 1,
          (geometry.kernel_width - 1) * geometry.dilation.columns + 1};
}

/// The window of a convolution or pool on a picture of `extent` pixels.
///
/// - source: ONNX 1.12, Operators.md, Conv and MaxPool
[[nodiscard]] inline WindowGeometry onnx_window(const OnnxNode& node, const OnnxPair& kernel,
                                                const OnnxPair& extent) {
  WindowGeometry geometry = onnx_geometry(node, kernel);
  const std::string padding = auto_pad(node);
  if (padding != "NOTSET") {
    OnnxPair all{};
    const OnnxPair stride{geometry.stride.rows, geometry.stride.columns};
    for (std::size_t axis = 0; axis < 2 && padding != "VALID"; ++axis) {
      const std::size_t steps = (extent[axis] - 1) / stride[axis];
      const std::size_t needed = steps * stride[axis] + reach_of(geometry)[axis];
      all[axis] = needed - std::min(needed, extent[axis]);
    }
    pad_evenly(geometry, all, padding == "SAME_LOWER");
  }
  return geometry;
}

/// Height and width of a picture.
[[nodiscard]] inline OnnxPair pixels_of(const OnnxValue& picture) {
  return {picture.shape[1], picture.shape[2]};
}

/// The weights of a convolution, [O, I, Ky, Kx], whose kernel_shape must be theirs.
[[nodiscard]] inline Tensor onnx_kernel(const OnnxBuilder& to, const OnnxNode& node) {
  Tensor weight = to.tensor(node, 1);
  const Shape& shape = weight.shape();
  if (shape.rank() != 4 || weight.size() == 0) {
    throw Error("its weights have shape " + upset::to_string(shape) +
                "; those of convolutions of pictures have four extents");
  }
  const std::vector<std::int64_t> taps{static_cast<std::int64_t>(shape[2]),
                                       static_cast<std::int64_t>(shape[3])};
  if (node.get("kernel_shape", taps) != taps) {
    throw Error("its kernel_shape is not that of its weights, " + upset::to_string(shape));
  }
  return weight;
}

/// Input `n`, one value for each of `channels`; empty where it is left out.
[[nodiscard]] inline Tensor onnx_bias(const OnnxBuilder& to, const OnnxNode& node, std::size_t n,
                                      std::size_t channels) {
  return node.has_input(n) ? to.tensor(node, n).reshaped({channels}) : Tensor();
}

inline void import_conv(OnnxBuilder& to, const OnnxNode& node) {
  const std::optional<OnnxGrids> grids = product_grids(to, node, 0);
  const OnnxValue x = to.as_picture(product_input(to, node, grids));
  const Tensor weight = onnx_kernel(to, node);
  const Shape& shape = weight.shape();
  WindowGeometry geometry = onnx_window(node, {shape[2], shape[3]}, pixels_of(x));
  geometry.groups = within(node.get("group", std::int64_t{1}), 1,
                           static_cast<std::int64_t>(std::min(shape[0], x.shape[0])), "group");
  if (shape[0] % geometry.groups != 0 || shape[1] * geometry.groups != x.shape[0]) {
    throw Error("its weights " + upset::to_string(shape) + " in " +
                std::to_string(geometry.groups) + " groups do not fit pictures of " +
                std::to_string(x.shape[0]) + " channels");
  }
  Tensor kernel = to_tensor(permuted(to.constant(node, 1), {0, 2, 3, 1}));
  Tensor bias = onnx_bias(to, node, 2, shape[0]);
  AnyLayer layer = grids ? to.layers().conv(geometry, std::move(kernel), std::move(bias), *grids)
                         : Conv2d<>(geometry, std::move(kernel), std::move(bias));
  to.give_picture(node, layer_name(node, {1, 2}), std::move(layer), x);
}

// The output is pads shorter than the picture spread out and all windows on it; or as long as told.
inline void import_conv_transpose(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue x = to.picture(node, 0);
  const Tensor weight = onnx_kernel(to, node);
  const Shape& shape = weight.shape();
  WindowGeometry geometry = onnx_geometry(node, {shape[2], shape[3]});
  geometry.groups =
      within(node.get("group", std::int64_t{1}), 1, static_cast<std::int64_t>(x.shape[0]), "group");
  if (shape[0] != x.shape[0] || shape[0] % geometry.groups != 0) {
    throw Error("its weights " + upset::to_string(shape) + " in " +
                std::to_string(geometry.groups) + " groups do not fit pictures of " +
                std::to_string(x.shape[0]) + " channels");
  }
  const auto more = node.get("output_padding", std::vector<std::int64_t>(2, 0));
  const auto outputs = node.get("output_shape", std::vector<std::int64_t>{});
  const std::string padding = auto_pad(node);
  if (more.size() != 2 || (!outputs.empty() && outputs.size() != 2)) {
    throw Error("its output_padding or output_shape is not for the two axes of a picture");
  }
  OnnxPair added{within(more[0], 0, most_taps, "output_padding"),
                 within(more[1], 0, most_taps, "output_padding")};
  if (!outputs.empty() || padding != "NOTSET") {
    OnnxPair all{};
    const OnnxPair stride{geometry.stride.rows, geometry.stride.columns};
    for (std::size_t axis = 0; axis < 2 && (!outputs.empty() || padding != "VALID"); ++axis) {
      const std::size_t whole =
          (pixels_of(x)[axis] - 1) * stride[axis] + added[axis] + reach_of(geometry)[axis];
      const std::size_t wanted = outputs.empty()
                                     ? pixels_of(x)[axis] * stride[axis]
                                     : within(outputs[axis], 1, most_onnx_values, "output_shape");
      all[axis] = whole - std::min(whole, wanted);
      added[axis] += wanted - std::min(whole, wanted);
    }
    pad_evenly(geometry, all, padding != "SAME_UPPER");
  }
  const std::size_t channels = shape[1] * geometry.groups;
  to.give_picture(
      node, layer_name(node, {1, 2}),
      Conv2d<>(transposed(geometry, added[0], added[1]), transposed_kernel(weight, geometry.groups),
               onnx_bias(to, node, 2, channels)),
      x);
}

/// The window of a pool, cut at the end of the picture where asked for.
[[nodiscard]] inline WindowGeometry pool_window(const OnnxNode& node, const OnnxValue& x) {
  const OnnxPair pixels = pixels_of(x);
  const WindowGeometry window =
      onnx_window(node, onnx_pair(node, "kernel_shape", most_taps), pixels);
  return node.get("ceil_mode", std::int64_t{0}) == 0 ? window
                                                     : rounded_up(window, pixels[0], pixels[1]);
}

inline void import_max_pool(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue x = to.picture(node, 0);
  to.give_picture(node, layer_name(node), MaxPool(pool_window(node, x)), x);
}

inline void import_average_pool(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue x = to.picture(node, 0);
  const WindowGeometry window = pool_window(node, x);
  const bool counts_padding = node.get("count_include_pad", std::int64_t{0}) != 0;
  if (counts_padding &&
      window != onnx_window(node, {window.kernel_height, window.kernel_width}, pixels_of(x))) {
    throw Error("it counts padding, and its last windows reach beyond it, which is not supported");
  }
  to.give_picture(node, layer_name(node),
                  AveragePool(window, counts_padding ? Divisor::taps : Divisor::pixels), x);
}

inline void import_global_average_pool(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue x = to.picture(node, 0);
  const Shape shape{x.shape[0], 1, 1};
  to.give(node,
          {to.add(layer_name(node), GlobalAveragePool{}, {x.node}), shape, shape, axis_last(0, 3)});
}

inline void import_global_max_pool(OnnxBuilder& to, const OnnxNode& node) {
  const OnnxValue x = to.picture(node, 0);
  to.give_picture(node, layer_name(node),
                  MaxPool(WindowGeometry{.kernel_height = x.shape[1], .kernel_width = x.shape[2]}),
                  x);
}

}  // namespace upset::detail
