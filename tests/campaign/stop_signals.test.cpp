// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <initializer_list>

#include <doctest/doctest.h>

#include <upset/campaign/stop_signals.hpp>

namespace upset {
namespace {

TEST_CASE("stop_signals: noted while it lives, and what was there before comes back") {
  static int counted = 0;
  const auto before = std::signal(SIGTERM, [](int) { ++counted; });
  for (const int signal : {SIGINT, SIGTERM}) {
    const StopSignals signals;
    CHECK(StopSignals::received() == 0);
    std::raise(signal);
    CHECK(StopSignals::received() == signal);
  }
  CHECK(counted == 0);
  std::raise(SIGTERM);
  CHECK(counted == 1);
  std::signal(SIGTERM, before);
}

}  // namespace
}  // namespace upset
