// SPDX-License-Identifier: BSL-1.0
/// What the weights of a network are stored in, and under which guards. Activations lie in the same
/// format without a guard, as faults hit weights alone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <upset/nn/network.hpp>
#include <upset/nn/weights.hpp>

/// Codes as they are, in other words of memory.
struct Guard {
  std::string name;  ///< "none", parity over a "weight", "64", "256" bits, or a rival
  std::function<upset::Network(const upset::Network&)> guarded;  ///< of a network in the format
};

// Of "fp32", "bf16", "int8" and "int8c", "q7", "w1a1"; "none" comes first.
[[nodiscard]] std::vector<Guard> float_guards();
[[nodiscard]] std::vector<Guard> brain_float_guards();
[[nodiscard]] std::vector<Guard> integer_guards();
[[nodiscard]] std::vector<Guard> fixed_point_guards();
[[nodiscard]] std::vector<Guard> binary_guards();

// Networks of floats in another format.
[[nodiscard]] upset::Network in_brain_floats(const upset::Network& real);
[[nodiscard]] upset::Network in_integers(const upset::Network& real,
                                         upset::Granularity granularity);
