// SPDX-License-Identifier: BSL-1.0
/// The upper half of a float: the range of binary32 with 8 bits of precision.
#pragma once

#include <upset/format/minifloat.hpp>

namespace upset {

/// 1 sign, 8 exponent (bias 127), 7 fraction bits.
///
/// - range:    `+-3.39e38`, smallest positive `2^-133`
/// - rounding: half to even, once, from float, double and integers; subnormals kept; overflow to
///             infinity. 126 codes are signalling NaN: conversions quiet them, copies do not
/// - source:   Intel, BFLOAT16 - Hardware Numerics Definition, 2018, but with subnormals
using BFloat16 = Minifloat<8, 7>;

static_assert(ElementType<BFloat16> && sizeof(BFloat16) == 2);

}  // namespace upset
