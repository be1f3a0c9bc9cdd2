// SPDX-License-Identifier: BSL-1.0
/// ARM's CIFAR-10 network for Cortex-M, in floats and in the 8-bit fixed point (q7) of CMSIS-NN.
///
/// Source: L. Lai, N. Suda, V. Chandra, CMSIS-NN: Efficient Neural Network Kernels for Arm Cortex-M
/// CPUs, 2018; weights of ARM-software/ML-examples (GitHub), cmsisnn-cifar10.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/format/fixed.hpp>
#include <upset/io/npz.hpp>
#include <upset/io/weights.hpp>
#include <upset/nn/activation.hpp>
#include <upset/nn/broadcast.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/nn/round_to.hpp>

namespace upset {

namespace detail {

/// 3x3 windows in steps of 2; the last ones are cut at the border, so that sizes are rounded up.
[[nodiscard]] inline WindowGeometry cmsis_nn_pool(std::size_t extent) {
  return rounded_up(WindowGeometry::square(3, 2), extent, extent);
}

}  // namespace detail

/// conv1 32@5x5, max pool, relu; conv2 16@5x5, relu, average pool; conv3 32@5x5, relu, average
/// pool; ip1 10. Reads pixels from 0 to 255, red green blue, less the mean picture.
///
/// - arrays: conv1.0 [O, I, 5, 5], conv1.1 [O], ..., ip1.0 [10, 512], ip1.1 as Caffe numbers
///           parameters; mean [3, 32, 32]
/// - shape:  x [B, 32, 32, 3] -> logits [B, 10]
/// - errors: throws `Error` as `set_weights`, and where the mean is of another shape
[[nodiscard]] inline Network cmsis_nn(std::span<const NamedArray> arrays, const Tensor& mean) {
  if (mean.shape() != Shape{3, 32, 32}) {
    throw Error("The mean picture has shape " + to_string(mean.shape()) + ", not [3, 32, 32]");
  }
  Tensor offset({32, 32, 3});
  detail::transpose(mean.values(), offset.values(), 3, 1024);
  for (float& value : offset.values()) {
    value = -value;
  }
  const WindowGeometry window = WindowGeometry::square(5, 1, 2);
  Network net({32, 32, 3});
  net.add("mean", AddConstant(std::move(offset)));
  net.add("conv1", Conv2d<>::zeros(3, 32, window));
  net.add("pool1", MaxPool(detail::cmsis_nn_pool(32)));
  net.add("relu1", ReLU{});
  net.add("conv2", Conv2d<>::zeros(32, 16, window));
  net.add("relu2", ReLU{});
  net.add("pool2", AveragePool(detail::cmsis_nn_pool(16)));
  net.add("conv3", Conv2d<>::zeros(16, 32, window));
  net.add("relu3", ReLU{});
  net.add("pool3", AveragePool(detail::cmsis_nn_pool(8)));
  net.add("flatten", Flatten{});
  net.add("ip1", Dense<>::zeros(512, 10));
  set_weights(net, arrays);
  return net;
}

namespace detail {

/// `IP1_WT` as a matrix [10, 512]: rows 0-3 and 4-7 lie interleaved in tiles of four columns.
[[nodiscard]] inline Tensor cmsis_nn_rows(const Tensor& stored) {
  constexpr std::array<std::size_t, 16> row{0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3};
  constexpr std::array<std::size_t, 16> column{0, 0, 2, 2, 0, 0, 2, 2, 1, 1, 3, 3, 1, 1, 3, 3};
  constexpr std::size_t columns = 512;
  Tensor matrix({10, columns});
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    const std::size_t rows = i / (4 * columns) * 4;  // the first of its four
    const std::size_t within = i % (4 * columns);
    matrix[rows == 8 ? i
                     : (rows + row[within % 16]) * columns + within / 16 * 4 +
                           column[within % 16]] = stored[i];
  }
  return matrix;
}

}  // namespace detail

