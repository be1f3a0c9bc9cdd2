// SPDX-License-Identifier: BSL-1.0
/// Wrong on purpose: `core/random.hpp` brings Random123 and is for rank 5 upwards.
#pragma once

#include <upset/core/random.hpp>
