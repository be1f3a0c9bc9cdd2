// SPDX-License-Identifier: BSL-1.0
/// fmt formatters: numbers print their value and take the specifiers of float; codes print bits.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include <upset/format/charconv.hpp>
#include <upset/format/quantize.hpp>

static_assert(FMT_VERSION >= 90000, "upset: interop/fmt.hpp needs fmt 9 or newer");

/// `{:.3f}` and every other specifier of the type of `T::value()`.
template <upset::NumberFormat T>
struct fmt::formatter<T> : fmt::formatter<decltype(T{}.value())> {
  template <class Context>
  auto format(T x, Context& context) const {
    return fmt::formatter<decltype(T{}.value())>::format(x.value(), context);
  }
};

/// "0b01011010": the bits, the highest first; takes the specifiers of a string.
template <upset::ElementType T>
requires(!upset::NumberFormat<T>) struct fmt::formatter<T> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(T x, Context& context) const {
    std::array<char, T::width + 2> text{};
    const auto end = upset::to_chars(text.data(), text.data() + text.size(), x);
    return fmt::formatter<std::string_view>::format(
        {text.data(), static_cast<std::size_t>(end.ptr - text.data())}, context);
  }
};
