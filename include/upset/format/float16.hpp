// SPDX-License-Identifier: BSL-1.0
/// IEEE 754 binary16, "half".
#pragma once

#include <upset/format/minifloat.hpp>

namespace upset {

/// 1 sign, 5 exponent (bias 15), 10 fraction bits.
///
/// - range:    `+-65504`, smallest normal `2^-14`, smallest positive `2^-24`
/// - rounding: half to even, once, from float, double and integers; overflow to infinity (65520
///             and beyond)
/// - source:   IEEE 754-2019, 3.6, binary16
using Float16 = Minifloat<5, 10>;

static_assert(ElementType<Float16> && sizeof(Float16) == 2);

}  // namespace upset
