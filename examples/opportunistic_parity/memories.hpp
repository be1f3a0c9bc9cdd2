// SPDX-License-Identifier: BSL-1.0
/// What the weights are stored in: formats under guards.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <upset/nn/network.hpp>

/// A format and a guard of the weights. Activations lie in the same format without a guard, as
/// faults hit weights alone.
struct MemoryChoice {
  std::string format;  ///< "fp32", "bf16", "int8"
  std::string guard;   ///< "none", "weight", "64", "256": parity over so much; or a rival
  /// The float network in that memory; activation scales are not yet calibrated.
  std::function<upset::Network(const upset::Network&)> build;
};

[[nodiscard]] std::vector<MemoryChoice> float_memories();
[[nodiscard]] std::vector<MemoryChoice> brain_float_memories();
[[nodiscard]] std::vector<MemoryChoice> integer_memories();

/// All of them, in the order of the table: of each format, the unguarded one first.
[[nodiscard]] inline std::vector<MemoryChoice> all_memories() {
  std::vector<MemoryChoice> all = float_memories();
  for (const auto& more : {brain_float_memories(), integer_memories()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}