/// The same network in q7, bit for bit: 8-bit weights and activations, sums that are shifted and
/// rounded half up, averages rounded toward zero.
///
/// CMSIS-NN has integers and shifts alone. Here weights are `Fixed<8, 7>` and the points of
/// activations stand so that products differ by the shifts of the source (11, 8, 8, 7): `Fixed<8,
/// 6>`, `Fixed<8, 2>`, `Fixed<8, 1>`, `Fixed<8, 0>`. Biases, int8 on the device, are floats with
/// half a unit of the sum more, which rounds halves up; what is taken off averages rounds them
/// down.
///
/// - arrays: CONV1_WT .. CONV3_WT (OHWI), IP1_WT, _BIAS of each, MEAN_DATA (HWC), integers as in
///           the generated C headers
/// - shape:  x [B, 32, 32, 3], pixels from 0 to 255 -> logits [B, 10], integers from -128 to 127
/// - errors: throws `Error` naming an array that is missing or has another number of values
[[nodiscard]] inline Network cmsis_nn_q7(std::span<const NamedArray> arrays) {
  const auto integers = [&](const std::string& name, const Shape& shape) {
    return to_tensor(detail::array_called(arrays, name, 1)).reshaped(shape);
  };
  const auto scaled = [](Tensor tensor, float more, float by) {
    for (float& value : tensor.values()) {
      value = (value + more) * by;
    }
    return tensor;
  };
  const auto weights = [&](const std::string& name, const Shape& shape) {
    return scaled(integers(name, shape), 0, 0x1p-7F);
  };
  // sums are in units of 2^-7 and the step of the input
  const auto bias = [&](const std::string& name, std::size_t size, float input_step,
                        float shifted) {
    return scaled(scaled(integers(name, {size}), 0, shifted), 0.5F, 0x1p-7F * input_step);
  };
  // a mean of up to nine integers is one, or at least a ninth of a step above it
  const auto down = [](float step) { return AddConstant(Tensor({1}, -0.46875F * step)); };
  const WindowGeometry window = WindowGeometry::square(5, 1, 2);
  using W = Fixed<8, 7>;
  Network net({32, 32, 3});
  net.add("mean", AddConstant(scaled(integers("MEAN_DATA", {32, 32, 3}), 0, -1)));
  net.add("scale", MultiplyConstant(Tensor({1}, 0x1p-6F)));
  net.add("conv1", Conv2d<W, Fixed<8, 6>, Float32>(window, weights("CONV1_WT", {32, 5, 5, 3}),
                                                   bias("CONV1_BIAS", 32, 0x1p-6F, 1)));
  net.add("pool1", MaxPool(detail::cmsis_nn_pool(32)));
  net.add("relu1", ReLU{});
  net.add("conv2", Conv2d<W, Fixed<8, 2>, Float32>(window, weights("CONV2_WT", {16, 5, 5, 32}),
                                                   bias("CONV2_BIAS", 16, 0x1p-2F, 1)));
  net.add("round2", RoundTo<Fixed<8, 1>>());
  net.add("relu2", ReLU{});
  net.add("pool2", AveragePool(detail::cmsis_nn_pool(16)));
  net.add("down2", down(0x1p-1F));
  net.add("conv3", Conv2d<W, Fixed<8, 1>, Float32>(window, weights("CONV3_WT", {32, 5, 5, 16}),
                                                   bias("CONV3_BIAS", 32, 0x1p-1F, 1)));
  net.add("round3", RoundTo<Fixed<8, 0>>());
  net.add("relu3", ReLU{});
  net.add("pool3", AveragePool(detail::cmsis_nn_pool(8)));
  net.add("down3", down(1));
  net.add("flatten", Flatten{});
  net.add("ip1", Dense<W, Fixed<8, 0>, Float32>(
                     scaled(detail::cmsis_nn_rows(integers("IP1_WT", {5120})), 0, 0x1p-7F),
                     bias("IP1_BIAS", 10, 1, 32)));
  net.add("round", RoundTo<Fixed<8, 0>>());
  return net;
}

}  // namespace upset
