// SPDX-License-Identifier: BSL-1.0
/// Biases that take back what rounding weights and activations adds to a channel's mean.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <upset/nn/network.hpp>
#include <upset/pass/calibrate.hpp>

namespace upset {

/// Adds to each bias of the convolutions and dense layers of `network` the mean, per output
/// channel, of what it gives too little for what it reads in `real`, the float network it was
/// converted from: bias += mean(W x + b) - mean(W_q x_q + b_q). Calibrate before.
///
/// Every layer is corrected for the values of the float network, as in the analytic form of the
/// source, so one pass over the pictures does for all; errors that layers before have passed on are
/// theirs to correct. Values that are not finite are left out, as `calibrate` leaves them out: one
/// picture with a NaN would make every bias NaN. A channel without any other keeps its bias. Layers
/// without biases stay as they are: fold batch norms before.
///
/// - shape:  `pictures` [B, input_shape]
/// - errors: throws `Error` for networks of different graphs, and without pictures
/// - cost:   one inference of the pictures in each network
/// - source: Nagel, van Baalen, Blankevoort and Welling, Data-Free Quantization Through Weight
///           Equalization and Bias Correction, ICCV 2019, section 4.2, with means measured (D)
inline void correct_biases(Network& network, const Network& real, const Tensor& pictures) {
  detail::expect_same_graph(network, real);
  if (pictures.size() == 0) {
    throw Error("Bias correction needs one picture at least");
  }
  struct Corrected {
    std::size_t node;
    Tensor* bias;
    std::vector<double> missing;  // per channel
    std::vector<double> values;   // of which that is the sum
  };
  std::vector<Corrected> all;
  for (std::size_t n = 0; n < network.size(); ++n) {
    for (const Parameter& parameter : network.layer(n).parameters()) {
      if (parameter.name == "bias") {
        const std::vector<double> none(parameter.value->size(), 0.0);
        all.push_back({n, parameter.value, none, none});
      }
    }
  }
  detail::for_each_part(real, pictures, [&](const Tensor& x, const std::vector<Tensor>& values) {
    for (Corrected& layer : all) {
      const std::size_t from = real.nodes()[layer.node].inputs[0];
      const Tensor* const read = from == Network::input ? &x : &values[from];
      const Tensor y = network.layer(layer.node).forward({&read, 1}, {});
      const std::size_t channels = layer.missing.size();
      for (std::size_t i = 0; i < y.size(); ++i) {
        const double missing =
            static_cast<double>(values[layer.node][i]) - static_cast<double>(y[i]);
        if (std::isfinite(missing)) {
          layer.missing[i % channels] += missing;
          layer.values[i % channels] += 1;
        }
      }
    }
  });
  for (const Corrected& layer : all) {
    for (std::size_t c = 0; c < layer.missing.size(); ++c) {
      (*layer.bias)[c] += static_cast<float>(layer.missing[c] / std::max(layer.values[c], 1.0));
    }
    network.layer(layer.node).encode();
  }
}

}  // namespace upset
