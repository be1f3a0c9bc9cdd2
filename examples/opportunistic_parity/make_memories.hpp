// SPDX-License-Identifier: BSL-1.0
/// A format under every guard of the study.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/make_choice.hpp"
#include "memories.hpp"

template <upset::Format T>
[[nodiscard]] std::vector<Choice> make_memories(const std::string& format) {
  using namespace upset;
  return {make_choice<T>(format, "none"),
          make_choice<ParityGuarded<T, Unsigned<T::width>>, T>(format, "weight"),
          make_choice<ParityGuarded<T, std::uint64_t>, T>(format, "64"),
          make_choice<ParityGuarded<T, WideWord<256>>, T>(format, "256"),
          make_choice<Secded<T, std::uint64_t>, T>(format, "SECDED/64"),
          make_choice<Triplicated<T>, T>(format, "TMR"),
          make_choice<MsbDuplicated<T>, T>(format, "MSB twice"),
          make_choice<RangeGuarded<T>, T>(format, "range")};
}
