// SPDX-License-Identifier: BSL-1.0
/// All that the result of a training depends on, as text that can be compared.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <upset/core/fnv1a.hpp>
#include <upset/io/dataset.hpp>
#include <upset/nn/network.hpp>
#include <upset/train/checked_file.hpp>
#include <upset/train/options.hpp>
#include <upset/train/parameter_file.hpp>

namespace upset {

/// What defines a training: pairs of a name and a value, all of which must be equal for it to be
/// resumed. Numbers of type double are written exactly; what is long is written as a checksum.
/// Constants within layers, as the bound of a clip or a stride that no shape tells, are left out.
using TrainingPlan = std::vector<std::pair<std::string, std::string>>;

/// The plan of a training from the weights that `network` has, whose learning rates are known by
/// the samples `rates`.
///
/// - cost: one pass over the pixels and one over the weights, for their checksums
[[nodiscard]] inline TrainingPlan plan_of(Network& network, const Dataset& data,
                                          const TrainOptions& options,
                                          std::span<const double> rates) {
  TrainingPlan plan;
  const auto add = [&](std::string name, auto value) {
    if constexpr (std::floating_point<decltype(value)>) {
      char text[32];
      std::snprintf(text, sizeof text, "%.17g", static_cast<double>(value));
      plan.emplace_back(std::move(name), text);
    } else if constexpr (std::integral<decltype(value)>) {
      plan.emplace_back(std::move(name), std::to_string(value));
    } else {
      plan.emplace_back(std::move(name), std::move(value));
    }
  };
  const auto bytes = [](const auto& all) {
    return std::string_view(reinterpret_cast<const char*>(all.data()), all.size() * sizeof(all[0]));
  };
  add("pictures", std::to_string(data.size()) + " of " + to_string(data.shape()));
  add("checksum of pictures and labels",
      detail::fnv1a(bytes(data.labels), detail::fnv1a(bytes(data.pixels))));
  for (const Network::Node& node : network.nodes()) {
    std::string wiring = node.layer.kind() + " of";
    for (const std::size_t from : node.inputs) {
      wiring += " " + (from == Network::input ? "the input" : network.nodes()[from].name);
    }
    add("layer " + node.name, wiring + " to " + to_string(node.shape));
  }
  for (const auto& [name, bits] : detail::fitted_scales(network)) {
    add(name, bits);
  }
  for (const NamedImage& image : network.images()) {
    add("format of " + image.name, std::string(image.image->format_name()));
  }
  std::uint64_t values = detail::fnv1a("");
  for (const Parameter& parameter : network.parameters()) {
    values = detail::fnv1a(bytes(parameter.value->values()), values);
  }
  add("checksum of the first weights", values);
  add("epochs", options.epochs);
  add("batch", options.batch);
  add("shard", options.shard);
  add("seed", options.seed);
  add("share held out", options.held_out);
  add("patience", options.patience);
  add("augmentation by shift", options.augmentation.shift);
  add("augmentation by flip", options.augmentation.flip ? 1 : 0);
  add("label smoothing", options.loss.smoothing);
  add("scale rate", options.scale_rate);
  if (const auto* const adam = std::get_if<Adam>(&options.optimizer)) {
    add("optimiser", std::string("Adam"));
    add("beta1", adam->beta1);
    add("beta2", adam->beta2);
    add("epsilon", adam->epsilon);
    add("weight decay", adam->weight_decay);
  } else if (const auto* const sgd = std::get_if<Sgd>(&options.optimizer)) {
    add("optimiser", std::string("SGD"));
    add("momentum", sgd->momentum);
    add("nesterov", sgd->nesterov ? 1 : 0);
    add("weight decay", sgd->weight_decay);
  }
  add("checksum of the learning rates", detail::fnv1a(bytes(rates)));
  add("checksum of the normalisation",
      detail::fnv1a(bytes(options.normalisation.deviation),
                    detail::fnv1a(bytes(options.normalisation.mean))));
  return plan;
}

}  // namespace upset
