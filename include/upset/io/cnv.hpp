// SPDX-License-Identifier: BSL-1.0
/// CNV-W1A1, a binary network for CIFAR-10, from its bits and thresholds.
///
/// Source: Y. Umuroglu et al., FINN: A Framework for Fast, Scalable Binarized Neural Network
/// Inference, 2017; weights of Xilinx/BNN-PYNQ (GitHub).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/format/binary.hpp>
#include <upset/format/fixed.hpp>
#include <upset/io/npz.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/reshape.hpp>

namespace upset {

namespace detail {

/// Bits [O, I, Ky, Kx] or [O, I] of the first `outputs` rows as signs [O, Ky, Kx, I].
[[nodiscard]] inline Tensor cnv_signs(const Array& bits, std::size_t outputs) {
  const Tensor values = to_tensor(bits);
  const bool is_conv = bits.shape.rank() == 4;
  const std::size_t taps = is_conv ? bits.shape[2] * bits.shape[3] : 1;
  const std::size_t in = bits.shape[1];
  Tensor signs(is_conv ? Shape{outputs, bits.shape[2], bits.shape[3], in} : Shape{outputs, in});
  for (std::size_t i = 0; i < signs.size(); ++i) {
    const std::size_t o = i / (taps * in);
    const std::size_t tap = i / in % taps;
    signs[i] = values[(o * in + i % in) * taps + tap] > 0 ? 1.0F : -1.0F;
  }
  return signs;
}

}  // namespace detail

/// Six convolutions and three dense layers of one-bit weights; pictures in `Fixed<8, 7>`,
/// everything behind in `Binary`. Scores are exact integers, the sums of the last layer.
///
/// A threshold on a sum of signs is the bias of its layer: the next one reads +1 where sum and bias
/// are not negative. Bits are as many as on the device; thresholds lie in memory as floats.
///
/// Pictures are given as `Normalisation{{0.501953125}, {0.5}}` of pixels, red green blue: half a
/// step less than pixels on -1 to 1, so that rounding to nearest is the rounding down of the
/// source.
///
/// - arrays: L0.w .. L8.w [O, I, 3, 3] or [O, I] with 1 for +1 and 0 for -1; L0.thr .. L7.thr [O].
///           Rows of L8 beyond the tenth are padding
/// - shape:  x [B, 32, 32, 3] -> scores [B, 10]
/// - errors: throws `Error` naming an array that is missing, or a layer that does not fit
[[nodiscard]] inline Network cnv_w1a1(std::span<const NamedArray> arrays) {
  Network net({32, 32, 3});
  for (std::size_t n = 0; n < 9; ++n) {
    const std::string layer = "L" + std::to_string(n);
    const Array& bits = detail::array_called(arrays, layer + ".w", n < 6 ? 4 : 2);
    const std::size_t outputs = n < 8 ? bits.shape[0] : 10;
    if (bits.shape[0] < outputs) {
      throw Error("Array " + layer + ".w has fewer than 10 rows");
    }
    Tensor signs = detail::cnv_signs(bits, outputs);
    Tensor bias({outputs});
    if (n < 8) {
      const Tensor thresholds = to_tensor(detail::array_called(arrays, layer + ".thr", 1));
      if (thresholds.size() != outputs) {
        throw Error("Array " + layer + ".thr should have a threshold for each row of " + layer +
                    ".w");
      }
      const auto fan_in = static_cast<float>(signs.size() / outputs);
      for (std::size_t o = 0; o < outputs; ++o) {
        // sum > thr / 256, of multiples of 1 / 128; (sum + fan_in) / 2 > thr, of integers
        bias[o] = n == 0 ? -(thresholds[o] + 1) / 256 : fan_in - 2 * thresholds[o] - 1;
      }
    }
    const WindowGeometry window = WindowGeometry::square(3);
    if (n == 0) {
      net.add(layer, Conv2d<Binary, Fixed<8, 7>, Float32>(window, std::move(signs), bias));
    } else if (n < 6) {
      net.add(layer, Conv2d<Binary, Binary, Float32>(window, std::move(signs), bias));
    } else {
      net.add(layer, Dense<Binary, Binary, Float32>(std::move(signs), bias));
    }
    if (n == 1 || n == 3) {  // of sums, whose signs are those of the largest bit
      net.add("pool" + std::to_string(n), MaxPool(2));
    } else if (n == 5) {
      net.add("flatten", Flatten{});
    }
  }
  return net;
}

}  // namespace upset
