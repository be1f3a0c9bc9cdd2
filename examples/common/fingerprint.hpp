// SPDX-License-Identifier: BSL-1.0
/// What tells contents apart in the plan of a journal: 16 hexadecimal digits.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <upset/nn/network.hpp>

/// Of the values of all parameter sets, and of the bits of their scales.
[[nodiscard]] std::string fingerprint_of_memory(upset::Network& network);

[[nodiscard]] std::string fingerprint_of_pictures(const upset::Tensor& pictures,
                                                  std::span<const std::uint16_t> labels);

[[nodiscard]] std::string fingerprint_of_bits(std::span<const std::uint64_t> bits);
