// SPDX-License-Identifier: BSL-1.0
/// A format under every guard of the study.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "memories.hpp"

#include <upset/guard/guards.hpp>
#include <upset/pass/convert.hpp>

template <upset::Format W, upset::Format A>
[[nodiscard]] MemoryChoice make_memory(const std::string& format, std::string guard) {
  return {.format = format, .guard = std::move(guard), .build = [](const upset::Network& net) {
            return upset::convert<W, A>(net);
          }};
}

template <upset::Format T>
[[nodiscard]] std::vector<MemoryChoice> make_memories(const std::string& format) {
  using namespace upset;
  return {make_memory<T, T>(format, "none"),
          make_memory<ParityGuarded<T, Unsigned<T::width>>, T>(format, "weight"),
          make_memory<ParityGuarded<T, std::uint64_t>, T>(format, "64"),
          make_memory<ParityGuarded<T, WideWord<256>>, T>(format, "256"),
          make_memory<Secded<T, std::uint64_t>, T>(format, "SECDED/64"),
          make_memory<Triplicated<T>, T>(format, "TMR"),
          make_memory<MsbDuplicated<T>, T>(format, "MSB twice"),
          make_memory<RangeGuarded<T>, T>(format, "range")};
}
