// SPDX-License-Identifier: BSL-1.0
// expect: conversion from .+double.+ to non-scalar type|no viable conversion from .double
#include <upset/format/fixed.hpp>

#ifdef UPSET_VALID
constexpr upset::Fixed<8, 4> x{0.4};
#else
constexpr upset::Fixed<8, 4> x = 0.4;
#endif

int main() { return static_cast<int>(x.bits()); }
