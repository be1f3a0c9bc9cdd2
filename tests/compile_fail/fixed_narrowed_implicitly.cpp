// SPDX-License-Identifier: BSL-1.0
// expect: conversion from .+Fixed<16, ?8>.+ to non-scalar|no viable conversion from .+Fixed<16, 8>
#include <upset/format/fixed.hpp>

#ifdef UPSET_VALID
constexpr upset::Fixed<16, 8> x = upset::Fixed<8, 4>{};
#else
constexpr upset::Fixed<8, 4> x = upset::Fixed<16, 8>{};
#endif

int main() { return static_cast<int>(x.bits()); }
