// SPDX-License-Identifier: BSL-1.0
/// Trained networks, from disk where an earlier run left them.
#pragma once

#include <map>
#include <string>

#include "options.hpp"
#include "rows.hpp"

#include <upset/io/batch.hpp>
#include <upset/io/dataset.hpp>
#include <upset/nn/network.hpp>

/// Trains each format once and makes its rows.
class Workshop {
 public:
  Workshop(const Options& options, const upset::Dataset& train);

  [[nodiscard]] const upset::Normalisation& normalisation() const { return normalisation_; }
  /// The trained network of a row, encoded.
  [[nodiscard]] upset::Network make(const Row& row);

 private:
  /// `fresh` with trained parameters: those of the file called `name`, or trained now.
  [[nodiscard]] upset::Network trained(const std::string& name, upset::Network fresh,
                                       std::size_t epochs, double rate);
  [[nodiscard]] const upset::Network& real_network();
  /// The float network whose layers a row stores in its format.
  [[nodiscard]] upset::Network base_network(const Row& row);
  [[nodiscard]] const upset::Network& trained_format(const Row& row);

  const Options& options_;
  const upset::Dataset& train_;
  upset::Normalisation normalisation_;
  upset::Tensor calibration_;  ///< pictures that activation scales are fitted to
  std::map<std::string, upset::Network> networks_;
};
