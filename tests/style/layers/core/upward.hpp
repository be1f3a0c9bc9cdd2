// SPDX-License-Identifier: BSL-1.0
/// Wrong on purpose, for the test of cmake/CheckLayers.cmake: a core header includes a format.
#pragma once

#include <vector>

#include <upset/format/fixed.hpp>

namespace upset {

struct Upward {};

}  // namespace upset
