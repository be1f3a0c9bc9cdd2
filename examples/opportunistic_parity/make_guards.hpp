// SPDX-License-Identifier: BSL-1.0
/// Guards of a format.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "guards.hpp"

#include <upset/guard/guards.hpp>
#include <upset/pass/guard.hpp>

[[nodiscard]] inline Guard no_guard() {
  return {"none", [](const upset::Network& network) { return network; }};
}

template <upset::Format T, upset::Format G>
[[nodiscard]] Guard make_guard(std::string name) {
  return {std::move(name),
          [](const upset::Network& network) { return upset::guard<T, G>(network); }};
}

/// Every guard of the study.
template <upset::Format T>
[[nodiscard]] std::vector<Guard> make_guards() {
  using namespace upset;
  return {no_guard(),
          make_guard<T, ParityGuarded<T, Unsigned<T::width>>>("weight"),
          make_guard<T, ParityGuarded<T, std::uint64_t>>("64"),
          make_guard<T, ParityGuarded<T, WideWord<256>>>("256"),
          make_guard<T, Secded<T, std::uint64_t>>("SECDED/64"),
          make_guard<T, Triplicated<T>>("TMR"),
          make_guard<T, MsbDuplicated<T>>("MSB twice"),
          make_guard<T, RangeGuarded<T, ZeroOutside>>("range"),
          make_guard<T, RangeGuarded<T, EndOutside>>("clamp")};
}
