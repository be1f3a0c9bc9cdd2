// SPDX-License-Identifier: BSL-1.0
/// What is found out about a network in a memory: its accuracy, and what faults make of it.
#pragma once

#include <string>
#include <vector>

#include "options.hpp"

#include <upset/format/concepts.hpp>
#include <upset/metric/accuracy.hpp>
#include <upset/metric/resilience.hpp>

/// Accuracy at the rates that were tried, ascending.
struct Curve {
  int bit = -1;           ///< the position that is hit; -1: all
  upset::BitRole role{};  ///< of that position
  std::vector<upset::CurvePoint> points{};
  upset::GridRate berzad{};
};

struct Findings {
  std::string network;
  std::string format;
  std::string guard;
  upset::Count top1{};  ///< without faults, on the pictures of the experiments
  upset::Count top5{};
  double extra_bits_percent = 0;  ///< of the bits without a guard
  Curve all{};
  std::vector<Curve> by_bit{};
  double seconds = 0;
};

/// Studies all that is chosen, and says on standard error how far it is. What is finished lies in
/// the journals below `options.out`. Throws `upset::Error` for files that are missing or wrong.
[[nodiscard]] std::vector<Findings> study(const Options& options);
