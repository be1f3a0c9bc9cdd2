// SPDX-License-Identifier: BSL-1.0
/// What several programs read from their command lines.
#pragma once

#include <string>
#include <vector>

#include <upset/io/batch.hpp>

/// Of CLI11, which reads -3 as 2^64 - 3 and 2^64 as 2^64 - 1 where the option is unsigned: empty,
/// or what is wrong.
[[nodiscard]] std::string whole_number(const std::string& text);

/// "a, b, c"
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

/// "MEANS/DEVIATIONS" of pixels from 0 to 1. Throws `upset::Error`.
[[nodiscard]] upset::Normalisation normalisation_in(const std::string& text);
