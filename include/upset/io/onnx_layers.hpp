// SPDX-License-Identifier: BSL-1.0
/// The layers that 8-bit parts of ONNX graphs become, in the formats that the caller chooses.
#pragma once

#include <utility>
#include <vector>

#include <upset/format/int8_affine.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/round_to.hpp>

namespace upset::detail {

/// What 8-bit weights, one grid or one for each output, and the values they multiply lie on.
struct OnnxGrids {
  std::vector<AffineScale> weights;
  AffineScale values;
};

/// Functions that make layers, so that the importer itself knows no format.
struct OnnxLayers {
  AnyLayer (*conv)(const WindowGeometry&, Tensor kernel, Tensor bias, OnnxGrids) = nullptr;
  AnyLayer (*dense)(Tensor weight, Tensor bias, OnnxGrids) = nullptr;
  AnyLayer (*round)(const AffineScale& grid) = nullptr;
};

/// Weights in `W`, values in `A`, both `Int8Affine` or a guard of it.
template <Format W, Format A>
inline constexpr OnnxLayers onnx_layers{
    [](const WindowGeometry& geometry, Tensor kernel, Tensor bias, OnnxGrids grids) -> AnyLayer {
      Conv2d<W, A> layer(geometry, std::move(kernel), std::move(bias), std::move(grids.weights));
      layer.set_input_scale(grids.values);
      return layer;
    },
    [](Tensor weight, Tensor bias, OnnxGrids grids) -> AnyLayer {
      Dense<W, A> layer(std::move(weight), std::move(bias), std::move(grids.weights));
      layer.set_input_scale(grids.values);
      return layer;
    },
    [](const AffineScale& grid) -> AnyLayer { return RoundTo<A>(grid); }};

}  // namespace upset::detail
