// SPDX-License-Identifier: BSL-1.0
/// A check at compile time that is counted, and can be debugged, at run time.
#pragma once

#include <doctest/doctest.h>

/// `static_assert` and `CHECK`; built with -DUPSET_RELAXED only `CHECK`, so that a failing
/// condition can be stepped through.
#ifdef UPSET_RELAXED
#define UPSET_STATIC_CHECK(...) CHECK(__VA_ARGS__)
#else
#define UPSET_STATIC_CHECK(...)                  \
  static_assert(static_cast<bool>(__VA_ARGS__)); \
  CHECK(__VA_ARGS__)
#endif
