// SPDX-License-Identifier: BSL-1.0
/// IEEE 754 binary32 as a format: the reference every other one is measured against.
#pragma once

#include <upset/format/minifloat.hpp>

namespace upset {

/// 1 sign, 8 exponent (bias 127), 23 fraction bits.
///
/// - range:    `+-3.40e38`, smallest positive `2^-149`
/// - rounding: from float none at all: `encode` and `decode` copy the bits, signalling NaN too;
///             from double and integers half to even; overflow to infinity
/// - source:   IEEE 754-2019, 3.6, binary32
using Float32 = Minifloat<8, 23>;

static_assert(ElementType<Float32> && sizeof(Float32) == 4);

}  // namespace upset
