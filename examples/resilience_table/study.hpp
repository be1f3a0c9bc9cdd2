// SPDX-License-Identifier: BSL-1.0
/// What is found out about a row: its accuracy, and what faults make of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rows.hpp"

#include <upset/campaign/sweep.hpp>
#include <upset/metric/footprint.hpp>
#include <upset/metric/interval.hpp>
#include <upset/metric/resilience.hpp>

/// A curve and its figures.
struct Sweep {
  std::vector<upset::Trial> trials;
  std::vector<upset::CurvePoint> curve;
  upset::GridRate tolerated;
  upset::GridRate berzad;
  double auc = 0;

  /// - fault_free: of the pictures that all trials have seen
  Sweep(std::vector<upset::Trial> all, const upset::Count& fault_free);
  Sweep() = default;
};

struct Findings {
  Row row{};
  upset::Count fault_free{};         ///< all pictures of the test set
  upset::Count fault_free_subset{};  ///< the pictures of the trials
  upset::Footprint footprint{};
  Sweep weights{};
  Sweep activations{};

  [[nodiscard]] double bits_per_weight() const { return footprint.bits_per_element(); }
  /// Beyond the codes alone: copies, check bits and scales.
  [[nodiscard]] double extra_bits_percent() const {
    return 100.0 * static_cast<double>(footprint.protection_bits + footprint.scale_bits) /
           static_cast<double>(footprint.code_bits);
  }
};
