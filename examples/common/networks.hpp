// SPDX-License-Identifier: BSL-1.0
/// The architectures that programs know by name.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <upset/nn/network.hpp>

[[nodiscard]] const std::vector<std::string>& network_names();

/// Of floats, weights zero. Throws `upset::Error` where there is no such name.
[[nodiscard]] upset::Network make_network(const std::string& name, const upset::Shape& picture,
                                          std::size_t classes);
