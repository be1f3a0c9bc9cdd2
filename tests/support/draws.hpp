// SPDX-License-Identifier: BSL-1.0
/// How much of a random test is run.
#pragma once

#include <cstddef>

namespace upset::test {

/// `most`, but `least` where nothing is optimised: there, under sanitizers, code is 20 times as
/// slow.
[[nodiscard]] constexpr std::size_t draws([[maybe_unused]] std::size_t most,
                                          [[maybe_unused]] std::size_t least) {
#ifdef __OPTIMIZE__
  return most;
#else
  return least;
#endif
}

}  // namespace upset::test
