// SPDX-License-Identifier: BSL-1.0
/// What the weights are stored in: formats under guards. Activations lie in the same format without
/// a guard, as faults hit weights alone.
#pragma once

#include <vector>

#include "common/formats.hpp"

// Formats "fp32", "bf16", "int8"; guards "none", parity over a "weight", "64", "256" bits, rivals.
[[nodiscard]] std::vector<Choice> float_memories();
[[nodiscard]] std::vector<Choice> brain_float_memories();
[[nodiscard]] std::vector<Choice> integer_memories();

/// All of them, in the order of the table: of each format, the unguarded one first.
[[nodiscard]] inline std::vector<Choice> all_memories() {
  std::vector<Choice> all = float_memories();
  for (const auto& more : {brain_float_memories(), integer_memories()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}
