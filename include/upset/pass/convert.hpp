// SPDX-License-Identifier: BSL-1.0
/// A network in another format.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/network.hpp>
#include <upset/nn/round_to.hpp>

namespace upset {

/// Which layers a pass changes, by name.
using LayerFilter = std::function<bool(std::string_view layer)>;

[[nodiscard]] inline bool every_layer(std::string_view /*layer*/) { return true; }

/// The same graph with the float convolution and dense layers that `which` accepts stored and
/// multiplied as weights `W` and activations `A`, and what passes through memory between layers
/// (`RoundTo<Float32>`) rounded to `A`. Other layers, and layers already in another
/// format, stay as they are, so formats are mixed by converting several times.
///
/// Weights are rounded from the float ones; activation scales keep their defaults until
/// `Network::calibrate` or training sets them.
template <Format W, Format A = W>
[[nodiscard]] Network convert(const Network& network, const LayerFilter& which = every_layer,
                              Granularity granularity = Granularity::per_tensor) {
  Network result(network.input_shape());
  for (const Network::Node& node : network.nodes()) {
    AnyLayer layer = node.layer;
    if (which(node.name)) {
      if (const auto* conv = node.layer.target<Conv2d<Float32>>()) {
        layer = Conv2d<W, A>(conv->geometry(), conv->kernel(), conv->bias(), granularity);
      } else if (const auto* dense = node.layer.target<Dense<Float32>>()) {
        layer = Dense<W, A>(dense->weight(), dense->bias(), granularity);
      } else if (node.layer.target<RoundTo<Float32>>() != nullptr) {
        layer = RoundTo<A>();
      }
    }
    result.add(node.name, std::move(layer), node.inputs);
  }
  return result;
}

/// Copies every parameter of `from` to the one of the same name in `to`, and encodes `to`.
///
/// This moves trained values between networks that differ in guards alone: a guard keeps the
/// parameters and scales of the format it wraps. Throws `Error` naming a parameter that only one of
/// the two has, or whose shapes differ, before anything is copied.
inline void copy_parameters(Network& from, Network& to) {
  std::map<std::string, Tensor*> sources;
  for (const Parameter& parameter : from.parameters()) {
    sources[parameter.name] = parameter.value;
  }
  std::vector<std::pair<Tensor*, const Tensor*>> copies;
  for (const Parameter& parameter : to.parameters()) {
    const auto found = sources.find(parameter.name);
    if (found == sources.end() || found->second->shape() != parameter.value->shape()) {
      throw Error("Parameter " + parameter.name + " of shape " +
                  to_string(parameter.value->shape()) +
                  " has no counterpart in the network it is copied from");
    }
    copies.emplace_back(parameter.value, found->second);
    sources.erase(found);
  }
  if (!sources.empty()) {
    throw Error("Parameter " + sources.begin()->first +
                " has no counterpart in the network it is copied to");
  }
  for (const auto& [target, source] : copies) {
    *target = *source;
  }
  to.encode();
}

}  // namespace upset
