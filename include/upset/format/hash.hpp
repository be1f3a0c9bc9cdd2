// SPDX-License-Identifier: BSL-1.0
/// `std::hash` of every element type; equal values hash alike, +0 and -0 too.
#pragma once

#include <cstddef>
#include <functional>

#include <upset/format/concepts.hpp>

/// By code, except that whatever equals zero hashes as the code zero does.
template <upset::ElementType T>
struct std::hash<T> {
  [[nodiscard]] std::size_t operator()(T x) const noexcept {
    using Code = typename T::code_type;
    return std::hash<Code>{}(x == T{} ? T{}.bits() : x.bits());
  }
};
