// SPDX-License-Identifier: BSL-1.0
/// Whole numbers in JSON. The library's own conversion of 1e40 to an integer is undefined.
#pragma once

#include <concepts>
#include <cstdint>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <upset/core/error.hpp>

namespace upset::detail {

/// Throws `Error` for what is no whole number that `T` holds.
template <std::integral T>
[[nodiscard]] T json_integer(const nlohmann::json& json) {
  const bool is_held = json.is_number_unsigned()
                           ? std::in_range<T>(json.get<std::uint64_t>())
                           : json.is_number_integer() && std::in_range<T>(json.get<std::int64_t>());
  if (!is_held) {
    throw Error("has " + json.dump().substr(0, 40) + " where a whole number should stand");
  }
  return json.get<T>();
}

/// Of an array.
template <std::integral T>
[[nodiscard]] std::vector<T> json_integers(const nlohmann::json& json) {
  std::vector<T> result;
  for (const nlohmann::json& number : json) {
    result.push_back(json_integer<T>(number));
  }
  return result;
}

}  // namespace upset::detail
