// SPDX-License-Identifier: BSL-1.0
/// What can be chosen, for --networks, --formats and --guards.
#pragma once

#include <string>
#include <vector>

/// Those that are trained; "random", which is not, is left out.
[[nodiscard]] std::vector<std::string> subject_names();
[[nodiscard]] std::vector<std::string> format_names();
[[nodiscard]] std::vector<std::string> guard_names();
