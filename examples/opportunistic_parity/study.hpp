// SPDX-License-Identifier: BSL-1.0
/// What is found out about a network in a memory: its accuracy, and what faults make of it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "memories.hpp"
#include "options.hpp"
#include "subjects.hpp"

#include <upset/metric/accuracy.hpp>
#include <upset/metric/footprint.hpp>
#include <upset/metric/resilience.hpp>

/// Accuracy at the rates that were tried, ascending.
struct Curve {
  int bit = -1;  ///< the position that is hit; -1: all
  std::vector<upset::CurvePoint> points{};
  upset::GridRate berzad{};
};

struct Findings {
  std::string network;
  std::string format;
  std::string guard;
  upset::Count top1{};  ///< without faults, on the pictures of the experiments
  upset::Count top5{};
  upset::Footprint footprint{};
  Curve all{};
  std::vector<Curve> by_bit{};
  double seconds = 0;
};

/// The network in this memory, calibrated: integers have their layers equalised, where no clip lies
/// between (MobileNetV2 needs its ReLU6), and biases corrected for what is rounded. A guard changes
/// words, not what is trained: its network has the biases of the unguarded one.
[[nodiscard]] upset::Network in_memory(const Subject& subject, const Choice& memory,
                                       const Choice& unguarded);

/// Studies one network in one memory. What is finished lies in the journals below `options.out`.
[[nodiscard]] Findings study(const Options& options, const Subject& subject, upset::Network network,
                             const Choice& memory,
                             const std::function<void(const std::string&)>& progress);
