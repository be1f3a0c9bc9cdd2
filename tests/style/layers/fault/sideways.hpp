// SPDX-License-Identifier: BSL-1.0
/// Wrong on purpose: a folder of the same rank, a leaf, and a relative path. Randomness is right.
#pragma once

#include "../core/bits.hpp"

#include <upset/core/random.hpp>
#include <upset/interop/fmt.hpp>
#include <upset/metric/auc.hpp>
