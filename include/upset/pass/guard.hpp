// SPDX-License-Identifier: BSL-1.0
/// A network whose weights lie in memory under a guard.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <upset/nn/network.hpp>
#include <upset/nn/round_to.hpp>
#include <upset/pass/convert.hpp>

namespace upset {

namespace detail {

/// Scales of `G` for values that lie in memory under `scales` of `T`.
template <Format T, Format G>
[[nodiscard]] std::vector<typename G::Scale> guarded_scales(
    std::span<const float> values, std::span<const typename T::Scale> scales) {
  if constexpr (std::same_as<typename G::Scale, typename T::Scale>) {
    return {scales.begin(), scales.end()};
  } else {
    std::vector<typename G::Scale> result;
    const std::size_t part = values.size() / scales.size();
    for (std::size_t i = 0; i < scales.size(); ++i) {
      result.push_back(G::around(scales[i], values.subspan(i * part, part)));
    }
    return result;
  }
}

/// `from` with its weights in the format of `To`; `geometry` is what a convolution has besides.
template <Layer To, Layer From, class... Geometry>
[[nodiscard]] To guarded_layer(const From& from, const Tensor& weights,
                               const Geometry&... geometry) {
  using T = typename From::WeightFormat;
  using G = typename To::WeightFormat;
  To layer = [&] {
    if constexpr (takes_scales<G>) {
      return To(geometry..., weights, from.bias(),
                guarded_scales<T, G>(weights.values(), from.kernel_scales()));
    } else {
      return To(geometry..., weights, from.bias());
    }
  }();
  layer.set_input_scale(from.input_scale());
  return layer;
}

}  // namespace detail

/// The same network with weights that are stored in `T`, of layers that read `A`, under the guard
/// `G` of `T`: scales, and codes but for what the guard gives away, stay as they are, also those of
/// a file and those that calibration or training found. Biases in the format that goes with `T`
/// come under the guard too; biases in another, `B`, stay. Activations are stored in `H`, a guard
/// of `A`, also those that pass through `RoundTo<A>`.
///
/// Other layers stay as they are; a network whose layers read several formats is guarded by one
/// call for each.
///
/// - cost: every weight is encoded once or twice
template <Format T, Format G, Format A = T, Format B = BiasFormat<T>, Format H = A>
requires std::same_as<typename H::Scale, typename A::Scale>
[[nodiscard]] Network guard(Network network) {
  using GuardedBias = std::conditional_t<std::same_as<B, BiasFormat<T>>, BiasFormat<G>, B>;
  Network result(network.input_shape());
  for (const Network::Node& node : network.nodes()) {
    AnyLayer layer = node.layer;
    if (const auto* conv = node.layer.target<Conv2d<T, A, B>>()) {
      layer =
          detail::guarded_layer<Conv2d<G, H, GuardedBias>>(*conv, conv->kernel(), conv->geometry());
    } else if (const auto* dense = node.layer.target<Dense<T, A, B>>()) {
      layer = detail::guarded_layer<Dense<G, H, GuardedBias>>(*dense, dense->weight());
    } else if (const auto* round = node.layer.target<RoundTo<A>>()) {
      layer = RoundTo<H>(round->input_scale());
    }
    result.add(node.name, std::move(layer), node.inputs);
  }
  copy_parameters(network, result);  // factors of scales, where they are learned
  return result;
}

}  // namespace upset
