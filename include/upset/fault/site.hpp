// SPDX-License-Identifier: BSL-1.0
/// Where one fault is, in words a person can read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <upset/format/concepts.hpp>

namespace upset {

/// One bit of the fault space. Elements are counted as the memory image holds them.
struct Site {
  std::size_t set = 0;  ///< index of the parameter set in `FaultSpace::images()`
  std::uint64_t element =
      0;        ///< of the set; role `scale`: the scale; a check bit: its word's first
  int bit = 0;  ///< of the element's lane, check bits from `lane_bits` on; of the scale
  BitRole role{};

  [[nodiscard]] friend constexpr bool operator==(const Site&, const Site&) = default;
};

[[nodiscard]] constexpr std::string_view role_name(BitRole role) {
  switch (role) {
    case BitRole::sign:
      return "sign";
    case BitRole::exponent:
      return "exponent";
    case BitRole::fraction:
      return "fraction";
    case BitRole::level:
      return "level";
    case BitRole::plane:
      return "plane";
    case BitRole::parity:
      return "parity";
    case BitRole::check:
      return "check";
    case BitRole::copy:
      return "copy";
    case BitRole::scale:
      return "scale";
  }
  return "";
}

/// "conv1.kernel[17] bit 31", "conv1.kernel scale[0] bit 3"
[[nodiscard]] inline std::string site_name(std::string_view set, const Site& site) {
  return std::string(set) + (site.role == BitRole::scale ? " scale[" : "[") +
         std::to_string(site.element) + "] bit " + std::to_string(site.bit);
}

}  // namespace upset
